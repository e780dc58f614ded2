"""The ordinary life of a watched folder, with real files."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from pathlib import Path

import pytest

from mkv2castd.model import FolderState
from tests.watch.recorder import Recorder, watching, write


@pytest.fixture
def films(tmp_path: Path) -> Path:
    root = tmp_path / "films"
    root.mkdir()
    return root


@pytest.mark.alone
async def test_a_film_renamed_into_place_is_told_complete_at_once(films: Path, tmp_path: Path) -> None:
    async with watching(films, Recorder()) as seen:
        delays = []
        for number in range(10):
            film = tmp_path / f"{number}.mkv"
            film.write_bytes(b"film")
            began = time.monotonic()
            arrived = film.rename(films / film.name)
            await seen.until(lambda arrived=arrived: seen.has(arrived))
            delays.append(seen.moments[arrived] - began)
        assert sorted(delays)[5] < 0.05
    assert all(sighting.complete for sighting in seen.sightings)


async def test_films_that_were_there_before_are_found_and_known_ones_are_not_told_again(films: Path) -> None:
    first, second = write(films / "a.mkv"), write(films / "b.mkv")
    seen = Recorder()
    async with watching(films, seen):
        assert seen.has(first, second)
        told = len(seen.sightings)
    async with watching(films, seen):
        assert len(seen.sightings) == told


@pytest.mark.alone
async def test_a_growing_file_is_pending_until_its_writer_closes(films: Path) -> None:
    async with watching(films, Recorder()) as seen:
        film = films / "growing.mkv"
        with film.open("wb", buffering=0) as stream:
            for _ in range(20):
                stream.write(b"x" * 1000)
                await asyncio.sleep(0.05)
            assert not seen.has(film)
            assert film in seen.pending
            closing = time.monotonic()
        await seen.until(lambda: seen.has(film))
        assert seen.moments[film] - closing < 1
        assert [identity.size for identity in seen.identities(film)] == [20_000]


async def test_a_deleted_film_is_told_as_vanished(films: Path) -> None:
    film = write(films / "a.mkv")
    async with watching(films, Recorder()) as seen:
        film.unlink()
        await seen.until(lambda: film in seen.gone)


async def test_a_film_replaced_by_a_newer_version_is_told_again(films: Path) -> None:
    film = write(films / "a.mkv")
    async with watching(films, Recorder()) as seen:
        write(film, b"a longer film")
        await seen.until(lambda: len(seen.identities(film)) == 2)
        film.write_bytes(b"written in place, even longer")
        await seen.until(lambda: len(seen.identities(film)) == 3)


async def test_a_copied_folder_a_moved_folder_and_a_hard_link_are_found_once(films: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "deep" / "er"
    outside.mkdir(parents=True)
    for number in range(5):
        write(outside / f"{number}.mkv", b"film %d" % number)
    async with watching(films, Recorder()) as seen:
        shutil.copytree(tmp_path / "outside", films / "copied")
        os.rename(tmp_path / "outside", films / "moved")
        os.link(films / "moved" / "deep" / "er" / "0.mkv", films / "linked.mkv")
        expected = [films / kind / "deep" / "er" / f"{n}.mkv" for kind in ("copied", "moved") for n in range(5)]
        await seen.until(lambda: seen.has(*expected, films / "linked.mkv"))
        (films / "other").mkdir()
        os.rename(films / "moved" / "deep" / "er", films / "other" / "er")
        moved = [films / "other" / "er" / f"{n}.mkv" for n in range(5)]
        await seen.until(lambda: seen.has(*moved) and len(seen.gone) == 5)
    assert all(len(seen.identities(path)) == 1 for path in (*expected, *moved))


async def test_a_download_under_a_temporary_name_counts_from_its_renaming(films: Path) -> None:
    async with watching(films, Recorder()) as seen:
        for suffix in (".part", ".!qB", ".crdownload", ".tmp"):
            partial = films / f"movie{suffix}.mkv{suffix}"
            partial.write_bytes(b"half")
            partial.rename(films / f"movie{suffix}.mkv")
        await seen.until(lambda: len(seen.taken) == 4)
        assert {path.suffix for path in seen.moments} == {".mkv"}


async def test_an_empty_file_stays_pending_until_something_is_in_it(films: Path) -> None:
    async with watching(films, Recorder(), settle_seconds=0) as seen:
        film = films / "empty.mkv"
        film.touch()
        await seen.until(lambda: film in seen.pending)
        await asyncio.sleep(0.3)
        assert not seen.has(film)
        film.write_bytes(b"film")
        await seen.until(lambda: seen.has(film))


async def test_an_idle_watcher_uses_no_cpu(films: Path) -> None:
    for number in range(50):
        (films / f"folder {number}").mkdir()
        write(films / f"folder {number}" / "film.mkv")
    async with watching(films, Recorder()):
        await asyncio.sleep(1)
        began = time.process_time()
        await asyncio.sleep(2)
        assert time.process_time() - began < 0.05


async def test_a_folder_within_a_watched_folder_is_left_to_its_own_watcher(films: Path) -> None:
    inner = films / "inner"
    inner.mkdir()
    write(inner / "before.mkv")
    async with watching(films, Recorder(), inner=[inner]) as seen:
        write(inner / "later.mkv")
        ours = write(films / "ours.mkv")
        await seen.until(lambda: seen.has(ours))
    assert list(seen.taken) == [os.fsencode(ours)]


async def test_a_folder_that_is_polled_finds_the_same(films: Path) -> None:
    before = write(films / "before.mkv")
    async with watching(films, Recorder(), watch="poll", poll_seconds=0.1) as seen:
        assert seen.status is not None
        assert seen.status.watching == "poll"
        (films / "new").mkdir()
        later = write(films / "new" / "later.mkv")
        await seen.until(lambda: seen.has(before, later))
        before.unlink()
        await seen.until(lambda: before in seen.gone)
        write(later, b"a newer version")
        await seen.until(lambda: len(seen.identities(later)) == 2)


async def test_a_folder_that_is_not_there_is_offline_until_it_comes(tmp_path: Path) -> None:
    root = tmp_path / "not yet"
    seen = Recorder()
    async with watching(root, seen, wait=False):
        await seen.until(lambda: seen.status and seen.status.state is FolderState.OFFLINE)
        assert seen.status is not None
        assert "mount or create it" in (seen.status.problem or "")
        root.mkdir()
        film = write(root / "a.mkv")
        await seen.until(lambda: seen.has(film))
        await seen.online()
