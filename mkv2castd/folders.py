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
from mkv2castd.watch.watcher import watch_folder


class Folders:
    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._wanted: tuple[FolderConfig, ...] = ()
        self._changed = asyncio.Event()
        self._running: dict[FolderConfig, asyncio.Task[Never]] = {}

    def apply(self, config: Config) -> None:
        """Takes effect at once: new folders are watched, changed ones anew, others left to themselves."""
        self._wanted = config.folder
        self._changed.set()

    async def serve(self) -> Never:
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                await self._stop_unwanted()
                for folder in self._wanted:
                    if folder not in self._running:
                        watch = partial(watch_folder, folder, self._inner(folder), self._reception)
                        self._running[folder] = group.create_task(
                            supervise(f"watching {folder.name}", watch, StoreError)
                        )
                await self._changed.wait()

    async def _stop_unwanted(self) -> None:
        names = {folder.name for folder in self._wanted}
        for folder in [folder for folder in self._running if folder not in self._wanted]:
            task = self._running.pop(folder)
            task.cancel()
            await asyncio.wait([task])
            if folder.name not in names:
                self._reception.forget_folder(folder.name)

    def _inner(self, folder: FolderConfig) -> list[Path]:
        """Watched folders inside this one: their films are theirs."""
        return [
            other.root for other in self._wanted if other is not folder and other.root.is_relative_to(folder.root)
        ]
