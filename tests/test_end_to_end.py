"""A film dropped into a folder comes out playable, through the real daemon, real ffmpeg and real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.clips import make_clip
from tests.daemon import running
from tests.trouble import soon, state_of


def streams(path: Path) -> list[dict[str, Any]]:
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_streams", f"file:{path}"], capture_output=True, check=True
    )
    found: list[dict[str, Any]] = json.loads(out.stdout)["streams"]
    return found


def litter(folder: Path) -> list[str]:
    return [name for _, _, names in os.walk(folder) for name in names if name.startswith(".mkv2castd-")]


async def test_a_film_dropped_in_comes_out_playable_and_the_source_is_untouched(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon:
        source = make_clip(films / "film.mkv", video="hevc", audio=("ac3",))
        before = source.read_bytes(), source.stat().st_mtime_ns
        jobs = await daemon.finished(1)
        assert jobs["film.mkv"]["status"] == "completed"
        assert jobs["film.mkv"]["output_filename"] == "film_chromecast.mkv"
        assert await daemon.stop() == 0
    codecs = [(stream["codec_name"], stream.get("channels")) for stream in streams(films / "film_chromecast.mkv")]
    assert codecs == [("h264", None), ("aac", 2), ("aac", 6)]
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before
    assert litter(films) == []


async def test_what_plays_already_is_skipped_with_the_reason(films: Path, state: Path) -> None:
    make_clip(films / "plays.mkv")
    async with running(films, state=state) as daemon:
        job = (await daemon.finished(1))["plays.mkv"]
    assert job["status"] == "completed"
    assert job["skipped"] is True
    assert job["reason"]
    assert sorted(path.name for path in films.iterdir()) == ["plays.mkv"]


async def test_names_are_names_and_nothing_else(films: Path, state: Path) -> None:
    names = ["the.castle.2020.mkv", "[1080p].mkv", "movie.h264.aac.mkv", "Show.mkv", "-dash.mkv", "new\nline.mkv"]
    names += ['it\'s "quoted" %d.mkv', os.fsdecode(b"caf\xe9.mkv"), "a:b.mkv"]
    make_clip(films / "Show.S02_chromecast.mkv", video="h264", audio=("aac",))
    for name in names:
        make_clip(films / name, audio=("ac3",))
    async with running(films, state=state) as daemon:
        jobs = await daemon.finished(len(names) + 1)
        assert len(jobs) == len(names) + 1
        assert {job["status"] for job in jobs.values()} == {"completed"}
        assert [job["filename"] for job in jobs.values() if job["skipped"]] == ["Show.S02_chromecast.mkv"]
    for name in names:
        assert (films / f"{Path(name).stem}_chromecast.mkv").exists(), name


async def test_two_films_of_one_stem_get_two_outputs(films: Path, state: Path) -> None:
    make_clip(films / "film.mkv", audio=("ac3",))
    make_clip(films / "film.avi", video="mpeg4", audio=("mp3",))
    async with running(films, state=state) as daemon:
        await daemon.finished(2)
    made = {path.name for path in films.iterdir()} - {"film.mkv", "film.avi"}
    assert len(made) == 2
    assert "film_chromecast.mkv" in made


async def test_a_restart_converts_nothing_again(films: Path, state: Path) -> None:
    make_clip(films / "film.mkv", audio=("ac3",))
    async with running(films, state=state) as daemon:
        await daemon.finished(1)
        await daemon.stop()
    made = (films / "film_chromecast.mkv").stat()
    async with running(films, state=state) as daemon:
        make_clip(films / "other.mkv", audio=("ac3",))
        jobs = await daemon.finished(2)
    assert set(jobs) == {"film.mkv", "other.mkv"}
    assert (films / "film_chromecast.mkv").stat().st_ino == made.st_ino


async def test_with_a_lost_database_the_outputs_are_known_by_their_tags(films: Path, state: Path) -> None:
    make_clip(films / "film.mkv", audio=("ac3",))
    async with running(films, state=state) as daemon:
        await daemon.finished(1)
        await daemon.stop()
    made = (films / "film_chromecast.mkv").stat()
    for file in state.glob("mkv2castd.sqlite*"):
        file.unlink()
    async with running(films, state=state) as daemon:
        jobs = await daemon.finished(2)
        assert all(job["skipped"] for job in jobs.values())
    assert (films / "film_chromecast.mkv").stat().st_ino == made.st_ino
    assert len(list(films.iterdir())) == 2


async def test_a_newer_version_of_a_film_is_converted_again(films: Path, state: Path) -> None:
    make_clip(films / "film.mkv", audio=("ac3",))
    async with running(films, state=state) as daemon:
        await daemon.finished(1)
        first = (films / "film_chromecast.mkv").stat()
        make_clip(films / "film.mkv", audio=("ac3",), seconds=2)
        await daemon.until(lambda jobs: sum(job["status"] == "completed" for job in jobs) == 2)
    assert (films / "film_chromecast.mkv").stat().st_ino != first.st_ino
    assert float(streams(films / "film_chromecast.mkv")[1].get("tags", {}).get("DURATION", "0:0:2")[6:]) > 1.5


async def test_a_moved_film_stays_the_same_film(tmp_path: Path, films: Path, state: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make_clip(films / "film.mkv", audio=("ac3",))
    async with running(films, other, state=state) as daemon:
        await daemon.finished(1)
        (films / "film.mkv").rename(other / "film.mkv")
        os.link(other / "film.mkv", films / "linked.mkv")
        make_clip(films / "last.mkv", audio=("ac3",))
        jobs = await daemon.finished(2)
        assert set(jobs) == {"film.mkv", "last.mkv"}
    assert not (other / "film_chromecast.mkv").exists()
    assert not (films / "linked_chromecast.mkv").exists()


async def test_a_kill_in_mid_encode_loses_no_job_and_leaves_no_ffmpeg_and_no_litter(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon:
        make_clip(films / "long.mkv", video="mpeg2", audio=("ac3-stereo",), seconds=30, size="640x360")
        async with daemon.listening() as listener:
            told = await listener.until(
                lambda told: told["type"] == "job_update" and told["job"]["progress"] > 1, timeout=90
            )
        job_id = told["job"]["id"]
        children = _children(daemon.pid)
        assert children
        await daemon.stop(signal.SIGKILL)
    # the kernel ends them with their parent, a moment after it
    await soon(lambda: {state_of(pid) for pid in children} == {"gone"})
    async with running(films, state=state) as daemon:
        jobs = await daemon.finished(1)
        job = await daemon.get(f"/api/jobs/{job_id}/")
        assert job["status"] == "completed"
        assert [one["outcome"] for one in job["attempts"]] == ["interrupted", "completed"]
        assert len(jobs) == 1
    assert litter(films) == []


async def test_sigterm_in_mid_encode_stops_quickly_and_the_film_is_finished_later(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon:
        make_clip(films / "long.mkv", video="mpeg2", audio=("ac3-stereo",), seconds=30, size="640x360")
        async with daemon.listening() as listener:
            await listener.until(lambda told: told["type"] == "job_update" and told["job"]["progress"] > 1)
            children = _children(daemon.pid)
            code, _ = await asyncio.gather(daemon.stop(), listener.to_the_end())
            assert code == 0
            assert listener.socket.close_code == 1001
    assert children
    await soon(lambda: {state_of(pid) for pid in children} == {"gone"})
    assert litter(films) == []
    async with running(films, state=state) as daemon:
        assert (await daemon.finished(1))["long.mkv"]["status"] == "completed"


def _children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
