"""Runs a child to its end: lines of stdout, tail and log of stderr, stall watch, pause, a stop that cannot leak.

Cancelling the caller stops the child's whole process group (SIGTERM, two seconds, SIGKILL) and waits for its end,
however often it is cancelled again meanwhile.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mkv2castd.encoder.child import Child, Pipe, spawn
from mkv2castd.encoder.joblog import JobLog, Tail
from mkv2castd.encoder.orphans import MARKER, kill_orphans, marked
from mkv2castd.errors import DeviceError, ErrorCode

__all__ = ["MARKER", "Captured", "Child", "Ended", "capture", "kill_orphans", "marked", "run"]

LINE_BYTES = 64 * 1024
CAPTURE_BYTES = 16 * 1024 * 1024
# How long output may still come after the child's end: only a grandchild that left the group can hold the pipe.
_DRAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Ended:
    """exit_code: negative for the signal that ended it. stderr_tail: the last 32 KiB at most."""

    exit_code: int
    stderr_tail: str


@dataclass(frozen=True, slots=True)
class Captured:
    """As Ended, with all of stdout."""

    exit_code: int
    stdout: bytes
    stderr_tail: str


async def run(
    argv: Sequence[str],
    *,
    on_line: Callable[[str], bool] | None = None,
    log: Path | None = None,
    stall_seconds: float | None = None,
    on_start: Callable[[Child], None] | None = None,
    environment: Mapping[str, str] | None = None,
    on_complaint: Callable[[str], None] | None = None,
) -> Ended:
    """Runs `argv` and returns how it ended; any exit code is a normal end.

    on_line: gets each line of stdout (cut at 64 KiB), tells whether the work has advanced. log: the command and
    stderr are appended to it, at most 1 MiB a job. stall_seconds: without an advance for so long, time paused not
    counted, the child is killed and DeviceError (stalled) raised. environment is added to our own. on_complaint: gets
    each line of stderr.
    Raises ConfigError when the program is missing; what on_line or on_start raise stops the child.
    """
    lines, complaints = LineSplitter(), LineSplitter()
    tail = Tail()
    writer = JobLog(log, argv)
    stall = _StallWatch(stall_seconds)

    def on_stdout(data: bytes) -> None:
        for line in lines.feed(data):
            if on_line is not None and on_line(line):
                stall.advanced()

    def on_stderr(data: bytes) -> None:
        tail.add(data)
        writer.add(data)
        if on_complaint is not None:
            for line in complaints.feed(data):
                on_complaint(line)

    ending = "did not run to its end"
    try:
        exit_code = await _execute(argv, environment, on_stdout, on_stderr, stall, on_start)
        if stall.expired:
            ending = "killed: no progress"
        else:
            ending = f"ended with exit code {exit_code}"
            for line in lines.rest():
                if on_line is not None:
                    on_line(line)
    finally:
        writer.close(tail, ending)
    if stall.expired:
        message = (
            f"{argv[0]} made no progress for {stall_seconds:g} s and was stopped: "
            "if the storage is that slow, raise stall_seconds in [queue]"
        )
        raise DeviceError(ErrorCode.STALLED, message, details=_details(argv, tail), exit_code=exit_code)
    return Ended(exit_code, tail.text())


async def capture(
    argv: Sequence[str],
    *,
    timeout: float,  # noqa: ASYNC109  the message names the program and the time; asyncio.timeout could not
    limit: int = CAPTURE_BYTES,
    environment: Mapping[str, str] | None = None,
) -> Captured:
    """Runs `argv` and returns its whole stdout; any exit code is a normal end.

    Raises DeviceError: stalled after `timeout` seconds, ffmpeg_error when stdout exceeds `limit` bytes;
    ConfigError when the program is missing.
    """
    output = bytearray()
    tail = Tail()
    stall = _StallWatch(timeout)

    def on_stdout(data: bytes) -> None:
        output.extend(data)
        if len(output) > limit:
            raise DeviceError(
                ErrorCode.FFMPEG_ERROR, f"{argv[0]} wrote more than {limit} bytes", details=_details(argv, tail)
            )

    exit_code = await _execute(argv, environment, on_stdout, tail.add, stall, None)
    if stall.expired:
        message = f"{argv[0]} did not end within {timeout:g} s and was stopped: is the storage reachable?"
        raise DeviceError(ErrorCode.STALLED, message, details=_details(argv, tail), exit_code=exit_code)
    return Captured(exit_code, bytes(output), tail.text())


async def _execute(
    argv: Sequence[str],
    environment: Mapping[str, str] | None,
    on_stdout: Callable[[bytes], None],
    on_stderr: Callable[[bytes], None],
    stall: _StallWatch,
    on_start: Callable[[Child], None] | None,
) -> int:
    stdout, stderr = Pipe(), Pipe()
    try:
        child = spawn(argv, environment, stdout, stderr)
        try:
            stall.watch(child)
            if on_start is not None:
                on_start(child)
            return await _follow(child, (stdout, on_stdout), (stderr, on_stderr))
        finally:
            stall.end()
            await child.stop()
    finally:
        stdout.close()
        stderr.close()


async def _follow(child: Child, *streams: tuple[Pipe, Callable[[bytes], None]]) -> int:
    """Reads both streams until the child has ended; raises what a reader raises."""
    readers = [asyncio.ensure_future(_read(pipe, sink)) for pipe, sink in streams]
    exited = asyncio.ensure_future(child.exited())
    try:
        pending: set[asyncio.Future[None] | asyncio.Future[int]] = {*readers, exited}
        while not exited.done():
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for reader in done:
                reader.result()
        await asyncio.wait(readers, timeout=_DRAIN_SECONDS)
        for reader in readers:
            if reader.done():
                reader.result()
        return exited.result()
    finally:
        for task in (*readers, exited):
            task.cancel()
        # Without it a reader that ended in the same moment would warn that nobody took its fault.
        await asyncio.gather(*readers, exited, return_exceptions=True)


async def _read(pipe: Pipe, sink: Callable[[bytes], None]) -> None:
    while data := await pipe.read():
        sink(data)


class LineSplitter:
    """Bytes → lines without their end; a line longer than LINE_BYTES is cut, so no output can fill the memory."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[str]:
        *whole, rest = data.split(b"\n")
        lines = []
        for piece in whole:
            self._hold(piece)
            lines.append(self._take())
        self._hold(rest)
        return lines

    def rest(self) -> list[str]:
        """The last line, when the output did not end with a line feed."""
        return [self._take()] if self._held else []

    def _hold(self, piece: bytes) -> None:
        self._held += piece[: LINE_BYTES - len(self._held)]

    def _take(self) -> str:
        line = self._held.rstrip(b"\r").decode("utf-8", "replace")
        self._held.clear()
        return line


class _StallWatch:
    """Kills a child that has not advanced for `seconds`, time paused not counted; None: never."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._child: Child | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._idle = 0.0  # un-paused seconds without an advance before _since
        self._since = 0.0
        self.expired = False

    def watch(self, child: Child) -> None:
        self._child = child
        child.listen(self._paused)
        self.advanced()
        self._arm()

    def advanced(self) -> None:
        self._idle = 0.0
        self._since = self._loop.time()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _paused(self, paused: bool) -> None:
        now = self._loop.time()
        if paused:
            self._idle += now - self._since
            self.end()
        else:
            self._since = now
            self._arm()

    def _arm(self) -> None:
        if self._seconds is not None:
            self._timer = self._loop.call_at(self._since + self._seconds - self._idle, self._check)

    def _check(self) -> None:
        """The timer is not moved with every line: it looks whether there was an advance since, and sleeps on."""
        assert self._seconds is not None
        assert self._child is not None
        if self._since + self._seconds - self._idle > self._loop.time():
            self._arm()
        else:
            self.expired = self._child.running
            self._child.kill()


def _details(argv: Sequence[str], tail: Tail) -> str:
    return f"{shlex.join(argv)}\n{tail.text()}"
