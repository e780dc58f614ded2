"""One supervised watcher per configured folder, kept in step with the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Never

from mkv2castd.config import Config, FolderConfig
from mkv2castd.reception import Reception
from mkv2castd.store import StoreError
from mkv2castd.supervise import supervise
from mkv2castd.watch.watcher import watch_folder

# A folder and the watched folders inside it: where one of these comes or goes, the outer one is watched anew too.
_Watch = tuple[FolderConfig, tuple[Path, ...]]


class Folders:
    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._wanted: tuple[FolderConfig, ...] = ()
        self._changed = asyncio.Event()
        self._running: dict[_Watch, asyncio.Task[Never]] = {}

    def apply(self, config: Config) -> None:
        """Takes effect at once: new folders are watched, changed ones anew, others left to themselves."""
        self._wanted = config.folder
        self._changed.set()

    async def serve(self) -> Never:
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                wanted = [(folder, self._inner(folder)) for folder in self._wanted]
                await self._stop_all_but(wanted)
                for folder, inner in wanted:
                    if (folder, inner) not in self._running:
                        watch = partial(watch_folder, folder, inner, self._reception)
                        watching = supervise(f"watching {folder.name}", watch, StoreError)
                        self._running[folder, inner] = group.create_task(watching)
                await self._changed.wait()

    async def _stop_all_but(self, wanted: Collection[_Watch]) -> None:
        names = {folder.name for folder, _ in wanted}
        for watch in [watch for watch in self._running if watch not in wanted]:
            task = self._running.pop(watch)
            task.cancel()
            await asyncio.wait([task])
            if watch[0].name not in names:
                self._reception.forget_folder(watch[0].name)

    def _inner(self, folder: FolderConfig) -> tuple[Path, ...]:
        """Watched folders inside this one: their films are theirs."""
        others = (other.root for other in self._wanted if other is not folder)
        return tuple(root for root in others if root.is_relative_to(folder.root))
