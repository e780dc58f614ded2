"""The trash: where originals wait, on their own file system, until their days are over."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mkv2castd.encoder import trash
from mkv2castd.encoder.trash import TRASH, purge_trash, trash_for

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC).timestamp()


def put(root: Path, day: str, name: str = "a/movie.avi") -> Path:
    path = root / TRASH / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_whole_days_go_when_they_are_too_old(tmp_path: Path) -> None:
    old, exact, today = put(tmp_path, "2026-02-27"), put(tmp_path, "2026-03-01"), put(tmp_path, "2026-03-31")
    put(tmp_path, "2026-02-27", "other.avi")
    strange = [put(tmp_path, name) for name in ("notes", "2026-02-31", "20260101")]
    assert purge_trash(tmp_path, 30, NOW) == 2
    assert not old.parent.parent.exists()
    assert exact.exists()
    assert today.exists()
    assert all(path.exists() for path in strange)
    assert purge_trash(tmp_path, 30, NOW) == 0


def test_an_empty_trash_is_removed_and_no_trash_is_no_error(tmp_path: Path) -> None:
    put(tmp_path, "2025-01-01")
    assert purge_trash(tmp_path, 0, NOW) == 1
    assert not (tmp_path / TRASH).exists()
    assert purge_trash(tmp_path, 0, NOW) == 0
    assert purge_trash(tmp_path / "none", 0, NOW) == 0


def test_a_link_in_the_trash_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "precious"
    elsewhere.mkdir()
    (elsewhere / "film.mkv").write_bytes(b"x")
    folder = put(tmp_path, "2025-01-01").parent
    (folder / "link").symlink_to(elsewhere)
    (tmp_path / TRASH / "2025-01-02").symlink_to(elsewhere)
    purge_trash(tmp_path, 30, NOW)
    assert (elsewhere / "film.mkv").exists()


def test_a_source_outside_the_watched_folder_has_its_trash_beside_it(tmp_path: Path) -> None:
    source = tmp_path / "x" / "movie.avi"
    source.parent.mkdir()
    expected = source.parent / TRASH / "2026-03-31" / "movie.avi"
    assert trash_for(source, None, NOW) == expected
    assert trash_for(source, tmp_path / "films", NOW) == expected
    assert trash_for(source, tmp_path, NOW) == tmp_path / TRASH / "2026-03-31" / "x" / "movie.avi"


@pytest.mark.parametrize("name", ["disk", "my disk\\1"])
def test_a_file_system_mounted_below_has_a_trash_of_its_own(tmp_path: Path, name: str) -> None:
    inner = tmp_path / name
    inner.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "none", str(inner)], stderr=subprocess.DEVNULL)
    if mounted.returncode != 0:
        pytest.skip("may not mount here")
    try:
        source = inner / "a" / "movie.avi"
        source.parent.mkdir()
        assert trash_for(source, tmp_path, NOW) == inner / TRASH / "2026-03-31" / "a" / "movie.avi"
        put(inner, "2025-01-01")
        assert purge_trash(tmp_path, 30, NOW) == 1
        assert not (inner / TRASH).exists()
    finally:
        subprocess.run(["umount", str(inner)], check=True)


def test_without_a_list_of_mounts_only_the_folder_itself_is_purged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trash, "_MOUNTINFO", tmp_path / "none")
    put(tmp_path, "2025-01-01")
    assert purge_trash(tmp_path, 30, NOW) == 1


def test_what_cannot_be_removed_stays_uncounted(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may remove everything")
    kept = put(tmp_path, "2025-01-01")
    kept.parent.chmod(0o555)
    try:
        assert purge_trash(tmp_path, 30, NOW) == 0
    finally:
        kept.parent.chmod(0o755)
    assert kept.exists()
