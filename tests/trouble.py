"""Making life hard for the daemon: an ffmpeg that misbehaves, small disks, other users; what must hold afterwards."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clips import make_clip
from tests.daemon import Daemon, command, running

CONFIG = "[queue]\nmin_free_gib = 0\n"
# What a log may never hold: an error that nobody foresaw, or a part of the daemon that had to be started again.
_FORBIDDEN = ("Traceback", "started again in", "never retrieved", "Exception in callback", "Exception ignored")
_MNT_DETACH = 2


@asynccontextmanager
async def calm(
    *folders: Path,
    state: Path,
    config: str = CONFIG,
    environment: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> AsyncIterator[Daemon]:
    """The daemon; at the end its log must be free of what nobody foresaw and the folders of litter."""
    strict = {"PYTHONWARNINGS": "error", **(environment or {})}
    async with running(*folders, state=state, config=config, environment=strict, before=before) as daemon:
        yield daemon
        if daemon.process.returncode is None:
            assert await daemon.stop() == 0
    assert_calm("".join(daemon.said))
    for folder in folders:
        assert litter(folder) == []


def assert_calm(said: str) -> None:
    for words in _FORBIDDEN:
        assert words not in said, said


def litter(folder: Path) -> list[str]:
    """Temporaries and trash folders that hold nothing."""
    found = []
    for place, folders, names in os.walk(folder):
        found += [name for name in names if name.startswith(".mkv2castd-")]
        if ".mkv2castd-trash" in Path(place).parts and not folders and not names:
            found.append(place)
    return found


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


async def ends(*arguments: str | Path, environment: Mapping[str, str] | None = None, timeout: float = 40) -> Ended:
    """Runs a command of mkv2castd to its end."""
    process = await asyncio.create_subprocess_exec(
        *command(*arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "error", **(environment or {})},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    ended = Ended(process.returncode, out.decode(), err.decode())
    assert_calm(ended.err)
    return ended


def slow_film(path: Path, seconds: int = 60) -> Path:
    """A film of which ten seconds take about two to encode."""
    return make_clip(path, video="mpeg2", audio=("ac3",), seconds=seconds, size="640x360")


def fake(folder: Path, script: str, program: str = "ffmpeg") -> dict[str, str]:
    """The environment in which `program` does `script` (sh) instead of a conversion, and all else as usual. A script
    that falls through converts after all. $real is the real program, $target the output's path."""
    folder.mkdir(exist_ok=True)
    real = shutil.which(program)
    file = folder / program
    conversion = "*' -progress '*" if program == "ffmpeg" else "*"
    file.write_text(
        f'#!/bin/sh\nreal={real}\nfor last; do :; done\ntarget="${{last#file:}}"\n'
        f'case " $* " in {conversion})\n{script}\n;;\nesac\nexec $real "$@"\n'
    )
    file.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Path]:
    """A file system of that size at `path`; the test is skipped where none can be mounted."""
    path.mkdir(exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(path)], capture_output=True
    )
    if made.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {made.stderr.decode().strip()}")
    try:
        yield path
    finally:
        ctypes.CDLL(None).umount2(os.fsencode(path), _MNT_DETACH)


def fill(file: Path) -> None:
    """Writes the file until its disk is full."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(descriptor, bytes(4096))
    os.close(descriptor)


def as_nobody(*folders: Path) -> list[str]:
    """What to put before a command so that permissions count. The folders are handed to that user, with all that is
    in them."""
    if os.getuid() != 0:
        return []
    for folder in folders:
        for place in (folder, *folder.rglob("*")):
            os.chown(place, 65534, 65534)
        for place in folder.parents:
            if place.stat().st_uid == 0 and place.is_relative_to("/tmp"):  # pytest's own folders are closed
                place.chmod(place.stat().st_mode | 0o055)
    before = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    if (
        subprocess.run([*before, sys.executable, "-c", "import mkv2castd.daemon"], capture_output=True).returncode
        != 0
    ):
        pytest.skip("the checkout or its environment lies in a folder that other users may not enter")
    return before


def children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def state_of(pid: int) -> str:
    """The letter of ps: R, S, T …; "gone" when there is no such process or only its remains."""
    try:
        letter = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    return "gone" if letter in "ZX" else letter


async def soon(holds: Callable[[], Any], timeout: float = 25) -> Any:
    """Waits for something that nobody tells: looked at 50 times a second."""
    async with asyncio.timeout(timeout):
        while not (found := holds()):
            await asyncio.sleep(0.02)
    return found


def ffmpegs(daemon: Daemon) -> list[int]:
    """The conversions that are under way."""
    return [pid for pid in children(daemon.pid) if b"-progress" in _argv(pid)]


def _argv(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def encoding(daemon: Daemon, name: str, percent: float = 1) -> dict[str, Any]:
    """The film's job once so much of it is done."""
    async with daemon.listening() as listener:
        told = await listener.until(
            lambda told: (
                told["type"] == "job_update" and told["job"]["filename"] == name and told["job"]["progress"] > percent
            )
        )
    job: dict[str, Any] = told["job"]
    return job
