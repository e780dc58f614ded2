"""Is the root of a watched folder there, and is it still the same folder?"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from mkv2castd.model import printable


class RootLost(Exception):
    """The root is gone or another folder by now; the message says so."""


def root_identity(root: Path) -> tuple[int, int]:
    """(st_dev, st_ino) of a folder that can be read. Raises RootLost. Blocking."""
    try:
        # Not opened: inotify tells of that too, and each check of the root would ring for the next one, for ever.
        # The dot asks for a folder that may be entered, and has the kernel mount what it mounts on demand.
        status = os.stat(os.path.join(os.fsencode(root), b"."))
        if not os.access(root, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise RootLost(f"{printable(root)}: {error.strerror}: {_remedy(error)}; it is tried all the time") from error
    return status.st_dev, status.st_ino


def _remedy(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "give the user that mkv2castd runs as leave to read and enter it"
    if isinstance(error, NotADirectoryError):
        return "name a folder in the configuration"
    return "mount or create it"
