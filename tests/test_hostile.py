"""ffmpeg hangs, crashes, lies and refuses to die; disks fill up: told as it is, tried again, and nothing is left."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.clips import make_clip
from tests.daemon import Daemon
from tests.trouble import CONFIG, calm, encoding, fake, ffmpegs, fill, litter, slow_film, small_disk, soon, state_of

# three seconds, so that no film on a busy machine is taken for a hanging one
RETRY = "[queue]\nmin_free_gib = 0\nretries = 1\nstall_seconds = 3\n"


def _of_bad(script: str) -> str:
    """Only the films whose names begin so suffer. With the slash, since a job's id may have "bad" in it."""
    return f'case "$*" in */bad*) {script} ;; esac'


async def _show(daemon: Daemon, name: str) -> dict[str, Any]:
    (found,) = [job for job in await daemon.jobs() if job["filename"] == name]
    job: dict[str, Any] = await daemon.get(f"/api/jobs/{found['id']}/")
    return job


@pytest.mark.parametrize(
    ("script", "code", "words", "exit_code"),
    [
        ('echo "frame=1"; exec sleep 60', "stalled", "no progress", -9),
        ("kill -SEGV $$", "ffmpeg_error", "signal 11", -11),
        ('echo "Error during encoding: No VAAPI device available" >&2; exit 1', "ffmpeg_error", "code 1", 1),
        ('head -c 100000 /dev/urandom >"$target"; exit 0', "verify_failed", "", None),
        (': >"$target"; exit 0', "verify_failed", "", None),
        ('rm -f "$target"; exit 0', "verify_failed", "", None),
        (
            '"$real" "$@"; size=$(stat -c %s "$target"); truncate -s $((size / 2)) "$target"; exit 0',
            "verify_failed|source_unreadable",
            "",
            None,
        ),
    ],
    ids=["hangs", "crashes", "refuses", "garbage", "nothing", "removed", "half"],
)
async def test_what_ffmpeg_does_wrong_is_told_and_tried_again(
    films: Path, state: Path, tmp_path: Path, script: str, code: str, words: str, exit_code: int | None
) -> None:
    environment = fake(tmp_path / "bin", _of_bad(script))
    before = make_clip(films / "bad.mkv", video="mpeg4", audio=("mp3",), seconds=3).read_bytes()
    make_clip(films / "good.mkv", audio=("ac3",))
    async with calm(films, state=state, config=RETRY, environment=environment) as daemon:
        jobs = await daemon.finished(2)
        job = await _show(daemon, "bad.mkv")
        assert ffmpegs(daemon) == []
    assert jobs["good.mkv"]["status"] == "completed"
    assert job["status"] == "failed"
    assert job["error"] in code.split("|")
    assert words in job["message"]
    expected = 1 if job["error"] == "source_unreadable" else 2
    assert [one["outcome"] for one in job["attempts"]] == ["failed"] * expected
    assert [one["exit_code"] for one in job["attempts"]] == [exit_code] * expected
    assert (films / "bad.mkv").read_bytes() == before
    assert {path.name for path in films.iterdir()} == {"bad.mkv", "good.mkv", "good_chromecast.mkv"}


async def test_a_failure_is_told_on_the_socket_as_the_document_has_it(
    films: Path, state: Path, tmp_path: Path
) -> None:
    script = 'echo "Error during encoding: No VAAPI device available" >&2; sleep 0.5; exit 1'
    environment = fake(tmp_path / "bin", _of_bad(script))
    make_clip(films / "bad.mkv", audio=("ac3",))
    async with calm(films, state=state, config=RETRY, environment=environment) as daemon:
        (job,) = await daemon.until(len)
        async with daemon.listening(f"/ws/conversion/{job['id']}/") as listener:
            told = await listener.until(lambda told: told["type"] == "error")
        log = (await daemon.get(f"/api/jobs/{job['id']}/log/"))["log"]
    assert (told["job_id"], told["status"], told["error"]) == (job["id"], "failed", "ffmpeg_error")
    assert told["message"] == "FFmpeg process exited with code 1"
    assert "No VAAPI device available" in told["details"]
    assert log.count("No VAAPI device available") == 2, "each attempt"
    assert "$ ffmpeg" in log
    statuses = [one["status"] for one in listener.heard if one["type"] == "status"]
    assert "failed" not in statuses[:-1], "not said before the last try"


async def test_one_failure_of_two_is_no_failure(films: Path, state: Path, tmp_path: Path) -> None:
    once = tmp_path / "once"
    environment = fake(tmp_path / "bin", f"[ -e {once} ] || {{ touch {once}; kill -SEGV $$; }}")
    make_clip(films / "film.mkv", audio=("ac3",))
    async with calm(films, state=state, config=RETRY, environment=environment) as daemon:
        await daemon.finished(1)
        job = await _show(daemon, "film.mkv")
    assert (job["status"], job["error"]) == ("completed", None)
    assert [one["outcome"] for one in job["attempts"]] == ["failed", "completed"]


async def test_an_ffmpeg_that_ignores_sigterm_is_gone_when_cancel_answers(
    films: Path, state: Path, tmp_path: Path
) -> None:
    script = 'trap "" TERM; echo frame=1; touch "$target"; sleep 60 & echo $! >"$target.pid"; wait; wait'
    environment = fake(tmp_path / "bin", script)
    make_clip(films / "film.mkv", audio=("ac3",))
    async with calm(films, state=state, environment=environment) as daemon:
        file = await soon(lambda: next((path for path in films.glob(".*.pid") if path.read_text()), None))
        (leader,) = ffmpegs(daemon)
        grandchild = int(file.read_text())
        file.unlink()
        (job,) = await daemon.jobs()
        status, answer = await daemon.post(f"/api/jobs/{job['id']}/cancel/")
        assert (status, answer["status"]) == (200, "cancelled")
        assert state_of(leader) == state_of(grandchild) == "gone"
        assert litter(films) == []


async def test_an_ffprobe_that_hangs_stops_nobody_else(films: Path, state: Path, tmp_path: Path) -> None:
    environment = fake(tmp_path / "bin", _of_bad("exec sleep 60"), "ffprobe")
    for number in range(3):
        make_clip(films / f"bad{number}.mkv", audio=("ac3",))
    make_clip(films / "good.mkv", audio=("ac3",))
    async with calm(films, state=state, config=RETRY, environment=environment) as daemon:
        jobs = await daemon.finished(4)
        assert jobs["good.mkv"]["status"] == "completed"
        for number in range(3):
            job = jobs[f"bad{number}.mkv"]
            assert (job["status"], job["error"]) == ("failed", "stalled")
            assert "ffprobe" in job["message"]


async def test_an_ffmpeg_that_goes_away_costs_no_film(films: Path, state: Path, tmp_path: Path) -> None:
    environment = fake(tmp_path / "bin", "")
    fake(tmp_path / "bin", "", "ffprobe")
    for name in ("setpriv", "sh"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    environment["PATH"] = str(tmp_path / "bin")
    async with calm(films, state=state, environment=environment) as daemon:
        (tmp_path / "bin" / "ffmpeg").rename(tmp_path / "bin" / "ffmpeg.new")
        make_clip(films / "film.mkv", audio=("ac3",))
        (job,) = await daemon.until(lambda jobs: bool(jobs and jobs[0]["reason"]))
        assert job["status"] == "analyzing"
        assert "apt install ffmpeg" in job["reason"]
        (tmp_path / "bin" / "ffmpeg.new").rename(tmp_path / "bin" / "ffmpeg")
        os.kill(daemon.pid, signal.SIGHUP)
        job = (await daemon.finished(1))["film.mkv"]
        assert (job["status"], job["reason"]) == ("completed", None)


async def test_a_disk_that_fills_up_costs_an_attempt_and_says_so(films: Path, state: Path) -> None:
    slow_film(films / "film.mkv")
    with small_disk(films.parent / "cast", 2) as cast:
        config = f'{CONFIG}retries = 0\n[[folder]]\npath = "{films}"\noutput = "{cast}"\n'
        async with calm(state=state, config=config) as daemon:
            job = (await daemon.finished(1))["film.mkv"]
            assert (job["status"], job["error"]) == ("failed", "no_space"), job
            assert "make room" in job["message"]
            assert list(cast.iterdir()) == []
            make_clip(films / "small.mkv", audio=("ac3",))
            assert (await daemon.finished(2))["small.mkv"]["status"] == "completed"


async def test_where_room_is_short_films_wait_say_why_and_go_on(films: Path, state: Path) -> None:
    config = '[queue]\nmin_free_gib = {}\n[[folder]]\npath = "{}"\noutput = "{}"\n'
    make_clip(films / "film.mkv", audio=("ac3",))
    with small_disk(films.parent / "cast", 8) as cast:
        async with calm(state=state, config=config.format(0.005, films, cast)) as daemon:
            assert (await daemon.finished(1))["film.mkv"]["status"] == "completed"
            fill(cast / "ballast")
            make_clip(films / "next.mkv", audio=("ac3",))
            jobs = await daemon.until(lambda jobs: any(job["reason"] for job in jobs))
            (job,) = [job for job in jobs if job["filename"] == "next.mkv"]
            assert job["status"] == "queued"
            assert "min_free_gib" in job["reason"]
            assert "make room" in job["reason"]
            (cast / "ballast").unlink()
            (state.parent / "state.toml").write_text(config.format(0, films, cast))
            os.kill(daemon.pid, signal.SIGHUP)
            assert (await daemon.finished(2, timeout=10))["next.mkv"]["status"] == "completed"


async def test_a_stopped_ffmpeg_does_not_outlive_the_daemon(films: Path, state: Path) -> None:
    slow_film(films / "film.mkv")
    async with calm(films, state=state) as daemon:
        job = await encoding(daemon, "film.mkv")
        assert (await daemon.post(f"/api/jobs/{job['id']}/pause/"))[0] == 200
        (pid,) = ffmpegs(daemon)
        await soon(lambda: state_of(pid) == "T")
        assert await daemon.stop() == 0
        assert state_of(pid) == "gone"
