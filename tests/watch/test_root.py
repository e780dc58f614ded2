from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mkv2castd.watch.root import RootLost, root_identity

IN_ALL_EVENTS = 0xFFF


@contextmanager
def inotify(folder: Path) -> Iterator[int]:
    """A descriptor that has bytes to read once anything has happened to the folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert libc.inotify_add_watch(descriptor, os.fsencode(folder), IN_ALL_EVENTS) >= 0, os.strerror(
        ctypes.get_errno()
    )
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_looking_at_the_root_rings_no_bell(tmp_path: Path) -> None:
    with inotify(tmp_path) as bell:
        root_identity(tmp_path)
        with pytest.raises(BlockingIOError):
            os.read(bell, 4096)
        os.listdir(tmp_path)
        assert os.read(bell, 4096), "reading the folder does, so the bell works"


def test_it_is_the_folder_that_is_there_and_not_its_name(tmp_path: Path) -> None:
    root = tmp_path / "films"
    root.mkdir()
    before = root_identity(root)
    root.rename(tmp_path / "aside")
    root.mkdir()
    assert root_identity(root) != before
    assert root_identity(tmp_path / "aside") == before


def test_what_is_no_folder_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(RootLost, match="mount or create it"):
        root_identity(tmp_path / "nothing")
    (tmp_path / "file").touch()
    with pytest.raises(RootLost, match="name a folder in the configuration"):
        root_identity(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("mode", [0o600, 0o300, 0o000])
def test_a_folder_that_may_not_be_read_or_entered_is_told_with_its_remedy(tmp_path: Path, mode: int) -> None:
    root = tmp_path / "films"
    root.mkdir(mode=mode)
    with pytest.raises(RootLost, match="leave to read and enter it"):
        root_identity(root)
