"""Sorting what watchfiles tells."""

from __future__ import annotations

import os
from pathlib import Path

from watchfiles import Change

from mkv2castd.config import VIDEO_GLOBS
from mkv2castd.watch.rules import Rules
from mkv2castd.watch.sieve import Sieve, Sorted
from tests.watch.recorder import write

RULES = Rules.of(VIDEO_GLOBS)


def sort(root: Path, *changes: tuple[Change, Path], sieve: Sieve | None = None) -> Sorted:
    chosen = Sieve(root, RULES, ()) if sieve is None else sieve
    return chosen.sort({(change, str(path)) for change, path in changes})


def test_a_path_is_what_it_is_now_whatever_was_told(tmp_path: Path) -> None:
    film, folder, note = write(tmp_path / "a.mkv"), tmp_path / "b", write(tmp_path / "c.txt")
    folder.mkdir()
    told = sort(
        tmp_path,
        (Change.deleted, film),
        (Change.added, film),
        (Change.modified, folder),
        (Change.added, note),
        (Change.added, tmp_path / "gone.mkv"),
        (Change.deleted, tmp_path / "was a folder"),
    )
    assert told.films == [os.fsencode(film)]
    assert told.folders == [os.fsencode(folder)]
    assert told.gone == [os.fsencode(tmp_path / "gone.mkv")]
    # a folder may have the name of a film
    assert set(told.lost) == {os.fsencode(tmp_path / name) for name in ("gone.mkv", "was a folder")}
    assert not told.root


def test_what_is_told_of_the_root_itself(tmp_path: Path) -> None:
    assert sort(tmp_path, (Change.deleted, tmp_path)).root


def test_a_file_renamed_from_its_temporary_name_is_known_again(tmp_path: Path) -> None:
    sieve = Sieve(tmp_path, RULES, ())
    partial, film = tmp_path / "a.mkv.part", tmp_path / "a.mkv"
    partial.write_bytes(b"half")
    sort(tmp_path, (Change.added, partial), sieve=sieve)
    partial.rename(film)
    told = sort(tmp_path, (Change.deleted, partial), (Change.added, film), sieve=sieve)
    assert told.in_place == {os.fsencode(film)}
    assert sort(tmp_path, (Change.added, film), sieve=sieve).in_place == set()


def test_the_inode_of_a_deleted_temporary_proves_nothing_for_a_new_small_file(tmp_path: Path) -> None:
    sieve = Sieve(tmp_path, RULES, ())
    partial, film = tmp_path / "a.mkv.part", tmp_path / "a.mkv"
    partial.write_bytes(b"half a film")
    sort(tmp_path, (Change.added, partial), sieve=sieve)
    # the same inode, as a file system may give it to the next file
    partial.write_bytes(b"")
    partial.rename(film)
    assert sort(tmp_path, (Change.added, film), sieve=sieve).in_place == set()


def test_hidden_excluded_linked_and_inner_folders_are_not_looked_into(tmp_path: Path) -> None:
    root = tmp_path / "root"
    paths = [root / name / "film.mkv" for name in (".hidden", "extras", "inner", "linked")]
    (tmp_path / "outside").mkdir()
    root.mkdir()
    (root / "linked").symlink_to(tmp_path / "outside")
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        write(path)
    sieve = Sieve(root, Rules.of(VIDEO_GLOBS, ["extras"]), [root / "inner"])
    told = sort(
        root, *((Change.added, path) for path in paths), *((Change.added, p.parent) for p in paths), sieve=sieve
    )
    assert told == Sorted()
