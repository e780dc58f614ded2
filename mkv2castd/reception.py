"""Where the watchers tell what they see."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mkv2castd.arrivals import Arrivals
from mkv2castd.config import FolderConfig
from mkv2castd.encoder.effects import Effects
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.events import Event, FolderChanged, FolderRemoved
from mkv2castd.ledger import Ledger
from mkv2castd.model import FolderState, FolderStatus, Sighting
from mkv2castd.queries import FolderFacts

_log = logging.getLogger(__name__)


class Reception:
    """Turns sightings into jobs, and folders' states into what the lanes may take."""

    def __init__(self, workshop: Workshop, publish: Callable[[Event], None]) -> None:
        self._workshop = workshop
        self._publish = publish
        self.folders: dict[str, FolderStatus] = {}
        self._census: dict[str, tuple[int, int]] = {}

    async def known(self, folder: str) -> dict[bytes, tuple[int, int, int, int]]:
        """Path → (device, inode, size, mtime in ns) of the folder's files that need no further look."""
        known, census = await self._workshop.store.read(lambda ledger: (ledger.known(folder), ledger.census(folder)))
        self._counted(folder, census)
        return known

    async def sight(self, folder: str, sightings: Sequence[Sighting]) -> None:
        """Films that were seen; telling the same again is harmless. Durable when it returns."""
        effects = Effects()

        def arrive(ledger: Ledger) -> tuple[int, int]:
            arrivals = self._arrivals(ledger, folder, effects)
            for seen in sightings:
                arrivals.sight(seen)
            return ledger.census(folder)

        census = await self._workshop.store.write(arrive)
        self._workshop.apply(effects)
        self._counted(folder, census)

    async def vanished(self, folder: str, paths: Sequence[Path]) -> None:
        """Files that were known and are not there any more."""
        effects = Effects()

        def vanish(ledger: Ledger) -> tuple[int, int]:
            arrivals = self._arrivals(ledger, folder, effects)
            for path in paths:
                arrivals.vanish(path)
            return ledger.census(folder)

        census = await self._workshop.store.write(vanish)
        self._workshop.apply(effects)
        self._counted(folder, census)

    def folder_changed(self, status: FolderStatus) -> None:
        """An offline folder's jobs are kept and wait."""
        if self.folders.get(status.name) == status:
            return
        before = self.folders.get(status.name)
        self.folders[status.name] = status
        if status.problem is not None and (before is None or before.problem != status.problem):
            _log.warning("%s: %s", status.name, status.problem, extra={"folder": status.name})
        if status.state is FolderState.OFFLINE:
            self._workshop.gate.block(status.name)
        else:
            self._workshop.gate.unblock(status.name)
        self._publish(FolderChanged(status))

    def forget_folder(self, name: str) -> None:
        """It has left the configuration: its jobs are kept and wait."""
        self.folders.pop(name, None)
        self._census.pop(name, None)
        self._workshop.gate.block(name)
        self._publish(FolderRemoved(name))

    def facts(self, folder: FolderConfig) -> FolderFacts:
        """What is known of a configured folder, also before its watcher has said anything."""
        status = self.folders.get(folder.name)
        if status is None:
            status = FolderStatus(folder.name, folder.root, FolderState.STARTING)
        files, pending = self._census.get(folder.name, (0, 0))
        return FolderFacts(
            name=folder.name,
            path=folder.root,
            output=folder.output_root,
            profile=folder.profile,
            state=status.state.value,
            problem=status.problem,
            watching=status.watching if status.watching is not None else "none",
            files=files,
            pending=pending,
        )

    def _counted(self, folder: str, census: tuple[int, int]) -> None:
        before, self._census[folder] = self._census.get(folder), census
        if census != before and (status := self.folders.get(folder)) is not None:
            self._publish(FolderChanged(status))

    def _arrivals(self, ledger: Ledger, folder: str, effects: Effects) -> Arrivals:
        config = self._workshop.config.require(folder)
        return Arrivals(ledger, config, time.time(), os.path.lexists, self._same_result, effects)

    def _same_result(self, one: str, other: str) -> bool:
        first, second = self._workshop.config.named(one), self._workshop.config.named(other)
        if first is None or second is None:
            return one == other
        return (set(first.profile), first.container) == (set(second.profile), second.container)
