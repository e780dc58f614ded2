"""Who asks for a film, and whether they could read it themselves.

The daemon may read more than its callers: it looks at a file for one of them only where the kernel would have opened
it for them. Their way to it is walked with descriptors, folder by folder and link by link, so that nothing can be
exchanged between the look and the use.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

_READ, _ENTER = 4, 1
_MOST_LINKS = 40  # as the kernel has it
_ACL = "system.posix_acl_access"


@dataclass(frozen=True, slots=True)
class Reader:
    """A user as the kernel knows them: their id, and those of all their groups."""

    uid: int
    groups: frozenset[int]


def open_for(reader: Reader, path: Path) -> FileIO:
    """The regular file at this absolute path, which stays that file whatever becomes of the name. Only its descriptor
    is of use, to others (O_PATH: it is not opened for reading yet). Blocks on the file system.

    Raises OSError where `reader` could not read it: what it says is what they would have been told themselves. Of
    files and folders with an ACL only the owner's rights are believed.
    """
    place = os.open("/", os.O_PATH | os.O_CLOEXEC)
    with ExitStack() as undo:
        undo.callback(lambda: os.close(place))
        parts = _parts(os.fsencode(path))
        links = 0
        while parts:
            _require(reader, place, _ENTER)
            step = os.open(parts.pop(), os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=place)
            if not stat.S_ISLNK(os.fstat(step).st_mode):
                place = _exchanged(place, step)
                continue
            try:
                target = os.readlink(b"", dir_fd=step)
            finally:
                os.close(step)
            links += 1
            if links > _MOST_LINKS:
                raise _error(errno.ELOOP)
            parts += _parts(target)
            if target.startswith(b"/"):
                place = _exchanged(place, os.open("/", os.O_PATH | os.O_CLOEXEC))
        if not stat.S_ISREG(os.fstat(place).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        _require(reader, place, _READ)
        found = FileIO(place)
        undo.pop_all()
        return found


def _parts(path: bytes) -> list[bytes]:
    """The last one first."""
    return [part for part in reversed(path.split(b"/")) if part not in (b"", b".")]


def _exchanged(place: int, following: int) -> int:
    os.close(place)
    return following


def _require(reader: Reader, place: int, right: int) -> None:
    status = os.fstat(place)
    if right == _ENTER and not stat.S_ISDIR(status.st_mode):
        raise _error(errno.ENOTDIR)
    if not _may(reader, status, right, listed=_has_acl(place)):
        raise _error(errno.EACCES)


def _may(reader: Reader, status: os.stat_result, right: int, *, listed: bool) -> bool:
    """listed: there is a list of further users' rights, which may also take some away."""
    if reader.uid == 0:
        return True
    if reader.uid == status.st_uid:
        return bool(status.st_mode >> 6 & right)
    if listed:
        return False
    return bool((status.st_mode >> 3 if status.st_gid in reader.groups else status.st_mode) & right)


def _has_acl(place: int) -> bool:
    with suppress(OSError):
        return bool(os.getxattr(f"/proc/self/fd/{place}", _ACL))
    return False


def _error(code: int) -> OSError:
    return OSError(code, os.strerror(code))
