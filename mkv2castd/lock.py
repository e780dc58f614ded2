"""One daemon per state folder."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mkv2castd.errors import ConfigError
from mkv2castd.model import printable


@contextmanager
def state_folder(state_dir: Path) -> Iterator[None]:
    """Makes the folder (0700) and holds its lock; the kernel gives it back however the process ends.

    Raises ConfigError when it cannot be written or another daemon holds it.
    """
    file = state_dir / "lock"
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (state_dir / "logs").mkdir(mode=0o700, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(state_dir, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            raise ConfigError(
                f"{state_dir}: another mkv2castd (process {owner or 'unknown'}) is at work with this state folder: "
                "stop it, or give this one its own with --state-dir"
            ) from error
        except OSError as error:
            raise ConfigError(
                f"{printable(state_dir)}: cannot be locked: {error.strerror}: choose a folder on a local disk with "
                "--state-dir"
            ) from error
        _sign(handle, state_dir)
        yield
    finally:
        os.close(handle)


def _sign(handle: int, state_dir: Path) -> None:
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise _unusable(state_dir, error) from error


def _unusable(state_dir: Path, error: OSError) -> ConfigError:
    remedy = {
        errno.ENOSPC: "make room on its disk",
        errno.EDQUOT: "make room on its disk",
        errno.EEXIST: "move the file of that name away",
        errno.ENOTDIR: "move the file of that name away",
    }.get(error.errno or 0, f"give this user (uid {os.geteuid()}) leave to write there")
    return ConfigError(
        f"{printable(state_dir)}: the state folder cannot be written: {error.strerror}: {remedy}, or choose another "
        "with --state-dir"
    )
