"""Which file system a path lies on, from /proc/self/mountinfo, and whether inotify can be trusted there."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")
# Other hosts or processes change these behind the kernel's back. overlay is not among them: inotify works there.
REMOTE = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "gpfs", "afs", "ocfs2"),
        *(
            "gfs2",
            "virtiofs",
            "vboxsf",
            "vmhgfs",
            "prl_fs",
            "davfs",
            "ncpfs",
            "coda",
            "orangefs",
            "beegfs",
            "moosefs",
        ),
    )
)
_ESCAPE = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    point: bytes
    kind: str


def parse(text: bytes) -> tuple[Mount, ...]:
    """Mounts in the order of mounting (proc(5)); lines that are none are left out."""
    mounts = []
    for line in text.splitlines():
        before, separator, after = line.partition(b" - ")
        fields = before.split(b" ")
        if separator and len(fields) >= 6:
            point = _ESCAPE.sub(lambda found: bytes((int(found[1], 8),)), fields[4])
            mounts.append(Mount(point, after.split(b" ")[0].decode("ascii", "replace")))
    return tuple(mounts)


def kind_of(path: bytes, mounts: Sequence[Mount]) -> str | None:
    """The file system type that an absolute, resolved path lies on; the last of several mounts on one point."""
    best: Mount | None = None
    for mount in mounts:
        prefix = mount.point.rstrip(b"/")
        holds = path == mount.point or path.startswith(prefix + b"/")
        if holds and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best.kind if best is not None else None


def is_remote(kind: str | None) -> bool:
    """Does inotify miss changes there? Every FUSE file system counts, `fuseblk` (NTFS and exFAT disks, which only
    this host writes) excepted."""
    return kind is not None and (kind in REMOTE or kind == "fuse" or kind.startswith("fuse."))


def filesystem(path: Path) -> str | None:
    """Type of the file system below `path`, links resolved; None where /proc does not tell. Blocking."""
    try:
        return kind_of(os.fsencode(os.path.realpath(path)), parse(MOUNTINFO.read_bytes()))
    except OSError:
        return None
