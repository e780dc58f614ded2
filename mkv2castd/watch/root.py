"""Is the root of a watched folder there, and is it still the same folder?"""

from __future__ import annotations

import os
from pathlib import Path

from mkv2castd.model import printable


class RootLost(Exception):
    """The root is gone or another folder by now; the message says so."""


def root_identity(root: Path) -> tuple[int, int]:
    """(st_dev, st_ino) of a folder that can be read. Raises RootLost. Blocking."""
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise RootLost(f"{printable(root)}: {error.strerror}: {_remedy(error)}; it is tried all the time") from error
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return status.st_dev, status.st_ino


def _remedy(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "give the user that mkv2castd runs as leave to read and enter it"
    if isinstance(error, NotADirectoryError):
        return "name a folder in the configuration"
    return "mount or create it"
