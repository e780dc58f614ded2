"""Sort what watchfiles told into films to look at, folders to scan, and what is gone.

Blocking. An event says no more than "look here": what a path is, is asked of the file system now.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from watchfiles import Change

from mkv2castd.watch.rules import Rules, is_temporary

_REMEMBERED = 1000  # half-written files


@dataclass(slots=True)
class Sorted:
    """`in_place`: those of `films` that were renamed from a temporary name. `gone`: not there, a film by its name.
    `lost`: not there and not a film by its name; perhaps a folder. `root`: the watched folder itself was touched."""

    films: list[bytes] = field(default_factory=list)
    in_place: set[bytes] = field(default_factory=set)
    folders: list[bytes] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)
    lost: list[bytes] = field(default_factory=list)
    root: bool = False


class Sieve:
    """Remembers inode and size of half-written files, to know them again under their final name."""

    def __init__(self, root: Path, rules: Rules, inner: Collection[Path]) -> None:
        self._root = str(root)
        self._prefix = self._root.rstrip("/") + "/"
        self._rules = rules
        self._inner = tuple(str(folder).rstrip("/") + "/" for folder in inner)
        self._half_written: OrderedDict[tuple[int, int], int] = OrderedDict()

    def sort(self, changes: Iterable[tuple[Change, str]]) -> Sorted:
        result = Sorted()
        straight: dict[str, bool] = {}
        # deletions first: a name that came back is told as what it is now
        for change, path in sorted(changes, key=lambda item: item[0] is not Change.deleted):
            if not path.startswith(self._prefix):
                result.root = True
                continue
            below = path[len(self._prefix) :]
            folder = below.rpartition("/")[0]
            if folder not in straight:
                straight[folder] = self._ours(folder)
            if straight[folder] and not path.startswith(self._inner):
                self._place(result, change, path, below)
        result.films = list(dict.fromkeys(result.films))
        result.gone = list(dict.fromkeys(result.gone))
        return result

    def _ours(self, folder: str) -> bool:
        """Is this folder looked into, and reached without a symbolic link? watchfiles follows links."""
        if not self._rules.enters_all(folder):
            return False
        real_root = os.path.realpath(self._root)
        return os.path.realpath(self._prefix + folder) == os.path.join(real_root, folder).rstrip("/")

    def _place(self, result: Sorted, change: Change, path: str, below: str) -> None:
        name = below.rpartition("/")[2]
        try:
            status = os.lstat(path)
        except OSError:
            if not is_temporary(name):
                (result.gone if self._rules.film(below) else result.lost).append(os.fsencode(path))
            if self._rules.film(below):
                result.lost.append(os.fsencode(path))
            return
        if stat.S_ISDIR(status.st_mode):
            if self._rules.enters(below) and f"{path}/" not in self._inner:
                result.folders.append(os.fsencode(path))
        elif stat.S_ISREG(status.st_mode):
            self._file(result, change, path, below, status)

    def _file(self, result: Sorted, change: Change, path: str, below: str, status: os.stat_result) -> None:
        inode = (status.st_dev, status.st_ino)
        if self._rules.film(below):
            encoded = os.fsencode(path)
            result.films.append(encoded)
            # a file that shrank is another one that got the inode of one deleted
            size = self._half_written.pop(inode, 0) if change is Change.added else 0
            if 0 < size <= status.st_size:
                result.in_place.add(encoded)
        elif is_temporary(below.rpartition("/")[2]):
            self._half_written[inode] = status.st_size
            if len(self._half_written) > _REMEMBERED:
                self._half_written.popitem(last=False)
