"""Where originals go: `.mkv2castd-trash/YYYY-MM-DD/` (UTC) with the tree below the watched folder kept."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from mkv2castd.encoder.files import Files, lstat
from mkv2castd.encoder.naming import numbered

TRASH = ".mkv2castd-trash"
_MOUNTINFO = Path("/proc/self/mountinfo")


def trash_for(source: Path, root: Path | None, now: float) -> Path:
    """A free place for `source`, on its own file system: in the watched folder's trash, or in that of the topmost
    folder below it that shares the source's file system. Nothing is made yet. Raises OSError."""
    home = _home(source, root)
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    wanted = home / TRASH / day / source.relative_to(home)
    place, number = wanted, 2
    while lstat(place) is not None:
        place, number = numbered(wanted, number), number + 1
    return place


def _home(source: Path, root: Path | None) -> Path:
    home = source.parent
    device = home.stat().st_dev
    while root is not None and home != root and home.is_relative_to(root) and home.parent.stat().st_dev == device:
        home = home.parent
    return home


def prune(files: Files, place: Path) -> None:
    """Removes the folders that held `place`, up to the trash itself, as far as they are empty."""
    folder = place.parent
    with suppress(OSError):
        while TRASH in folder.parts:
            with suppress(FileNotFoundError):
                files.remove_folder(folder)
            folder = folder.parent


def purge_trash(root: Path, keep_days: int, now: float) -> int:
    """Removes whole days that lie more than `keep_days` back from the trash of `root` and of every file system
    mounted below it; returns how many files went. What is no day of ours stays; what cannot be removed, too."""
    today = datetime.fromtimestamp(now, UTC).date()
    removed = 0
    for home in (root, *_mounts_below(root)):
        with suppress(OSError):
            for entry in list(os.scandir(home / TRASH)):
                day = _day(entry.name)
                if day is not None and (today - day).days > keep_days and entry.is_dir(follow_symlinks=False):
                    removed += _remove(Path(entry.path))
            (home / TRASH).rmdir()
    return removed


def _remove(day: Path) -> int:
    before = _count(day)
    shutil.rmtree(day, ignore_errors=True)
    return before - _count(day)


def _count(folder: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))


def _day(name: str) -> date | None:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", name) is None:
        return None
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def _mounts_below(root: Path) -> list[Path]:
    """Mount points strictly below `root`; none where the kernel does not tell."""
    try:
        lines = _MOUNTINFO.read_bytes().splitlines()
    except OSError:
        return []
    points = {Path(os.fsdecode(_unescape(line.split(b" ")[4]))) for line in lines}
    return sorted(point for point in points if point != root and point.is_relative_to(root))


def _unescape(field: bytes) -> bytes:
    """mountinfo writes blanks, tabs, line feeds and backslashes as \\ooo."""
    return re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), field)
