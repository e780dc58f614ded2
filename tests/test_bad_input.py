"""What is no film, or only half of one, harms nobody: it is told what is wrong, and its neighbours are converted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.clips import make_clip
from tests.daemon import Daemon
from tests.trouble import as_nobody, calm


def _random(path: Path) -> None:
    path.write_bytes(os.urandom(50_000))


def _text(path: Path) -> None:
    path.write_text("This is no film at all.\n" * 500)


def _half(path: Path, **clip: Any) -> None:
    """The first part of a file that says it is longer."""
    whole = make_clip(path.with_name(f".whole{path.suffix}"), **clip)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 4])
    whole.unlink()


def _truncated_mkv(path: Path) -> None:
    _half(path, video="mpeg4", audio=("mp3",), seconds=40)


def _truncated_but_copied(path: Path) -> None:
    _half(path, audio=("ac3-stereo",), seconds=40)


def _truncated_mp4(path: Path) -> None:
    """The index stands at the end, and the end is missing."""
    _half(path, audio=("aac",), seconds=10)


def _encrypted(path: Path) -> None:
    clear = make_clip(path.with_name(".clear.mp4"), audio=("aac",))
    key = [
        "-encryption_key",
        "76a6c65c5ea762046bd749a2e632ccbb",
        "-encryption_kid",
        "a7e61c373e219033c21091fa607bf3b8",
    ]
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-i",
        clear,
        "-c",
        "copy",
        "-encryption_scheme",
        "cenc-aes-ctr",
        *key,
    ]
    subprocess.run([*argv, path], check=True, stdin=subprocess.DEVNULL)
    clear.unlink()


BAD: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "random.mkv": (_random, "source_unreadable", "no film|damaged"),
    "text.mp4": (_text, "source_unreadable", "no film|damaged"),
    "truncated.mkv": (_truncated_mkv, "source_unreadable", "truncated"),
    "copied.mkv": (_truncated_but_copied, "source_unreadable", "truncated"),
    "truncated.mp4": (_truncated_mp4, "source_unreadable", "damaged"),
    "encrypted.mp4": (_encrypted, "unsupported_media", "protect"),
}


async def test_each_bad_film_says_what_is_wrong_and_the_good_one_is_converted(films: Path, state: Path) -> None:
    for name, (make, _, _) in BAD.items():
        make(films / name)
    make_clip(films / "good.mkv", audio=("ac3",))
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in films.iterdir()}
    async with calm(films, state=state) as daemon:
        jobs = await daemon.finished(len(BAD) + 1)
    assert jobs["good.mkv"]["status"] == "completed"
    for name, (_, code, words) in BAD.items():
        job = jobs[name]
        assert (job["status"], job["error"]) == ("failed", code), job
        assert any(word in job["message"] for word in words.split("|")), job["message"]
        assert len([line for line in daemon.said if name in line]) == 1, "one line in the log for each"
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in films.iterdir()}
    assert after.pop("good_chromecast.mkv")
    assert after == before


async def test_an_empty_film_waits_for_its_contents_and_says_so(films: Path, state: Path) -> None:
    (films / "empty.mkv").touch()
    async with calm(films, state=state) as daemon:
        (job,) = await daemon.until(lambda jobs: len(jobs) == 1)
        assert (job["status"], job["error"]) == ("pending", None)
        assert "empty" in job["reason"]
        make_clip(films / "good.mkv", audio=("ac3",))
        await daemon.finished(1)
        (films / "empty.mkv").write_bytes((films / "good.mkv").read_bytes())
        jobs = await daemon.finished(2)
        assert {(job["status"], job["reason"]) for job in jobs.values()} == {("completed", None)}


async def test_damage_is_accepted_where_the_folder_says_so(films: Path, state: Path) -> None:
    _truncated_mkv(films / "truncated.mkv")
    config = f'[queue]\nmin_free_gib = 0\n[[folder]]\npath = "{films}"\naccept_damaged = true\n'
    async with calm(state=state, config=config) as daemon:
        job = (await daemon.finished(1))["truncated.mkv"]
    assert job["status"] == "completed", job
    assert (films / "truncated_chromecast.mkv").exists()


async def test_what_is_no_regular_file_is_let_be(tmp_path: Path, films: Path, state: Path) -> None:
    outside = make_clip(tmp_path / "outside.mkv", audio=("ac3",))
    (films / "folder.mkv").mkdir()
    make_clip(films / "folder.mkv" / "inner.mkv", audio=("ac3",))
    os.mkfifo(films / "pipe.mkv")
    (films / "link.mkv").symlink_to(outside)
    (films / "dangling.mkv").symlink_to(tmp_path / "nowhere.mkv")
    (films / "round.mkv").symlink_to("round.mkv")
    (films / "linked").symlink_to(tmp_path)
    async with calm(films, state=state) as daemon:
        await daemon.finished(1)
        make_clip(films / "last.mkv", audio=("ac3",))
        jobs = await daemon.finished(2)
        refused = [
            await _submit(daemon, films / name) for name in ("pipe.mkv", "link.mkv", "dangling.mkv", "round.mkv")
        ]
        refused += [await _submit(daemon, path) for path in (films / "folder.mkv", films / "linked" / "outside.mkv")]
    assert set(jobs) == {"inner.mkv", "last.mkv"}
    assert all(status == 400 and answer["error"] == "invalid_path" for status, answer in refused), refused
    assert (films / "folder.mkv" / "inner_chromecast.mkv").exists()
    assert not (tmp_path / "outside_chromecast.mkv").exists()
    assert not (films / "link_chromecast.mkv").exists()


async def _submit(daemon: Daemon, path: Path) -> tuple[int, Any]:
    return await daemon.post("/api/jobs/", {"path": str(path)})


async def test_the_shortest_films_are_converted_or_refused_but_never_lost(films: Path, state: Path) -> None:
    make_clip(films / "frame.mkv", video="mpeg4", audio=(), seconds=0.04)
    make_clip(films / "frame.mp4", video="mpeg4", audio=("mp3",), seconds=0.04)
    make_clip(films / "sound.mkv", video=None, audio=("ac3",))
    make_clip(films / "still.mkv", video=None, audio=("ac3",), extra=("-t", "0"))
    async with calm(films, state=state) as daemon:
        jobs = await daemon.finished(4)
    ends = {name: (job["status"], job["error"]) for name, job in jobs.items()}
    assert ends["frame.mkv"] == ("completed", None)
    assert ends["frame.mp4"] == ("completed", None)
    assert ends["sound.mkv"] in (("completed", None), ("failed", "unsupported_media"))
    assert ends["still.mkv"] == ("failed", "source_unreadable")
    for job in jobs.values():
        assert job["status"] == "completed" or job["message"], job


async def test_a_film_that_may_not_be_read_says_so_and_is_taken_up_when_it_may(films: Path, state: Path) -> None:
    shut = make_clip(films / "shut.mkv", audio=("ac3",))
    shut.chmod(0)
    make_clip(films / "good.mkv", audio=("ac3",))
    before = as_nobody(state.parent)
    config = f'[queue]\nmin_free_gib = 0\n[[folder]]\npath = "{films}"\nsettle_seconds = 1\n'
    async with calm(state=state, before=before, config=config) as daemon:
        jobs = await daemon.finished(2)
        assert jobs["good.mkv"]["status"] == "completed"
        assert (jobs["shut.mkv"]["status"], jobs["shut.mkv"]["error"]) == ("failed", "source_unreadable")
        assert "permission" in jobs["shut.mkv"]["message"].lower(), jobs["shut.mkv"]["message"]
        shut.chmod(0o644)
        assert (await daemon.post(f"/api/jobs/{jobs['shut.mkv']['id']}/retry/"))[0] == 200
        jobs = await daemon.until(lambda jobs: all(job["status"] == "completed" for job in jobs))
        assert len(jobs) == 2


async def test_a_folder_that_may_not_be_written_fails_its_films_with_the_remedy(films: Path, state: Path) -> None:
    other = films.parent / "other"
    other.mkdir()
    make_clip(films / "film.mkv", audio=("ac3",))
    make_clip(other / "good.mkv", audio=("ac3",))
    before = as_nobody(state.parent)
    films.chmod(0o555)
    config = "[queue]\nmin_free_gib = 0\nretries = 1\n"
    async with calm(films, other, state=state, before=before, config=config) as daemon:
        jobs = await daemon.finished(2, timeout=150)
        job = await daemon.get(f"/api/jobs/{jobs['film.mkv']['id']}/")
        assert jobs["good.mkv"]["status"] == "completed"
        assert job["status"] == "failed"
        assert job["error"] == "ffmpeg_error"
        assert "permissions" in job["message"], job["message"]
        films.chmod(0o755)
        assert (await daemon.post(f"/api/jobs/{job['id']}/retry/"))[0] == 200
        await daemon.until(lambda jobs: all(job["status"] == "completed" for job in jobs))
