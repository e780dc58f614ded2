"""Comparing a tree with what is known."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mkv2castd.config import VIDEO_GLOBS
from mkv2castd.model import Identity
from mkv2castd.watch.intake import Known
from mkv2castd.watch.rules import Rules
from mkv2castd.watch.scan import PORTION, Walk, missing
from tests.watch.recorder import write

RULES = Rules.of(VIDEO_GLOBS)


def known(*paths: Path) -> dict[bytes, Known]:
    stats = {os.fsencode(path): path.lstat() for path in paths}
    return {path: (s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns) for path, s in stats.items()}


def found(walk: Walk) -> set[Path]:
    return {Path(os.fsdecode(path)) for portion in walk.portions() for path in portion}


def test_only_what_is_new_or_changed_is_found_and_the_rest_is_left_over(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    same, changed, gone = (write(tmp_path / "deep" / f"{name}.mkv") for name in ("same", "changed", "gone"))
    before = known(same, changed, gone)
    write(changed, b"longer")
    gone.unlink()
    new = write(tmp_path / "deep" / "er" / "new.mkv")
    walk = Walk(os.fsencode(tmp_path), RULES, before)
    assert found(walk) == {changed, new}
    assert missing(os.fsencode(tmp_path), list(before.items())) == [os.fsencode(gone)]
    assert {path for path, _ in walk.folders} == {os.fsencode(tmp_path / sub) for sub in ("", "deep", "deep/er")}


@pytest.mark.parametrize("change", ["size", "mtime", "inode"])
def test_each_part_of_the_identity_counts_but_the_device(tmp_path: Path, change: str) -> None:
    film = write(tmp_path / "a.mkv")
    device, inode, size, mtime = known(film)[os.fsencode(film)]
    other = {"size": (device, inode, size + 1, mtime), "mtime": (device, inode, size, mtime + 1)}
    other["inode"] = (device, inode + 1, size, mtime)
    assert found(Walk(os.fsencode(tmp_path), RULES, {os.fsencode(film): other[change]})) == {film}
    moved = {os.fsencode(film): (device + 1, inode, size, mtime)}
    assert found(Walk(os.fsencode(tmp_path), RULES, moved)) == set()


def test_a_film_dated_beyond_what_the_database_holds_is_as_it_was(tmp_path: Path) -> None:
    film = write(tmp_path / "a.mkv")
    os.utime(film, ns=(0, (2**34 - 1) * 10**9))
    kept = Identity.of(film.lstat())
    before = {os.fsencode(film): (kept.device, kept.inode, kept.size, kept.mtime_ns)}
    assert found(Walk(os.fsencode(tmp_path), RULES, before)) == set()


def test_inode_numbers_that_do_not_last_are_not_compared(tmp_path: Path) -> None:
    film = write(tmp_path / "a.mkv")
    device, inode, size, mtime = known(film)[os.fsencode(film)]
    before = {os.fsencode(film): (device, inode + 1, size, mtime)}
    assert found(Walk(os.fsencode(tmp_path), RULES, before, inodes_last=False)) == set()


def test_links_inner_folders_and_hidden_ones_are_not_entered(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in ("inner", ".hidden", "open", "folder.mkv"):
        (root / name).mkdir(parents=True)
        write(root / name / "film.mkv")
    (tmp_path / "outside").mkdir()
    write(tmp_path / "outside" / "film.mkv")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(root)
    (root / "link.mkv").symlink_to(tmp_path / "outside" / "film.mkv")
    os.mkfifo(root / "fifo.mkv")
    walk = Walk(os.fsencode(root), RULES, {}, inner=[os.fsencode(root / "inner")])
    assert found(walk) == {root / "open" / "film.mkv", root / "folder.mkv" / "film.mkv"}
    assert found(Walk(os.fsencode(root), RULES, {}, recursive=False)) == set()
    assert found(Walk(os.fsencode(root), RULES, {}, start=os.fsencode(root / "link"))) == set()


def test_portions_are_bounded(tmp_path: Path) -> None:
    for number in range(2 * PORTION + 10):
        (tmp_path / f"{number}.mkv").touch()
    sizes = [len(portion) for portion in Walk(os.fsencode(tmp_path), RULES, {}).portions()]
    assert sum(sizes) == 2 * PORTION + 10
    assert max(sizes) <= PORTION


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/\xe9\n"
    os.mkdir(folder)
    film = write(Path(os.fsdecode(folder + b"/\xff.mkv")))
    assert found(Walk(os.fsencode(tmp_path), RULES, {})) == {film}
    assert found(Walk(os.fsencode(tmp_path), RULES, known(film))) == set()


def test_a_root_that_is_gone_raises_and_a_subfolder_does_not(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path / "root")
    with pytest.raises(FileNotFoundError):
        found(Walk(root, RULES, {}))
    with pytest.raises(FileNotFoundError):
        missing(root, [])
    assert found(Walk(os.fsencode(tmp_path), RULES, {}, start=root)) == set()


def test_a_film_on_another_file_system_is_not_missing_while_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    film = write(tmp_path / "disk" / "a.mkv")
    ((path, (device, *rest)),) = known(film).items()
    film.unlink()
    assert missing(os.fsencode(tmp_path), [(path, (device + 1, *rest))]) == []
    assert missing(os.fsencode(tmp_path), [(path, (device, *rest))]) == [path]
    shutil.rmtree(tmp_path / "disk")
    assert missing(os.fsencode(tmp_path), [(path, (device, *rest))]) == [path]
    (tmp_path / "disk").write_bytes(b"a file now")
    assert missing(os.fsencode(tmp_path), [(path, (device, *rest))]) == [path]
