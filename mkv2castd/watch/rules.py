"""Which paths are films, which are half-written by their name, and which folders are not looked into.

Globs are case-insensitive. As in a shell, `*` does not match a leading dot, so hidden files are films only where
`include` has a glob that begins with a dot itself (`.*.mkv`): hidden names are what rsync, sync tools and macOS
(`._movie.mkv`) use for what is no film. Hidden folders (`.mkv2castd-trash`, `.Trash-1000`, `.snapshots`) are never
looked into. Nothing is ever decided by a name that looks like one of our outputs.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# What downloaders, browsers and copiers append while a file is not all there.
TEMPORARY_SUFFIXES = frozenset(
    (
        *(".part", ".partial", ".filepart", ".tmp", ".temp", ".download", ".crdownload", ".opdownload"),
        *(".!qb", ".!ut", ".!bt", ".bc!", ".ytdl", ".aria2"),
    )
)
_PLAIN_SUFFIX = re.compile(r"\*(\.[^.*?\[\]/]+)")


def _suffix(name: str) -> str:
    return name[name.rfind(".") :].lower() if "." in name else ""


def is_temporary(name: str) -> bool:
    """Half-written by its name: a temporary suffix, or hidden, as rsync's `.name.XXXXXX` and our own
    `.mkv2castd-….part`. `name` is the last part of a path."""
    return name.startswith(".") or _suffix(name) in TEMPORARY_SUFFIXES


def _union(globs: Iterable[str]) -> re.Pattern[str] | None:
    patterns = [fnmatch.translate(glob) for glob in globs]
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None


@dataclass(frozen=True, slots=True)
class Rules:
    """The compiled globs of one folder. All names and paths are str with surrogate escapes, paths relative to
    the folder and without a leading slash."""

    _suffixes: frozenset[str]
    _names: re.Pattern[str] | None
    _hidden: re.Pattern[str] | None
    _paths: re.Pattern[str] | None
    _exclude: re.Pattern[str] | None

    @classmethod
    def of(cls, include: Sequence[str], exclude: Sequence[str] = ()) -> Rules:
        """A glob of `include` with a slash is matched against the path below the folder, else against the name;
        one of `exclude` against both. `*` matches slashes too."""
        plain = {found[1].lower(): glob for glob in include if (found := _PLAIN_SUFFIX.fullmatch(glob))}
        other = [glob for glob in include if glob not in plain.values()]
        return cls(
            frozenset(plain),
            _union(glob for glob in other if "/" not in glob and glob[:1] != "."),
            _union(glob for glob in other if "/" not in glob and glob[:1] == "."),
            _union(glob for glob in other if "/" in glob),
            _union(exclude),
        )

    def candidate(self, name: str) -> bool:
        """False: certainly no film, whatever its path. Made to be quick: it is asked for every file."""
        if name[0] == ".":
            return self._hidden is not None
        known = name[name.rfind(".") :].lower() in self._suffixes
        return known or self._names is not None or self._paths is not None

    def film(self, path: str) -> bool:
        """Is the file at `path` a film, as far as names tell?"""
        folder, _, name = path.rpartition("/")
        if _suffix(name) in TEMPORARY_SUFFIXES or not self._included(path, name):
            return False
        return not self._excluded(path, name) and self.enters_all(folder)

    def enters(self, path: str) -> bool:
        """Is the folder at `path` looked into, given that its parent is?"""
        name = path.rpartition("/")[2]
        return name[0] != "." and not self._excluded(path, name)

    def enters_all(self, path: str) -> bool:
        """Is the folder at `path` ("" is the watched folder itself) looked into, its parents included?"""
        parts = path.split("/") if path else []
        return all(self.enters("/".join(parts[:count])) for count in range(1, len(parts) + 1))

    def _included(self, path: str, name: str) -> bool:
        if name.startswith("."):
            return self._hidden is not None and self._hidden.match(name) is not None
        if _suffix(name) in self._suffixes:
            return True
        by_name = self._names is not None and self._names.match(name) is not None
        return by_name or (self._paths is not None and self._paths.match(path) is not None)

    def _excluded(self, path: str, name: str) -> bool:
        if self._exclude is None:
            return False
        return self._exclude.match(path) is not None or self._exclude.match(name) is not None
