"""What the watchers need of `control`, as a protocol: they know nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from mkv2castd.model import FolderStatus, Sighting

Known = tuple[int, int, int, int]
"""(device, inode, size, mtime_ns) of a file as it was taken in."""


class Intake(Protocol):
    async def known(self, folder: str) -> Mapping[bytes, Known]:
        """os.fsencode(absolute path) → identity of every file of the folder that needs no further look while it
        stays as it is. What is told here and not found again is told as vanished."""
        ...

    async def sight(self, folder: str, sightings: Sequence[Sighting]) -> None:
        """At most 500 films. Idempotent: also called for films that are known."""
        ...

    async def vanished(self, folder: str, paths: Sequence[Path]) -> None:
        """At most 500 paths that are gone, films by their name; some may never have been sighted."""
        ...

    def folder_changed(self, status: FolderStatus) -> None: ...
