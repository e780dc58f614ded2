"""Where the watchers tell what they see."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mkv2castd.arrivals import Arrivals
from mkv2castd.encoder.effects import Effects
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.events import Event, FolderChanged
from mkv2castd.ledger import Ledger
from mkv2castd.model import FolderState, FolderStatus, Sighting

_log = logging.getLogger(__name__)


class Reception:
    """Turns sightings into jobs, and folders' states into what the lanes may take."""

    def __init__(self, workshop: Workshop, publish: Callable[[Event], None]) -> None:
        self._workshop = workshop
        self._publish = publish
        self.folders: dict[str, FolderStatus] = {}

    async def known(self, folder: str) -> dict[bytes, tuple[int, int, int, int]]:
        """Path → (device, inode, size, mtime in ns) of the folder's files that need no further look."""
        return await self._workshop.store.read(lambda ledger: ledger.known(folder))

    async def sight(self, folder: str, sightings: Sequence[Sighting]) -> None:
        """Films that were seen; telling the same again is harmless. Durable when it returns."""
        effects = Effects()

        def arrive(ledger: Ledger) -> None:
            arrivals = self._arrivals(ledger, folder, effects)
            for seen in sightings:
                arrivals.sight(seen)

        await self._workshop.store.write(arrive)
        self._workshop.apply(effects)

    async def vanished(self, folder: str, paths: Sequence[Path]) -> None:
        """Files that were known and are not there any more."""
        effects = Effects()

        def vanish(ledger: Ledger) -> None:
            arrivals = self._arrivals(ledger, folder, effects)
            for path in paths:
                arrivals.vanish(path)

        await self._workshop.store.write(vanish)
        self._workshop.apply(effects)

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
        self.folders.pop(name, None)
        self._workshop.gate.block(name)

    def _arrivals(self, ledger: Ledger, folder: str, effects: Effects) -> Arrivals:
        config = self._workshop.config.named(folder)
        if config is None:
            raise RequestError(ErrorCode.NO_SUCH_FOLDER, f"there is no folder {folder!r}")
        return Arrivals(ledger, config, time.time(), os.path.lexists, self._same_result, effects)

    def _same_result(self, one: str, other: str) -> bool:
        first, second = self._workshop.config.named(one), self._workshop.config.named(other)
        if first is None or second is None:
            return one == other
        return (set(first.profile), first.container) == (set(second.profile), second.container)
