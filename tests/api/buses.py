"""A private dbus-daemon of a test's own, that can be paused, stopped and started again at the same place."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>{auth}</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
  </policy>
  {more}
</busconfig>
"""


class PrivateBus:
    """A dbus-daemon in a folder of its own. `more`: further lines of its configuration; `auth`: how clients are to
    introduce themselves."""

    def __init__(self, folder: Path, more: str = "", auth: str = "EXTERNAL") -> None:
        self.socket = folder / "bus"
        self._config = folder / "bus.conf"
        self._config.write_text(_CONFIG.format(socket=self.socket, more=more, auth=auth), encoding="utf-8")
        self._process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        return f"unix:path={self.socket}"

    @property
    def environment(self) -> dict[str, str]:
        """For programs that are to find this bus as both of theirs."""
        return {"DBUS_SESSION_BUS_ADDRESS": self.address, "DBUS_SYSTEM_BUS_ADDRESS": self.address}

    async def start(self) -> None:
        """It listens when this returns."""
        self._process = await asyncio.create_subprocess_exec(
            *("dbus-daemon", f"--config-file={self._config}", "--nofork", "--nopidfile", "--nosyslog"),
            "--print-address=1",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert await asyncio.wait_for(self._process.stdout.readline(), 20), "dbus-daemon did not start"

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def stop(self) -> None:
        """Killed: what it was in the middle of is not finished."""
        if self._process is not None:
            self._process.kill()
            await self._process.communicate()
            self._process = None
            self.socket.unlink(missing_ok=True)

    async def ask(self, *arguments: str) -> tuple[int, str, str]:
        """gdbus call on this bus; its exit code, what it printed, and what it complained of."""
        return await run("gdbus", "call", "--address", self.address, "--timeout", "20", *arguments)


async def run(*argv: str, environment: dict[str, str] | None = None) -> tuple[int, str, str]:
    """A program, to its end within 30 seconds."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def private_bus(folder: Path, more: str = "", auth: str = "EXTERNAL") -> AsyncIterator[PrivateBus]:
    bus = PrivateBus(folder, more, auth)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()
