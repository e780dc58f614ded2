"""mkv2castctl as a child process on a bus of the test's own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.api.buses import PrivateBus
from tests.trouble import Ended, assert_calm


def environment(private: PrivateBus | None) -> dict[str, str]:
    """The bus is the session bus; a system bus there is not."""
    given = {"DBUS_SESSION_BUS_ADDRESS": private.address} if private is not None else {}
    return {**os.environ, "PYTHONWARNINGS": "error", "TERM": "xterm", "COLUMNS": "100", **given}


@dataclass
class Ctl:
    """A command under way; what it has printed so far."""

    process: asyncio.subprocess.Process
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    async def line(self) -> str:
        """The next line on stdout."""
        assert self.process.stdout is not None
        self.out.append((await asyncio.wait_for(self.process.stdout.readline(), 30)).decode())
        return self.out[-1]

    async def message(self) -> str:
        """The next line on stderr."""
        assert self.process.stderr is not None
        self.err.append((await asyncio.wait_for(self.process.stderr.readline(), 30)).decode())
        return self.err[-1]

    async def ended(self) -> Ended:
        out, err = await asyncio.wait_for(self.process.communicate(), 60)
        assert self.process.returncode is not None
        ended = Ended(self.process.returncode, "".join(self.out) + out.decode(), "".join(self.err) + err.decode())
        assert_calm(ended.err)
        return ended


@asynccontextmanager
async def ctl_running(
    private: PrivateBus | None,
    *arguments: str | Path,
    folder: Path | None = None,
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[Ctl]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mkv2castd.ctl", *map(str, arguments)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment(private), "PYTHONPATH": str(Path(__file__).parent.parent), **(more or {})},
        cwd=folder,
    )
    try:
        yield Ctl(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ctl(
    private: PrivateBus | None,
    *arguments: str | Path,
    folder: Path | None = None,
    more: Mapping[str, str] | None = None,
) -> Ended:
    """Runs a command to its end."""
    async with ctl_running(private, *arguments, folder=folder, more=more) as running:
        return await running.ended()
