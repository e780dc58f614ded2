"""The part of the unit that opens media folders to the service, as text: paths ↔ drop-in, systemd.exec(5).

The unit sees the file system read-only and no homes at all (packaging/systemd/mkv2castd.service): a folder is made
writable where it stands, and one in a home is bound to its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from mkv2castd.model import printable

_HEAD = """\
# Written by `mkv2castd folder-access`, which also takes folders out again (--remove).
[Service]
"""
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
# What no media folder is: opening it would undo the confinement, or break what it holds.
_SYSTEM = tuple(map(Path, ("/proc", "/sys", "/dev", "/boot", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64")))
# What is removed with the service, or comes anew with each start.
_OWN = tuple(map(Path, ("/var/lib/mkv2castd", "/run/mkv2castd")))
_TOO_WIDE = tuple(map(Path, ("/", "/var", "/var/lib", "/run", "/opt", *map(str, _HOMES))))
_LINE = re.compile(r'(?:ReadWritePaths|BindPaths)="-((?:[^"\\]|\\.)*)"')
_CONTROLS = re.compile("[\x00-\x1f\x7f]")


def write(paths: Iterable[Path]) -> str:
    """The drop-in's text; folders that are not there are passed over by systemd. Paths are absolute and not
    `refused`."""
    lines = [f'{_setting(path)}="-{_quoted(path)}"\n' for path in sorted(set(paths))]
    return _HEAD + "".join(lines)


def read(text: str) -> tuple[Path, ...]:
    """The folders of a text that `write` has made; lines that it does not know are passed over."""
    found = (_LINE.fullmatch(line.strip()) for line in text.split("\n"))
    return tuple(Path(_unquoted(match[1])) for match in found if match is not None)


def covers(opened: Iterable[Path], path: Path) -> bool:
    """Does the path lie in one of the folders that are opened?"""
    return any(path.is_relative_to(folder) for folder in opened)


def refused(path: Path) -> str | None:
    """Why this absolute path without links cannot be opened, or None."""
    if path in _TOO_WIDE or any(path.is_relative_to(system) for system in _SYSTEM):
        return f"{printable(path)} belongs to the system: name the folder that the films are in"
    if any(path.is_relative_to(own) for own in _OWN):
        return f"{printable(path)} is the service's own, and goes with it: name another folder"
    text = str(path)
    if _CONTROLS.search(text) or not _is_unicode(text):
        return f"{printable(path)}: systemd takes no control characters and no names that are not UTF-8: rename it"
    return None


def in_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in _HOMES)


def _setting(path: Path) -> str:
    return "BindPaths" if in_home(path) else "ReadWritePaths"


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text).replace("%%", "%")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
