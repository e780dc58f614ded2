"""Events are hints: each way in which watchfiles misses something, with real files, and no film is lost."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mkv2castd.model import FolderState
from tests.watch.recorder import Recorder, watching, write


@pytest.fixture
def films(tmp_path: Path) -> Path:
    root = tmp_path / "films"
    root.mkdir()
    return root


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that any user may enter, unlike tmp_path."""
    folder = Path(tempfile.mkdtemp(prefix="mkv2castd-test-"))
    folder.chmod(0o755)
    yield folder
    subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=False)
    shutil.rmtree(folder)


def scenario(name: str, folder: Path, *prefix: str) -> subprocess.CompletedProcess[str]:
    """Runs one of tests/watch/scenario.py in a process of its own, which may lose rights or set limits."""
    argv = [*prefix, sys.executable, "-W", "error", "-m", "tests.watch.scenario", name, str(folder)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False)


def allowed(*prefix: str) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


async def test_a_film_put_into_a_folder_right_after_its_making(films: Path) -> None:
    async with watching(films, Recorder()) as seen:
        paths = []
        for number in range(1000):
            folder = films / f"folder {number}"
            folder.mkdir()
            paths.append(folder / "film.mkv")
            paths[-1].write_bytes(b"film")
            if number % 100 == 0:
                await asyncio.sleep(0.01)
        await seen.until(lambda: seen.has(*paths))
    assert all(len(seen.identities(path)) == 1 for path in paths)


async def test_a_film_put_into_a_chain_of_folders_right_after_its_making(films: Path) -> None:
    async with watching(films, Recorder()) as seen:
        paths = []
        for number in range(300):
            folder = films / f"{number}" / "b" / "c"
            folder.mkdir(parents=True)
            paths.append(folder / "film.mkv")
            paths[-1].write_bytes(b"film")
            if number % 10 == 0:
                await asyncio.sleep(0.01)
        await seen.until(lambda: seen.has(*paths))


async def test_files_that_come_into_a_new_folder_little_by_little(films: Path) -> None:
    async with watching(films, Recorder()) as seen:
        paths = []
        for number in range(20):
            folder = films / f"{number}"
            folder.mkdir()
            for pause in (0, 0.001, 0.005, 0.02):
                await asyncio.sleep(pause)
                paths.append(write(folder / f"{pause}.mkv"))
        await seen.until(lambda: seen.has(*paths))


async def test_a_folder_with_200_films_that_is_moved_in(films: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    for number in range(200):
        (outside / f"{number % 7}").mkdir(parents=True, exist_ok=True)
        (outside / f"{number % 7}" / f"{number}.mkv").write_bytes(b"film")
    async with watching(films, Recorder()) as seen:
        moved = outside.rename(films / "moved")
        await seen.until(lambda: len(seen.taken) == 200)
        later = write(moved / "3" / "later.mkv")
        await seen.until(lambda: seen.has(later))


def test_30000_files_written_while_the_process_stands_still(films: Path) -> None:
    argv = [sys.executable, "-W", "error", "-m", "tests.watch.scenario", "count", str(films)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as watcher:
        try:
            assert watcher.stdout is not None
            assert watcher.stdout.readline() == "online\n"
            watcher.send_signal(signal.SIGSTOP)
            for number in range(30_000):
                os.close(os.open(films / f"{number}.mkv", os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            last = films / "last.mkv"
            for number in range(30_000):
                os.truncate(films / f"{number}.mkv", 1)
            write(last)
            watcher.send_signal(signal.SIGCONT)
            assert watcher.wait(timeout=90) == 0
        finally:
            watcher.kill()


def test_a_queue_that_overflows_by_writes_to_files_that_are_no_films(films: Path) -> None:
    argv = [sys.executable, "-W", "error", "-m", "tests.watch.scenario", "five", str(films)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as watcher:
        try:
            assert watcher.stdout is not None
            assert watcher.stdout.readline() == "online\n"
            watcher.send_signal(signal.SIGSTOP)
            with (films / "a.txt").open("wb", 0) as one, (films / "b.txt").open("wb", 0) as other:
                for _ in range(9000):
                    one.write(b"x")
                    other.write(b"x")
            (films / "new").mkdir()
            for number in range(5):
                (films / "new" / f"{number}.mkv").write_bytes(b"film")
            watcher.send_signal(signal.SIGCONT)
            assert watcher.wait(timeout=90) == 0
        finally:
            watcher.kill()


async def test_a_root_that_is_deleted_and_made_again(films: Path) -> None:
    first = write(films / "first.mkv")
    async with watching(films, Recorder()) as seen:
        shutil.rmtree(films)
        await seen.until(lambda: seen.status and seen.status.state is FolderState.OFFLINE)
        assert first not in seen.gone, "it went with its folder: its job is kept"
        films.mkdir()
        await seen.online()
        second = write(films / "second.mkv")
        await seen.until(lambda: seen.has(second))


async def test_a_root_that_is_exchanged_for_another_folder(films: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    there = write(other / "there.mkv")
    async with watching(films, Recorder()) as seen:
        films.rename(tmp_path / "old")
        other.rename(films)
        await seen.until(lambda: seen.has(films / there.name))
        later = write(films / "later.mkv")
        await seen.until(lambda: seen.has(later))


@pytest.mark.skipif(not allowed("unshare", "-Urm"), reason="needs user and mount namespaces (unshare -Urm)")
def test_a_root_that_is_mounted_over_and_unmounted(films: Path) -> None:
    ended = scenario("mounts", films, "unshare", "-Urm")
    assert ended.returncode == 0, ended.stderr


async def test_a_name_that_is_not_utf8(films: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(films) + b"/caf\xe9"))
    film = folder / os.fsdecode(b"\xff.mkv")
    async with watching(films, Recorder()) as seen:
        folder.mkdir()
        write(film)
        await seen.until(lambda: seen.has(film))
        later = write(films / "later.mkv")
        await seen.until(lambda: seen.has(later))
        film.unlink()
        await seen.until(lambda: film in seen.gone)


async def test_names_with_newlines_quotes_brackets_and_dashes(films: Path) -> None:
    names = [
        "-x.mkv",
        "new\nline.mkv",
        "q'u\"o.mkv",
        "%d.mkv",
        "[1080p].mkv",
        "movie.h264.aac.mkv",
        "UPPER.MKV",
        " .mkv",
    ]
    async with watching(films, Recorder()) as seen:
        paths = [write(films / name) for name in names]
        await seen.until(lambda: seen.has(*paths))


def test_a_subfolder_that_cannot_be_read(public: Path) -> None:
    ended = scenario("unreadable", public)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="needs two users: only root has a second one")
@pytest.mark.alone
def test_films_of_which_no_lease_can_be_had(public: Path) -> None:
    ended = scenario("foreign", public)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.skipif(not allowed("unshare", "-Urm"), reason="needs user and mount namespaces (unshare -Urm)")
def test_without_proc_films_are_still_found(films: Path) -> None:
    ended = scenario("no_proc", films, "unshare", "-Urm")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.skipif(not allowed("unshare", "-Ur"), reason="needs user namespaces (unshare -Ur)")
@pytest.mark.parametrize("name", ["limit_at_start", "no_instance_at_start", "limit_later"])
def test_the_limit_of_inotify(public: Path, name: str) -> None:
    ended = scenario(name, public, "unshare", "-Ur")
    assert ended.returncode == 0, ended.stderr


async def test_links_out_of_the_folder_are_not_followed(films: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = write(outside / "secret.mkv")
    (films / "linked").symlink_to(outside)
    (films / "link.mkv").symlink_to(secret)
    async with watching(films, Recorder()) as seen:
        write(outside / "later.mkv")
        (films / "another").symlink_to(outside)
        (films / "another.mkv").symlink_to(secret)
        os.mkfifo(films / "fifo.mkv")
        (films / "folder.mkv").mkdir()
        ours = write(films / "folder.mkv" / "ours.mkv")
        await seen.until(lambda: seen.has(ours))
        await asyncio.sleep(0.5)
    assert {sighting.path for sighting in seen.sightings} == {ours}


async def test_a_watched_folder_that_is_a_link_itself(films: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(films)
    async with watching(link, Recorder()) as seen:
        film = write(link / "film.mkv")
        await seen.until(lambda: seen.has(film))
        assert seen.status is not None
        assert seen.status.watching == "inotify"
