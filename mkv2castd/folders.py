"""One supervised watcher per configured folder, kept in step with the configuration."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Never

from mkv2castd.config import Config, FolderConfig
from mkv2castd.reception import Reception
from mkv2castd.store import StoreError
from mkv2castd.supervise import supervise
from mkv2castd.watch.watcher import Bell, watch_folder

# A folder and the watched folders inside it: where one of these comes or goes, the outer one is watched anew too.
_Watch = tuple[FolderConfig, tuple[Path, ...]]


class Folders:
    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._wanted: tuple[FolderConfig, ...] = ()
        self._changed = asyncio.Event()
        self._running: dict[_Watch, asyncio.Task[Never]] = {}
        self._ending: list[asyncio.Task[Never]] = []
        self._bells: dict[str, Bell] = {}

    def apply(self, config: Config) -> None:
        """Takes effect at once: new folders are watched, changed ones anew, others left to themselves."""
        gone = {folder.name for folder in self._wanted} - {folder.name for folder in config.folder}
        self._wanted = config.folder
        wanted = self._watches()
        for watch in [watch for watch in self._running if watch not in wanted]:
            task = self._running.pop(watch)
            task.cancel()
            self._ending.append(task)
        for name in gone:
            self._bells.pop(name, None)
            self._reception.forget_folder(name)
        self._changed.set()

    def scan(self, name: str) -> bool:
        """Has the folder compared with what is known of it; False where it is not there."""
        bell = self._bells.get(name)
        return bell is not None and bell.ring()

    async def serve(self) -> Never:
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                # two watchers of one folder would tell of each film twice
                while self._ending:
                    await asyncio.wait([self._ending[0]])
                    self._ending.pop(0)
                for folder, inner in self._watches():
                    if (folder, inner) not in self._running:
                        bell = self._bells[folder.name] = Bell()
                        watch = partial(watch_folder, folder, inner, self._reception, bell=bell)
                        watching = supervise(f"watching {folder.name}", watch, StoreError)
                        self._running[folder, inner] = group.create_task(watching)
                await self._changed.wait()

    def _watches(self) -> list[_Watch]:
        return [(folder, self._inner(folder)) for folder in self._wanted]

    def _inner(self, folder: FolderConfig) -> tuple[Path, ...]:
        """Watched folders inside this one: their films are theirs."""
        others = (other.root for other in self._wanted if other is not folder)
        return tuple(root for root in others if root.is_relative_to(folder.root))
