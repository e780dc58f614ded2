"""A running child: a process group of its own that dies with us, can be paused, and whose end cannot be missed.

Spawning is one synchronous call, so no cancellation can fall into it; waiting and stopping use futures and timers,
not tasks, so no cancellation of every task can leave a child behind. Call everything in the event loop's thread,
which must be the main thread: the parent-death signal belongs to the thread that forked.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from mkv2castd.encoder.limits import current
from mkv2castd.errors import ConfigError, DeviceError, ErrorCode

STOP_SECONDS = 2.0
_POLL_SECONDS = 0.05


class Child:
    """One child and its process group. `paused` tells whether it is stopped by `pause`."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self._loop = asyncio.get_running_loop()
        self._exited: asyncio.Future[int] = self._loop.create_future()
        self._on_pause: Callable[[bool], None] | None = None
        self.pid = popen.pid
        self.paused = False
        try:
            self._pidfd: int | None = os.pidfd_open(popen.pid)
        except OSError:  # Linux before 5.3, or a container that forbids it
            self._pidfd = None
            self._poll()
        else:
            self._loop.add_reader(self._pidfd, self._reap)

    @property
    def running(self) -> bool:
        return not self._exited.done()

    def pause(self) -> None:
        """Stops the whole group where it stands; harmless when it has ended."""
        if self.running and not self.paused:
            self.paused = True
            self._signal(signal.SIGSTOP)
            if self._on_pause is not None:
                self._on_pause(True)

    def resume(self) -> None:
        """Lets a paused group go on; harmless otherwise."""
        if self.running and self.paused:
            self.paused = False
            self._signal(signal.SIGCONT)
            if self._on_pause is not None:
                self._on_pause(False)

    def listen(self, on_pause: Callable[[bool], None]) -> None:
        """`on_pause` is called with True and False as the child is paused and resumed."""
        self._on_pause = on_pause

    def kill(self) -> None:
        if self.running:
            self._signal(signal.SIGKILL)

    async def exited(self) -> int:
        """Its exit code; negative: the signal that ended it. By then its whole group is dead."""
        await asyncio.wait((self._exited,))
        return self._exited.result()

    async def stop(self) -> int:
        """SIGTERM, after two seconds SIGKILL, to the whole group; returns only once the child is reaped, however
        often the caller is cancelled meanwhile (then raises CancelledError at the end)."""
        cancelled: asyncio.CancelledError | None = None
        if self.running:
            self._signal(signal.SIGTERM)
            self._signal(signal.SIGCONT)  # a stopped process does not see SIGTERM
            timer = self._loop.call_later(STOP_SECONDS, self.kill)
            while self.running:
                try:
                    await asyncio.wait((self._exited,))
                except asyncio.CancelledError as error:
                    cancelled = error
            timer.cancel()
        if cancelled is not None:
            raise cancelled
        return self._exited.result()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _poll(self) -> None:
        if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            self._loop.call_later(_POLL_SECONDS, self._poll)
        else:
            self._reap()

    def _reap(self) -> None:
        """The leader has ended. As long as it is not reaped its number cannot go to a stranger: what is left of
        the group is killed before."""
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
        self._signal(signal.SIGKILL)
        self._exited.set_result(self._popen.wait())


class Pipe:
    """A pipe whose write end goes to a child; read here without threads and without a transport to leak."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)

    @property
    def write_end(self) -> int:
        return self._write_end

    def handed_over(self) -> None:
        """The child has the write end: ours is closed, so that its end is seen here."""
        if self._write_end >= 0:
            os.close(self._write_end)
            self._write_end = -1

    def close(self) -> None:
        """Also under a reader that was cancelled and has not noticed yet."""
        self.handed_over()
        if self._read_end >= 0:
            asyncio.get_running_loop().remove_reader(self._read_end)
            os.close(self._read_end)
            self._read_end = -1

    async def read(self) -> bytes:
        """The next piece, at most 64 KiB; b"" at the end. Gives way to other tasks each time."""
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_reader(self._read_end, _wake, ready)
        try:
            await ready
        finally:
            if self._read_end >= 0:
                loop.remove_reader(self._read_end)
        return os.read(self._read_end, 65536)


def spawn(argv: Sequence[str], environment: Mapping[str, str] | None, stdout: Pipe, stderr: Pipe) -> Child:
    """Starts `argv` with `environment` added to ours, stdin closed off, killed by the kernel when we die, under the
    limits of the context.

    Raises ConfigError when the program is not installed, DeviceError when the machine cannot start it now.
    """
    require_program(argv[0])
    limits = current()
    try:
        popen = subprocess.Popen(
            [*limits.prefix, *argv],
            stdin=subprocess.DEVNULL,
            stdout=stdout.write_end,
            stderr=stderr.write_end,
            env={**os.environ, **environment} if environment is not None else None,
            process_group=0,
            pass_fds=limits.inherited,
        )
    except OSError as error:
        raise DeviceError(
            ErrorCode.FFMPEG_ERROR, f"{argv[0]} could not be started: {error.strerror}", details=" ".join(argv)
        ) from error
    limits.enclose(popen.pid)
    stdout.handed_over()
    stderr.handed_over()
    return Child(popen)


def require_program(name: str) -> None:
    """Raises ConfigError when the program is not installed."""
    if shutil.which(name) is None:
        raise ConfigError(f"{name} is not installed or not on PATH: {_remedy(name)}")


def _remedy(program: str) -> str:
    if program in ("ffmpeg", "ffprobe"):
        return "install ffmpeg (Debian: apt install ffmpeg)"
    return "install it"


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
