"""Can the folders be read and written, is there room, can they be watched, can the page be served?

Blocking, each function bounded in time; nothing is left behind and nothing is changed.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mkv2castd.config import Config, FolderConfig
from mkv2castd.finding import Finding, ok, problem, warning
from mkv2castd.model import printable
from mkv2castd.watch.mounts import filesystem, is_remote

STATE_LEAST_BYTES = 100 * 2**20
INOTIFY = Path("/proc/sys/fs/inotify")
COUNT_SECONDS = 2.0


def folder_findings(config: Config) -> list[Finding]:
    """Every watched folder and every output folder."""
    if not config.folder:
        return [
            warning(
                "no folder is watched",
                "name one on the command line, or in a [[folder]] table: `mkv2castd config` shows how",
            )
        ]
    found = []
    for folder in config.folder:
        found += _folder(folder, int(config.queue.min_free_gib * 2**30))
    return found


def _folder(folder: FolderConfig, min_free: int) -> list[Finding]:
    name = f"folder {folder.name} ({printable(folder.path)})"
    found = []
    if not folder.root.exists():
        found.append(
            problem(f"{name}: is not there", "create it or mount it; it is watched from the moment it appears")
        )
    elif not folder.root.is_dir():
        found.append(problem(f"{name}: is no folder", "name the folder that the films are in"))
    elif not os.access(folder.root, os.R_OK | os.X_OK):
        found.append(problem(f"{name}: cannot be read", _permission(folder.root, "r-x")))
    target = folder.output_root or folder.root
    writes_source = folder.output_root is None or folder.source != "keep"
    if not found:
        for place in dict.fromkeys([target, *([folder.root] if writes_source else [])]):
            reason = _not_writable(place)
            if reason is not None:
                found.append(
                    problem(f"{name}: {printable(place)} cannot be written: {reason}", _permission(place, "rwx"))
                )
    if not found:
        found.append(_room(name, target, min_free))
    return found


def _room(name: str, target: Path, min_free: int) -> Finding:
    free = shutil.disk_usage(_existing(target)).free
    if free < min_free:
        return warning(
            f"{name}: only {free / 2**30:.1f} GiB are free for its outputs, and min_free_gib wants "
            f"{min_free / 2**30:g} to stay free",
            "make room, or lower min_free_gib in [queue]; until then nothing is converted there",
        )
    return ok(f"{name}: readable and writable, {free / 2**30:.0f} GiB free")


def state_findings(state_dir: Path) -> list[Finding]:
    """The folder that jobs are remembered in; it may have to be made yet."""
    reason = _not_writable(state_dir)
    if reason is not None:
        return [
            problem(
                f"state folder {printable(state_dir)}: cannot be written: {reason}",
                f"{_permission(state_dir, 'rwx')}, or choose another with --state-dir",
            )
        ]
    free = shutil.disk_usage(_existing(state_dir)).free
    if free < STATE_LEAST_BYTES:
        return [
            problem(
                f"state folder {printable(state_dir)}: only {free / 2**20:.0f} MiB are free, "
                f"{STATE_LEAST_BYTES // 2**20} are the least",
                "make room, or choose another with --state-dir",
            )
        ]
    return [ok(f"state folder {printable(state_dir)}: writable")]


def inotify_findings(folders: Sequence[FolderConfig], settings: Path = INOTIFY) -> list[Finding]:
    """Do the folders have more subfolders than the kernel lets one user watch? Counts for two seconds at most."""
    try:
        limit = int((settings / "max_user_watches").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return [warning("the kernel does not tell its inotify limit", 'if changes are missed, set watch = "poll"')]
    watched = [
        one for one in folders if one.watch != "poll" and one.root.is_dir() and not is_remote(filesystem(one.root))
    ]
    if not watched:
        return []
    end = time.monotonic() + COUNT_SECONDS
    count, complete = 0, True
    for folder in watched:
        more, whole = _count_folders(folder.root, folder.recursive, end)
        count, complete = count + more, complete and whole
    about = f"{'' if complete else 'at least '}{count} folders to watch, the kernel's limit for one user is {limit}"
    if count > limit * 0.8:
        wanted = max(524_288, 4 * count)
        return [
            warning(
                f"{about}: what exceeds it is polled, which is slower",
                f"raise it: echo fs.inotify.max_user_watches={wanted} > /etc/sysctl.d/60-inotify.conf; "
                "sysctl --system",
            )
        ]
    return [ok(about)]


def _count_folders(root: Path, recursive: bool, end: float) -> tuple[int, bool]:
    """How many folders, and whether that was all before the clock reached `end`."""
    waiting, count = [os.fspath(root)], 0
    while waiting:
        if time.monotonic() > end:
            return count, False
        path = waiting.pop()
        count += 1
        if recursive:
            with suppress(OSError), os.scandir(path) as entries:
                waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    return count, True


def _existing(path: Path) -> Path:
    """The path itself or the nearest folder above it that is there; what is missing is made when needed."""
    for place in (path, *path.parents):
        with suppress(OSError):
            if place.exists():
                return place
    return Path("/")


def _not_writable(path: Path) -> str | None:
    """Why no file could be made there, or None. Asked by making one that never gets a name."""
    place = _existing(path)
    try:
        os.close(os.open(place, os.O_TMPFILE | os.O_WRONLY, 0o600))
    except OSError as error:
        # file systems that know no nameless files say one of these
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            return None if os.access(place, os.W_OK | os.X_OK) else "permission denied"
        return (error.strerror or str(error)).lower()
    return None


def _permission(path: Path, access: str) -> str:
    return f"let this user (uid {os.geteuid()}) have {access} on {printable(_existing(path))}"
