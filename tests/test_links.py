"""Symbolic links inside a watched folder: followed by nobody, and no film is missed because of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.trouble import calm


@pytest.fixture
def films(tmp_path: Path) -> Path:
    (tmp_path / "films" / "sub").mkdir(parents=True)
    return tmp_path / "films"


async def test_a_link_back_into_the_tree_hides_no_film(films: Path, tmp_path: Path) -> None:
    (films / "round").symlink_to(tmp_path)
    async with calm(films, state=tmp_path / "state") as daemon:
        make_clip(films / "first.mkv", audio=("ac3",))
        await daemon.finished(1)
        make_clip(films / "sub" / "second.mkv", audio=("ac3",))
        jobs = await daemon.finished(2)
        assert {job["path"] for job in jobs.values()} == {
            str(films / "first.mkv"),
            str(films / "sub" / "second.mkv"),
        }
        (films / "round").unlink()
        make_clip(films / "third.mkv", audio=("ac3",))
        assert set(await daemon.finished(3)) == {"first.mkv", "second.mkv", "third.mkv"}


async def test_a_folder_is_watched_on_when_a_link_to_it_is_removed(films: Path, tmp_path: Path) -> None:
    (films / "link").symlink_to("sub")
    async with calm(films, state=tmp_path / "state") as daemon:
        make_clip(films / "sub" / "first.mkv", audio=("ac3",))
        await daemon.finished(1)
        (films / "link").unlink()
        make_clip(films / "sub" / "second.mkv", audio=("ac3",))
        assert set(await daemon.finished(2)) == {"first.mkv", "second.mkv"}
