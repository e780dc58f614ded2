"""A small stand-in for `control`: remembers what a watcher tells, and lets a test wait for it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mkv2castd.config import FolderConfig
from mkv2castd.model import FolderState, FolderStatus, Identity, Sighting
from mkv2castd.watch.watcher import Timing, watch_folder

QUICK = Timing(root=0.2, offline=0.1, hang=5, heal=1, quiet=0.2)


class Recorder:
    """What a control would know: `taken` films are complete, `pending` ones are not; `told` counts complete
    sightings of one identity."""

    def __init__(self) -> None:
        self.taken: dict[bytes, tuple[int, int, int, int]] = {}
        self.pending: set[Path] = set()
        self.gone: list[Path] = []
        self.sightings: list[Sighting] = []
        self.moments: dict[Path, float] = {}
        self.statuses: list[FolderStatus] = []
        self.comparisons = 0
        self._changed = asyncio.Event()

    async def known(self, folder: str) -> dict[bytes, tuple[int, int, int, int]]:
        self.comparisons += 1
        return dict(self.taken)

    async def sight(self, folder: str, sightings: Sequence[Sighting]) -> None:
        assert 0 < len(sightings) <= 500
        for seen in sightings:
            self.sightings.append(seen)
            if seen.complete:
                i = seen.identity
                self.taken[os.fsencode(seen.path)] = (i.device, i.inode, i.size, i.mtime_ns)
                self.pending.discard(seen.path)
                self.moments.setdefault(seen.path, time.monotonic())
            else:
                self.pending.add(seen.path)
        self._changed.set()

    async def vanished(self, folder: str, paths: Sequence[Path]) -> None:
        assert 0 < len(paths) <= 500
        for path in paths:
            self.gone.append(path)
            self.taken.pop(os.fsencode(path), None)
            self.pending.discard(path)
        self._changed.set()

    def folder_changed(self, status: FolderStatus) -> None:
        self.statuses.append(status)
        self._changed.set()

    @property
    def status(self) -> FolderStatus | None:
        return self.statuses[-1] if self.statuses else None

    def has(self, *paths: Path) -> bool:
        return all(os.fsencode(path) in self.taken for path in paths)

    def identities(self, path: Path) -> list[Identity]:
        """Different identities under which `path` was told complete, in order."""
        return list(dict.fromkeys(seen.identity for seen in self.sightings if seen.complete and seen.path == path))

    async def until(self, condition: Callable[[], Any], seconds: float = 25) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            last = [(seen.path.name, seen.complete) for seen in self.sightings[-5:]]
            raise AssertionError(f"not in {seconds} s: {len(self.taken)} taken, {last}, {self.status}") from None

    async def online(self, seconds: float = 25) -> None:
        await self.until(lambda: self.status and self.status.state is FolderState.ONLINE, seconds)


@asynccontextmanager
async def watching(
    root: Path,
    recorder: Recorder,
    *,
    inner: Sequence[Path] = (),
    timing: Timing = QUICK,
    wait: bool = True,
    **keys: Any,
):
    """A running watcher of `root`; `keys` are configuration keys."""
    folder = FolderConfig(path=str(root), name="films", **keys)
    task = asyncio.create_task(watch_folder(folder, inner, recorder, timing))
    recorder_online = asyncio.create_task(recorder.online()) if wait else None
    try:
        if recorder_online is not None:
            await asyncio.wait((task, recorder_online), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                await task
            await recorder_online
        yield recorder
        if task.done():
            await task
    finally:
        task.cancel()
        if recorder_online is not None:
            recorder_online.cancel()
        await asyncio.wait((task,))


def write(path: Path, content: bytes = b"film") -> Path:
    """A file that appears by one rename, complete."""
    fresh = path.with_name(f".{path.name}.fresh") if len(os.fsencode(path.name)) < 200 else path.parent / ".fresh"
    fresh.write_bytes(content)
    return fresh.rename(path)
