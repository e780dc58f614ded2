"""watchfiles, made to cost nothing while nothing happens and to say more often that it knows nothing.

watchfiles looks for changes by sleeping and looking: steps of 5 ms cost 1.6 % of a core for every folder, for ever.
Here its public `watch()` is only asked once the kernel has said that there is something: the inotify descriptor
that watchfiles has opened is told to signal the thread of this folder (F_SETOWN_EX), which waits for that signal.
That takes 5 ms from a rename to the answer and no CPU in between. Where the descriptor cannot be found (no /proc),
the thread asks every 50 ms instead.

The signal is SIGURG: ignored by default, so that it can never end the process, blocked in this thread only, and
pending once however many changes come.
"""

from __future__ import annotations

import array
import asyncio
import fcntl
import os
import re
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, watch

_F_SETOWN_EX = 15  # <fcntl.h>; Python has no name for it
_F_OWNER_TID = 0
_STEP_MS = 2
_PATIENCE_MS = 10  # asked after a signal, it may not have taken the change in yet
_GATHER_MS = 50
# After a signal watchfiles may need a moment to take the change in: it is asked again, so late, with no new signal.
_ECHOES = (0.05, 0.5)
_IDLE = 60.0
_WITHOUT_SIGNAL = 0.05
_WRITING_PAUSE = 0.03
_EVENT_BYTES = 16  # at least, in the kernel's queue (inotify(7))
_FIRST_WATCH = re.compile(rb"inotify wd:1 ino:([0-9a-f]+) ")
_WATCH = re.compile(rb"inotify wd:[0-9a-f]+ ino:([0-9a-f]+) ")


class Refused(Exception):
    """inotify cannot watch this folder; the message says why and what mends it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes as watchfiles told them; none when it only knows that something happened. `crowded`: the kernel's
    queue was so full that some may have been lost."""

    changes: frozenset[tuple[Change, str]]
    crowded: bool


class Hints:
    """One watch of one tree, in one thread. `arrived` is called in the event loop; without a batch when the watch has
    ended by itself (a name that is not UTF-8 does that) and must be made again."""

    def __init__(self, root: Path, recursive: bool, arrived: Callable[[Hints, Batch | None], None]) -> None:
        self._root = root
        self._recursive = recursive
        self._arrived = arrived
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._lock = threading.Lock()
        self._stopping = False
        self._ended = False
        self._descriptor: int | None = None
        self._thread = threading.Thread(target=self._run, name=f"changes below {root.name}", daemon=True)

    async def open(self) -> None:
        """Returns once every folder is watched. Raises Refused."""
        self._thread.start()
        await self._opened

    def close(self) -> None:
        """Ends the thread soon, without waiting for it."""
        with self._lock:
            self._stopping = True
            if not self._ended and self._thread.ident is not None:
                signal.pthread_kill(self._thread.ident, signal.SIGURG)

    def watched(self) -> frozenset[int] | None:
        """The inodes of the folders that the kernel really watches for us; None when that cannot be known.
        Blocking: 5 ms for 1,000 folders."""
        if self._descriptor is None or self._ended:
            return None
        try:
            raw = Path(f"/proc/self/fdinfo/{self._descriptor}").read_bytes()
            inodes = frozenset(int(found, 16) for found in _WATCH.findall(raw))
            # Some file systems show other inode numbers here than stat() does
            return inodes if os.stat(self._root).st_ino in inodes else None
        except OSError:
            return None

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGURG})
        before = _inotify_descriptors()
        changes = self._watch()
        why: Exception = RuntimeError("its thread has ended")
        try:
            next(changes)
            self._descriptor = _arm(before, os.stat(self._root).st_ino)
            self._tell(self._open_done, None)
            self._listen(changes)
        except (OSError, RuntimeError, UnicodeError) as error:
            why = error
        finally:
            with self._lock:
                self._ended = True
            changes.close()
            if not self._stopping:
                self._tell(self._open_done, why)

    def _watch(self) -> Generator[set[tuple[Change, str]], None, None]:
        return watch(
            self._root,
            watch_filter=None,
            debounce=_GATHER_MS,
            step=_STEP_MS,
            rust_timeout=_PATIENCE_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=False,
            recursive=self._recursive,
            ignore_permission_denied=True,
        )

    def _listen(self, changes: Generator[set[tuple[Change, str]], None, None]) -> None:
        idle = _IDLE if self._descriptor is not None else _WITHOUT_SIGNAL
        limit = _queue_limit()
        echoes = iter(_ECHOES)
        while True:
            rung = signal.sigtimedwait({signal.SIGURG}, next(echoes, idle))
            if self._stopping:
                return
            crowded = _queued(self._descriptor) * 4 >= limit
            batch = frozenset(next(changes))
            if rung is not None or batch:
                echoes = iter(_ECHOES)
                crowded = crowded or len(batch) * 8 >= limit
                self._tell(self._arrived, self, Batch(batch, crowded))
            if batch and all(change is Change.modified for change, _ in batch):
                # somebody is writing, and will ring again at once: nothing is urgent about the next portion
                time.sleep(_WRITING_PAUSE)

    def _open_done(self, error: Exception | None) -> None:
        if self._opened.done():
            if error is not None and not self._opened.cancelled():
                self._arrived(self, None)
        elif error is None:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(Refused(_explain(error)))

    def _tell(self, function: Callable[..., None], *arguments: object) -> None:
        # a closed loop has nobody left to tell
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)


def _explain(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "its path is not UTF-8, which inotify's library cannot take: give it another name"
    text = str(error)
    if "os error 24" in text or "Too many open files" in text:
        return (
            "no further inotify instance can be had: raise the limit with "
            "`sysctl fs.inotify.max_user_instances=1024` (to keep it: a file in /etc/sysctl.d)"
        )
    if "os error 28" in text or "limit" in text.lower():
        return LIMIT_REACHED
    return f"inotify cannot watch it: {text}"


LIMIT_REACHED = (
    "not every folder in it can be watched, the limit of inotify watches is reached: raise it with "
    "`sysctl fs.inotify.max_user_watches=1048576` (to keep it: a file in /etc/sysctl.d)"
)


def _inotify_descriptors() -> frozenset[int]:
    found = set()
    with suppress(OSError):
        for number in os.listdir("/proc/self/fd"):
            with suppress(OSError):
                if os.readlink(f"/proc/self/fd/{number}") == "anon_inode:inotify":
                    found.add(int(number))
    return frozenset(found)


def _arm(before: frozenset[int], root_inode: int) -> int | None:
    """Finds the descriptor that watchfiles has just opened, by what it watches first, and has it signal this
    thread."""
    fresh = _inotify_descriptors() - before
    ours = {descriptor for descriptor in fresh if _first_watched(descriptor) == root_inode}
    candidates = ours if ours else fresh
    if len(candidates) != 1:
        return None
    (descriptor,) = candidates
    try:
        owner = struct.pack("ii", _F_OWNER_TID, threading.get_native_id())
        fcntl.fcntl(descriptor, _F_SETOWN_EX, owner)
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
    except OSError:
        return None
    return descriptor


def _first_watched(descriptor: int) -> int | None:
    with suppress(OSError):
        found = _FIRST_WATCH.search(Path(f"/proc/self/fdinfo/{descriptor}").read_bytes())
        return int(found[1], 16) if found else None
    return None


def _queued(descriptor: int | None) -> int:
    """How many events wait in the kernel's queue, at most."""
    if descriptor is None:
        return 0
    size = array.array("i", [0])
    with suppress(OSError):
        fcntl.ioctl(descriptor, termios.FIONREAD, size)
    return size[0] // _EVENT_BYTES


def _queue_limit() -> int:
    try:
        return int(Path("/proc/sys/fs/inotify/max_queued_events").read_bytes())
    except (OSError, ValueError):
        return 16384
