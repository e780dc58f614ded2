"""Watch one folder for as long as its root stays the same folder.

One task does everything in turn: it sleeps until watchfiles has a hint or something is due (a film to look at
again, a comparison, a check of the root), does that, and sleeps again. Events are hints only; what finds films for
certain is the comparison of the tree: at the start, after every restart of the watch, when the kernel's queue may
have overflowed, when a folder went away, and every `rescan_minutes`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from watchfiles import Change

from mkv2castd.config import FolderConfig
from mkv2castd.model import FolderState, printable
from mkv2castd.watch.catch import Catch
from mkv2castd.watch.coverage import Coverage
from mkv2castd.watch.hints import Batch, Hints, Refused
from mkv2castd.watch.intake import Intake, Known
from mkv2castd.watch.root import RootLost, root_identity
from mkv2castd.watch.rules import Rules
from mkv2castd.watch.scan import Walk, missing
from mkv2castd.watch.sieve import Sieve
from mkv2castd.watch.timing import Timing
from mkv2castd.watch.worker import Worker

Tell = Callable[[FolderState, str | None, str | None], None]


class Session:
    """From a root that is there until it is not. `inner`: watched folders below this one, not entered. `remote`:
    on a file system where neither inotify nor leases nor inode numbers can be trusted."""

    def __init__(
        self,
        folder: FolderConfig,
        inner: Sequence[Path],
        intake: Intake,
        worker: Worker,
        timing: Timing,
        remote: bool,
        tell: Tell,
    ) -> None:
        self._folder = folder
        self._intake = intake
        self._worker = worker
        self._timing = timing
        self._remote = remote
        self._tell = tell
        self._root = os.fsencode(folder.path)
        self._inner = frozenset(os.fsencode(path) for path in inner)
        self._rules = Rules.of(folder.include, folder.exclude)
        self._sieve = Sieve(folder.root, self._rules, inner)
        self._catch = Catch(folder.name, folder.settle_seconds, intake, worker, not remote, self._check_root)
        self._coverage = Coverage(folder.poll_seconds)
        self._hints: Hints | None = None
        self._hinted = folder.watch == "inotify" or (folder.watch == "auto" and not remote)
        self._changes: set[tuple[Change, str]] = set()
        self._woken = asyncio.Event()
        self._broken = False
        self._identity = (0, 0)
        self._root_checked = 0.0
        self._root_due = 0.0
        self._compare_due: float | None = None
        self._compare_cost = 0.0
        self._watch_made = 0.0
        self._made_in_vain = False
        self._away: str | None = None

    async def run(self) -> None:
        """Until cancelled, or RootLost or Hung is raised."""
        self._identity = await self._worker.call(root_identity, self._folder.root)
        try:
            # Before the watch is made: that reads all folders with the whole process standing still, and is quick
            # only once the kernel has them in its caches.
            await self._compare()
            if self._hinted:
                await self._watch()
            self._report()
            while True:
                await self._sleep()
                await self._turn()
        finally:
            self._close_hints()

    async def _sleep(self) -> None:
        dues = (self._root_due, self._compare_due, self._catch.due, self._coverage.due, self._heal_due())
        pause = min(due for due in dues if due is not None) - time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, pause)):
                await self._woken.wait()

    async def _turn(self) -> None:
        if self._woken.is_set():
            # an unmounted root rings too, without a word
            self._root_due = min(self._root_due, self._root_checked + self._timing.quiet)
        await self._attend()
        now = time.monotonic()
        if now >= self._root_due:
            await self._check_root()
        heal = self._heal_due()
        if heal is not None and now >= heal:
            await self._watch()
        elif self._compare_due is not None and now >= self._compare_due:
            await self._compare()
        if self._coverage.due is not None and now >= self._coverage.due:
            await self._confirm()
        self._report()

    async def _check_root(self) -> None:
        self._root_checked = time.monotonic()
        self._root_due = self._root_checked + self._timing.root
        if await self._worker.call(root_identity, self._folder.root) != self._identity:
            raise RootLost(f"{printable(self._folder.path)} is another folder now: it was mounted or made anew")

    # Hints

    async def _watch(self) -> None:
        """Makes the watch (anew), then compares, since nobody watched in between."""
        self._close_hints()
        self._made_in_vain = not self._coverage.whole
        self._watch_made = time.monotonic()
        self._hints = hints = Hints(self._folder.root, self._folder.recursive, self._arrived)
        try:
            async with asyncio.timeout(2 * self._timing.hang):
                await hints.open()
            self._coverage.refused = None
        except (Refused, TimeoutError) as error:
            self._close_hints()
            await self._check_root()
            self._coverage.refused = str(error) if isinstance(error, Refused) else "inotify did not answer in time"
        await self._compare()

    def _close_hints(self) -> None:
        hints, self._hints = self._hints, None
        self._broken = False
        if hints is not None:
            hints.close()

    def _heal_due(self) -> float | None:
        """When the watch is made anew: at once when it broke, but not on and on while somebody writes a file whose
        name breaks it; later when it leaves something out."""
        if self._broken:
            return self._watch_made + self._pause()
        if not self._hinted or self._coverage.whole:
            return None
        return self._watch_made + (self._timing.heal if self._made_in_vain else self._pause())

    def _arrived(self, hints: Hints, batch: Batch | None) -> None:
        if hints is not self._hints:
            return
        self._woken.set()
        if batch is None:
            self._broken = True
            return
        self._changes |= batch.changes
        if batch.crowded or len(self._changes) > self._timing.limit:
            self._compare_soon()
        if len(self._changes) > self._timing.limit:
            self._changes.clear()

    async def _attend(self) -> None:
        """Follows the hints that have come and looks at the films whose time it is."""
        self._woken.clear()
        if self._changes:
            changes, self._changes = self._changes, set()
            found = await self._worker.call(self._sieve.sort, changes)
            if found.root:
                await self._check_root()
            await self._catch.look(found.films, found.in_place)
            if self._folder.recursive:
                await self._enter(found.folders)
            await self._catch.vanish(found.gone)
            if self._coverage.gone(found.lost):
                self._compare_soon()
            self._broken = self._broken or found.astray or (bool(found.lost) and await self._is_deaf())
        await self._catch.look_again()

    async def _enter(self, folders: Iterable[bytes]) -> None:
        """Scans folders that have appeared. They are scanned again once they are certainly watched: what came
        into them before was told by nobody."""
        for start in folders:
            walk = self._walk({}, start)
            await self._catch.follow(walk)
            self._coverage.entered(walk.folders, walk.unreadable, time.monotonic(), hinted=self._hints is not None)

    async def _is_deaf(self) -> bool:
        """Has the watch lost a folder that is there? It does when a symbolic link to one is removed."""
        watched = await self._worker.call(self._hints.watched) if self._hints is not None else None
        silent = self._coverage.silent(watched) if watched is not None else []
        return bool(silent) and await self._worker.call(lambda: any(map(os.path.lexists, silent)))

    async def _confirm(self) -> None:
        hints = self._hints
        watched = await self._worker.call(hints.watched) if hints is not None else None
        sure, doubtful = self._coverage.confirm(watched, time.monotonic())
        for start in sure:
            walk = self._walk({}, start)
            await self._catch.follow(walk)
            fresh = self._coverage.unknown(walk.folders)
            self._coverage.entered(fresh, walk.unreadable, time.monotonic(), hinted=hints is not None)
        for start in doubtful:
            walk = self._walk({}, start)
            await self._catch.follow(walk)
            if walk.folders:
                self._coverage.left_out(start)
        if doubtful:
            self._plan()

    # Comparing

    def _walk(self, known: dict[bytes, Known], start: bytes | None = None) -> Walk:
        recursive = self._folder.recursive
        return Walk(
            self._root,
            self._rules,
            known,
            start=start,
            inner=self._inner,
            recursive=recursive,
            inodes_last=not self._remote,
        )

    async def _compare(self) -> None:
        began = time.monotonic()
        self._compare_due = None
        await self._check_root()
        known = dict(await self._intake.known(self._folder.name))
        before = len(known)
        walk = self._walk(known)
        try:
            await self._catch.follow(walk, self._attend)
            gone = await self._worker.call(missing, self._root, list(known.items()))
        except OSError as error:
            raise RootLost(f"{printable(self._folder.path)} cannot be read: {error.strerror}") from error
        await self._catch.vanish(gone)
        self._away = self._seems_unmounted(walk, known, before)
        watched = await self._worker.call(self._hints.watched) if self._hints is not None else None
        now = time.monotonic()
        self._coverage.compared(walk.folders, walk.unreadable, watched, now)
        self._compare_cost = now - began
        self._plan()

    def _seems_unmounted(self, walk: Walk, absent: dict[bytes, Known], before: int) -> str | None:
        elsewhere = all(known[0] != self._identity[0] for known in absent.values())
        if before == 0 or walk.entries > 0 or not elsewhere:
            return None
        return (
            f"{printable(self._folder.path)} is empty, but {before} films were in it on another file system: is it "
            "mounted? They are not forgotten"
        )

    def _polled(self) -> bool:
        return not self._hinted or not self._coverage.whole

    def _plan(self) -> None:
        """When the tree is compared next, unless that is planned already."""
        pauses = [self._folder.poll_seconds] if self._polled() else []
        if self._folder.rescan_minutes > 0:
            pauses.append(self._folder.rescan_minutes * 60)
        if pauses:
            self._compare_by(time.monotonic() + min(pauses))

    def compare_now(self) -> None:
        """Somebody asks for it."""
        self._compare_by(time.monotonic())
        self._woken.set()

    def _compare_soon(self) -> None:
        self._compare_by(time.monotonic() + self._pause())

    def _pause(self) -> float:
        """So that comparing takes no more than a twentieth of the time."""
        return max(self._timing.quiet, 20 * self._compare_cost)

    def _compare_by(self, due: float) -> None:
        self._compare_due = due if self._compare_due is None else min(self._compare_due, due)

    def _report(self) -> None:
        state = FolderState.ONLINE if self._away is None else FolderState.OFFLINE
        problem = self._away if self._away is not None else self._coverage.problem
        self._tell(state, "poll" if self._polled() else "inotify", problem)
