"""Walk a tree and compare it with what is known: what is new or changed, and what is missing.

Blocking; made for a thread of its own, in portions, so that it can be given up between two of them. An unchanged
library costs one readdir a folder and one fstatat a film; names stay bytes and no object is made for a film that
is as it was.

Symbolic links are not followed: a linked folder is not entered and a linked file is no film. Its target is found
where it is, if that is in a watched folder; one outside is not ours to touch.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Collection, Iterator, MutableMapping, Sequence

from mkv2castd.file_times import storable_time
from mkv2castd.watch.intake import Known
from mkv2castd.watch.rules import Rules

ENCODING = sys.getfilesystemencoding()
PORTION = 500  # films at most
PORTION_SECONDS = 0.25  # a portion is handed out after so long, empty or not
_RACED = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP))
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Walk:
    """One comparison of the tree below `start` (default: the whole folder).

    `known` is used up: what is met is taken out of it, so that after the last portion it holds what was not met
    (which is missing only if `missing` says so: it may also be excluded by now, or unreadable). `inner` are
    watched folders of their own, not entered.

    A film is unchanged when inode, size and mtime are. The device number is left out: network and btrfs mounts and
    disks that were plugged in again get another one, and a library is not new for that. `inodes_last` False: nor
    do inode numbers last there (FUSE, network), so size and mtime have to do.

    After the last portion:
    `folders` (path, inode) that were read · `unreadable` (path, error) · `entries` counted in all.
    """

    def __init__(
        self,
        root: bytes,
        rules: Rules,
        known: MutableMapping[bytes, Known],
        *,
        start: bytes | None = None,
        inner: Collection[bytes] = (),
        recursive: bool = True,
        inodes_last: bool = True,
    ) -> None:
        self.known = known
        self.folders: list[tuple[bytes, int]] = []
        self.unreadable: list[tuple[bytes, OSError]] = []
        self.entries = 0
        self._root = root
        self._rules = rules
        self._inner = frozenset(inner)
        self._recursive = recursive
        self._inodes_last = inodes_last
        self._waiting = [root if start is None else start]
        self._found: list[bytes] = []

    def portions(self) -> Iterator[list[bytes]]:
        """Paths of films that are new or changed, as they are found. Raises OSError when the start itself cannot
        be read."""
        moment = time.monotonic() + PORTION_SECONDS
        while self._waiting:
            for _ in self._read(self._waiting.pop()):
                yield self._take()
            if time.monotonic() >= moment or len(self._found) >= PORTION:
                yield self._take()
                moment = time.monotonic() + PORTION_SECONDS
        if self._found:
            yield self._take()

    def _take(self) -> list[bytes]:
        found, self._found = self._found, []
        return found

    def _read(self, path: bytes) -> Iterator[None]:
        """Reads one folder; stops over whenever a portion is full."""
        try:
            descriptor = os.open(path, _FOLDER_FLAGS if path != self._root else _FOLDER_FLAGS & ~os.O_NOFOLLOW)
        except OSError as error:
            self._failed(path, error)
            return
        try:
            self.folders.append((path, os.fstat(descriptor).st_ino))
            prefix = path if path.endswith(b"/") else path + b"/"
            with os.scandir(descriptor) as entries:
                yield from self._compare(prefix, entries)
        except OSError as error:
            self._failed(path, error)
        finally:
            os.close(descriptor)

    def _compare(self, prefix: bytes, entries: Iterator[os.DirEntry[str]]) -> Iterator[None]:
        """The hot loop: known films first and with one call each, everything else below."""
        take, candidate, inodes_last = self.known.pop, self._rules.candidate, self._inodes_last
        count = 0
        for entry in entries:
            count += 1
            name = entry.name
            path = prefix + name.encode(ENCODING, "surrogateescape")
            before = take(path, None)
            if before is not None:
                status = entry.stat(follow_symlinks=False)
                mtime = status.st_mtime_ns
                same = status.st_size == before[2] and (mtime == before[3] or storable_time(mtime) == before[3])
                if not (same and (status.st_ino == before[1] or not inodes_last)) and stat.S_ISREG(status.st_mode):
                    self._found.append(path)
            elif entry.is_dir(follow_symlinks=False):
                self._folder(path, name)
            elif candidate(name) and entry.is_file(follow_symlinks=False) and self._rules.film(self._below(path)):
                self._found.append(path)
                if len(self._found) >= PORTION:
                    yield
        self.entries += count

    def _folder(self, path: bytes, name: str) -> None:
        if self._recursive and name[0] != "." and path not in self._inner and self._rules.enters(self._below(path)):
            self._waiting.append(path)

    def _below(self, path: bytes) -> str:
        return os.fsdecode(path[len(self._root) :]).lstrip("/")

    def _failed(self, path: bytes, error: OSError) -> None:
        if path == self._root:
            raise error
        if error.errno not in _RACED:
            self.unreadable.append((path, error))


def missing(root: bytes, candidates: Sequence[tuple[bytes, Known]]) -> list[bytes]:
    """Which of these are really gone: not there, although the file system that held them is.

    A path counts only while the nearest folder above it that exists lies on the film's own device, so a disk that
    is not mounted takes no film with it. Raises OSError when the root itself is not there.
    """
    devices: dict[bytes, int | None] = {}
    gone: list[bytes] = []
    os.stat(root)
    for path, known in candidates:
        if _absent(path) and _device_above(path, root, devices) == known[0]:
            gone.append(path)
    return gone


def _absent(path: bytes) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno in (errno.ENOENT, errno.ENOTDIR)
    return False


def _device_above(path: bytes, root: bytes, devices: dict[bytes, int | None]) -> int | None:
    folder = path[: path.rindex(b"/")]
    if folder not in devices:
        try:
            devices[folder] = os.stat(folder).st_dev
        except OSError as error:
            above = error.errno in (errno.ENOENT, errno.ENOTDIR) and len(folder) > len(root)
            devices[folder] = _device_above(folder, root, devices) if above else None
    return devices[folder]
