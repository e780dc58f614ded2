"""Which file systems are polled."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkv2castd.watch.mounts import filesystem, is_remote, kind_of, parse

MOUNTINFO = b"""\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /srv/media rw - nfs4 server:/media rw,addr=10.0.0.1
31 30 8:1 / /srv/media/local\\040disk rw,relatime shared:1 master:2 - xfs /dev/sda1 rw
32 22 0:41 / /srv/remote rw - fuse.sshfs me@host: rw
33 22 0:42 / /srv/over rw - overlay overlay rw
34 22 0:43 / /srv/twice rw - ext4 /dev/sdb1 rw
35 22 0:44 / /srv/twice rw - cifs //nas/films rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind", "remote"),
    [
        (b"/home/x", "ext4", False),
        (b"/srv/media", "nfs4", True),
        (b"/srv/media/films", "nfs4", True),
        (b"/srv/mediaX", "ext4", False),
        (b"/srv/media/local disk/films", "xfs", False),
        (b"/srv/remote/films", "fuse.sshfs", True),
        (b"/srv/over", "overlay", False),
        (b"/srv/twice", "cifs", True),
        (b"/", "ext4", False),
    ],
)
def test_the_file_system_of_a_path(path: bytes, kind: str, remote: bool) -> None:
    found = kind_of(path, parse(MOUNTINFO))
    assert found == kind
    assert is_remote(found) is remote


def test_a_disk_formatted_elsewhere_is_local() -> None:
    assert not is_remote("fuseblk")
    assert not is_remote(None)
    assert is_remote("fuse")


def test_this_machine(tmp_path: Path) -> None:
    if filesystem(Path("/")) is None:
        pytest.skip("a root that is no mount of its own, as in a chroot")
    assert filesystem(tmp_path) is not None
    assert filesystem(Path("/proc/self")) == "proc"
