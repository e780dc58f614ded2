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
    `lost`: not there and not a film by its name; perhaps a folder. `root`: the watched folder itself was touched.
    `astray`: told under a folder that is not there, as watchfiles does once a symbolic link that led back into the
    tree is removed: where it happened is not to be known."""

    films: list[bytes] = field(default_factory=list)
    in_place: set[bytes] = field(default_factory=set)
    folders: list[bytes] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)
    lost: list[bytes] = field(default_factory=list)
    root: bool = False
    astray: bool = False


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
        homes: dict[str, str | None] = {}
        changes = frozenset(changes)
        # deletions first: a name that came back is told as what it is now
        for change, path in sorted(changes, key=lambda item: item[0] is not Change.deleted):
            if not path.startswith(self._prefix):
                result.root = True
                continue
            below = path[len(self._prefix) :]
            folder, _, name = below.rpartition("/")
            if folder not in homes:
                homes[folder] = self._home(folder)
            home = homes[folder]
            if home is None:
                continue
            below = f"{home}/{name}" if home else name
            path = self._prefix + below
            if not path.startswith(self._inner):
                if change is Change.added and self._is_astray(path, changes):
                    result.astray = True
                self._place(result, change, path, below)
        result.films = list(dict.fromkeys(result.films))
        result.gone = list(dict.fromkeys(result.gone))
        return result

    def _home(self, folder: str) -> str | None:
        """The same folder without symbolic links on the way; None when it is not looked into. watchfiles follows
        links, and once one leads back into the tree, it tells of what lies there under the link's name only."""
        real_root = os.path.realpath(self._root)
        below = os.path.relpath(os.path.realpath(self._prefix + folder), real_root)
        below = "" if below == "." else below
        outside = below == ".." or below.startswith("../")
        return None if outside or not self._rules.enters_all(below) else below

    def _is_astray(self, path: str, changes: frozenset[tuple[Change, str]]) -> bool:
        folder = os.path.dirname(path)
        return (Change.deleted, folder) not in changes and not os.path.lexists(folder)

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
