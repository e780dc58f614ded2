"""Small files, links and nodes of the kernel, read so that what is missing, unreadable or odd is None."""

from __future__ import annotations

import grp
import os
import stat
from contextlib import suppress
from pathlib import Path

from mkv2castd.encoder.machine import Node


def names_in(folder: Path) -> list[str]:
    """Names in the order of their numbers: video2 before video10. Empty where there is no such folder."""
    with suppress(OSError):
        return sorted(os.listdir(folder), key=lambda name: (len(name), name))
    return []


def read_text(path: Path) -> str | None:
    """None also for an empty file: it tells nothing."""
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    return None


def read_number(path: Path) -> int | None:
    """A number such as "0x8086", as PCI's files have it."""
    with suppress(ValueError):
        return int(read_text(path) or "", 16)
    return None


def read_link(path: Path) -> str | None:
    """The name of what a link leads to."""
    with suppress(OSError):
        return os.path.basename(os.readlink(path))
    return None


def follow(path: Path) -> Path:
    """With all links followed, as far as they lead anywhere."""
    return Path(os.path.realpath(path))


def read_node(path: Path) -> Node:
    """Asks for the rights of this process as they are now, lists of access included."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return Node(path, there=False, usable=False)
    return Node(path, usable=os.access(path, os.R_OK | os.W_OK, effective_ids=True), group=_group(found))


def device_number(path: Path) -> str | None:
    """As sysfs writes it, "226:128"; None where there is no character device."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}" if stat.S_ISCHR(found.st_mode) else None


def _group(found: os.stat_result) -> str | None:
    """Nobody should be told to join the group of root."""
    helps = stat.S_IRGRP | stat.S_IWGRP
    if found.st_gid == 0 or found.st_mode & helps != helps:
        return None
    try:
        return grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        return str(found.st_gid)
