"""The few steps on the file system that a commit is made of, and moving without ever overwriting.

`Files` is the seam: a test hands in one that stops after any step.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_WRITE = 2  # SYNC_FILE_RANGE_WRITE
_NO_RENAMEAT2 = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
# EPERM: no hard links on this file system, or not on a file of somebody else's (fs.protected_hardlinks)
NO_LINK = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EMLINK})
_NO_FSYNC = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.EACCES, errno.ENOSYS, errno.EBADF})


class Files:
    """One method a step; each is atomic as far as the kernel makes it so. All raise OSError."""

    def rename_new(self, old: Path, new: Path) -> None:
        """renameat2 with RENAME_NOREPLACE: FileExistsError where `new` is anything at all."""
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            call = libc.renameat2
        except AttributeError as error:
            raise OSError(errno.ENOSYS, "this C library has no renameat2") from error
        names = (_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new))
        if call(*names, ctypes.c_uint(_RENAME_NOREPLACE)) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(old), None, str(new))

    def rename_over(self, old: Path, new: Path) -> None:
        old.rename(new)

    def link(self, old: Path, new: Path) -> None:
        os.link(old, new, follow_symlinks=False)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def create(self, path: Path) -> None:
        """An empty file where nothing was."""
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    def make_folder(self, path: Path) -> None:
        path.mkdir()

    def remove_folder(self, path: Path) -> None:
        path.rmdir()

    def sync_folder(self, path: Path) -> None:
        """Makes the names in it durable, where the file system can."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except PermissionError:
            return  # a folder that may be written to but not read
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_FSYNC:
                raise
        finally:
            os.close(descriptor)


def move(files: Files, old: Path, new: Path) -> None:
    """Moves within one file system. Raises FileExistsError where `new` is anything, a dangling link included.

    Where the kernel cannot refuse by itself (NFS, many FUSE file systems), a hard link does; where there are none
    either (FAT by FUSE), an empty file takes the name first. An empty file that is already there counts as that
    one, left by a crash: it holds nothing that could be lost. A crash between link and unlink leaves both names.
    """
    try:
        files.rename_new(old, new)
    except OSError as error:
        if error.errno not in _NO_RENAMEAT2:
            raise
    else:
        return
    try:
        files.link(old, new)
    except FileExistsError:
        if not is_placeholder(new):
            raise
    except OSError as error:
        if error.errno not in NO_LINK:
            raise
        try:
            files.create(new)
        except FileExistsError:
            if not is_placeholder(new):
                raise
    else:
        files.unlink(old)
        return
    files.rename_over(old, new)


def one_file(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    """Two names of one file. The count of names is asked too: some FUSE file systems number every file 0."""
    return one is not None and other is not None and os.path.samestat(one, other) and one.st_nlink > 1


def is_placeholder(path: Path) -> bool:
    """An empty regular file."""
    there = lstat(path)
    return there is not None and stat.S_ISREG(there.st_mode) and there.st_size == 0


def start_writing(path: Path) -> None:
    """Has the kernel begin to write the file to the disk, so that the fsync to come is short. Promises nothing and
    reports nothing, so no error is lost to that fsync."""
    call = getattr(ctypes.CDLL(None), "sync_file_range", None)
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if call is not None:
                call(descriptor, ctypes.c_int64(0), ctypes.c_int64(0), ctypes.c_uint(_WRITE))
        finally:
            os.close(descriptor)


def make_folders(files: Files, folder: Path) -> None:
    """mkdir -p."""
    if not folder.is_dir():
        make_folders(files, folder.parent)
        with suppress(FileExistsError):
            files.make_folder(folder)


def lstat(path: Path) -> os.stat_result | None:
    """None where there is nothing."""
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
