"""Cancel, pause, resume, retry, priorities and deletion on the real daemon, while real ffmpegs are at work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.clips import make_clip
from tests.daemon import Daemon
from tests.trouble import calm, encoding, fake, ffmpegs, litter, slow_film, soon, state_of


async def _do(daemon: Daemon, job: dict[str, Any], verb: str) -> dict[str, Any]:
    status, answer = await daemon.post(f"/api/jobs/{job['id']}/{verb}/")
    assert status == 200, answer
    found: dict[str, Any] = answer
    return found


async def _named(daemon: Daemon, name: str, status: str) -> dict[str, Any]:
    def there(jobs: list[dict[str, Any]]) -> bool:
        return any((job["filename"], job["status"]) == (name, status) for job in jobs)

    return next(job for job in await daemon.until(there) if job["filename"] == name)


async def test_a_cancelled_encode_is_gone_with_all_that_it_had_made(films: Path, state: Path) -> None:
    slow_film(films / "film.mkv")
    async with calm(films, state=state) as daemon:
        job = await encoding(daemon, "film.mkv")
        (pid,) = ffmpegs(daemon)
        async with daemon.listening(f"/ws/conversion/{job['id']}/") as listener:
            assert (await _do(daemon, job, "cancel"))["status"] == "cancelled"
            assert state_of(pid) == "gone"
            assert litter(films) == []
            told = await listener.until(lambda told: told["type"] == "status" and told["status"] == "cancelled")
        assert told["error"] == "cancelled"
        status, answer = await daemon.post(f"/api/jobs/{job['id']}/cancel/")
        assert (status, answer["error"]) == (409, "invalid_state")
        shown = await daemon.get(f"/api/jobs/{job['id']}/")
        assert [one["outcome"] for one in shown["attempts"]] == ["cancelled"]
    assert [path.name for path in films.iterdir()] == ["film.mkv"]
    async with calm(films, state=state) as daemon:
        assert [job["status"] for job in await daemon.jobs()] == ["cancelled"], "also after a restart"


async def test_a_client_cancels_on_its_socket(films: Path, state: Path) -> None:
    slow_film(films / "film.mkv")
    async with calm(films, state=state) as daemon:
        job = await encoding(daemon, "film.mkv")
        async with daemon.listening(f"/ws/conversion/{job['id']}/") as listener:
            await listener.socket.send_json({"action": "cancel"})
            told = await listener.until(lambda told: told["type"] == "cancel_response")
        assert (told["success"], told["status"]) == (True, "cancelled")
        assert ffmpegs(daemon) == []


@pytest.mark.alone
async def test_a_paused_encode_stands_still_and_goes_on_where_it_was(films: Path, state: Path) -> None:
    slow_film(films / "film.mkv", 12)
    config = "[queue]\nmin_free_gib = 0\nstall_seconds = 2\n"
    async with calm(films, state=state, config=config) as daemon:
        job = await encoding(daemon, "film.mkv")
        (pid,) = ffmpegs(daemon)
        assert (await _do(daemon, job, "pause"))["paused"] is True
        await soon(lambda: state_of(pid) == "T")
        first = await daemon.get(f"/api/jobs/{job['id']}/")
        async with daemon.listening(f"/ws/conversion/{job['id']}/") as listener:
            # longer than it may stand still by itself
            with pytest.raises(TimeoutError):
                await listener.until(
                    lambda told: told["type"] == "progress" and told["progress"] > first["progress"], 3
                )
            again = await daemon.get(f"/api/jobs/{job['id']}/")
            assert (again["status"], again["paused"]) == ("processing", True)
            assert again["progress"] == first["progress"]
        async with daemon.listening(f"/ws/conversion/{job['id']}/") as listener:
            assert (await _do(daemon, job, "resume"))["paused"] is False
            assert state_of(pid) != "T"
            told = await listener.until(lambda told: told["status"] == "completed")
        shares = [told["progress"] for told in listener.heard]
        assert shares == sorted(shares)
        assert shares[0] >= first["progress"]
        assert told["progress"] == 100
        shown = await daemon.get(f"/api/jobs/{job['id']}/")
        assert [one["outcome"] for one in shown["attempts"]] == ["completed"]


async def test_a_job_that_waits_can_be_paused_cancelled_and_moved_up(films: Path, state: Path) -> None:
    slow_film(films / "a.mkv")
    async with calm(films, state=state) as daemon:
        first = await encoding(daemon, "a.mkv", 0)
        names = ["b.mkv", "c.mkv", "d.mkv", "e.mkv"]
        jobs = {}
        for name in names:
            make_clip(films / name, video="mpeg4", audio=("mp3",))
            jobs[name] = await _named(daemon, name, "queued")
        await _do(daemon, jobs["b.mkv"], "pause")
        assert (await _do(daemon, jobs["c.mkv"], "cancel"))["status"] == "cancelled"
        status, answer = await daemon.post(f"/api/jobs/{jobs['e.mkv']['id']}/priority/", {"priority": 5})
        assert (status, answer["priority"]) == (200, 5)
        await _do(daemon, first, "cancel")
        done = await daemon.until(lambda all_: sum(job["status"] == "completed" for job in all_) == 2)
        ended = {job["filename"]: job for job in done}
        assert ended["e.mkv"]["started_at"] < ended["d.mkv"]["started_at"]
        assert (ended["b.mkv"]["status"], ended["b.mkv"]["paused"]) == ("queued", True)
    async with calm(films, state=state) as daemon:
        (paused,) = [job for job in await daemon.jobs() if job["paused"]]
        assert paused["filename"] == "b.mkv"
        await _do(daemon, paused, "resume")
        await _named(daemon, "b.mkv", "completed")


async def test_a_paused_queue_stays_so_over_a_restart(films: Path, state: Path) -> None:
    slow_film(films / "film.mkv", 12)
    async with calm(films, state=state) as daemon:
        async with daemon.listening() as listener:
            await listener.until(lambda told: told["type"] == "job_update" and told["job"]["progress"] > 1)
            (pid,) = ffmpegs(daemon)
            assert await daemon.post("/api/queue/pause/") == (200, {"paused": True})
            await listener.until(lambda told: told["type"] == "queue" and told["paused"])
        await soon(lambda: state_of(pid) == "T")
        make_clip(films / "next.mkv", audio=("ac3",))
        await _named(daemon, "next.mkv", "queued")
    assert "paused = true" in (state / "runtime.toml").read_text()
    async with calm(films, state=state) as daemon:
        make_clip(films / "last.mkv", audio=("ac3",))
        await _named(daemon, "last.mkv", "queued")
        assert ffmpegs(daemon) == []
        assert {job["status"] for job in await daemon.jobs()} == {"queued"}
        assert await daemon.post("/api/queue/resume/") == (200, {"paused": False})
        jobs = await daemon.finished(3)
        assert {job["status"] for job in jobs.values()} == {"completed"}


async def test_one_slot_works_in_the_order_of_priority_and_arrival(films: Path, state: Path, tmp_path: Path) -> None:
    low, high = tmp_path / "low", tmp_path / "high"
    low.mkdir()
    high.mkdir()
    config = "[queue]\nmin_free_gib = 0\npaused = true\n"
    config += f'[[folder]]\npath = "{low}"\npriority = -1\n[[folder]]\npath = "{high}"\npriority = 1\n'
    order = [low / "z.mkv", films / "b.mkv", high / "y.mkv", films / "a.mkv", high / "x.mkv"]
    async with calm(films, state=state, config=config) as daemon:
        for path in order:
            make_clip(path, video="mpeg4", audio=("mp3",))
            await _named(daemon, path.name, "queued")
        await daemon.post("/api/queue/resume/")
        jobs = await daemon.finished(5)
    began = sorted(jobs.values(), key=lambda job: str(job["started_at"]))
    assert [job["filename"] for job in began] == ["y.mkv", "x.mkv", "b.mkv", "a.mkv", "z.mkv"]


async def test_retry_log_and_deletion_of_a_failed_job(films: Path, state: Path, tmp_path: Path) -> None:
    flag = tmp_path / "broken"
    flag.touch()
    environment = fake(tmp_path / "bin", f'[ -e {flag} ] && {{ echo "the fan is loose" >&2; exit 1; }}')
    make_clip(films / "film.mkv", audio=("ac3",))
    config = "[queue]\nmin_free_gib = 0\nretries = 0\n"
    async with calm(films, state=state, config=config, environment=environment) as daemon:
        job = (await daemon.finished(1))["film.mkv"]
        assert job["status"] == "failed"
        flag.unlink()
        again = await _do(daemon, job, "retry")
        assert (again["id"], again["error"]) == (job["id"], None)
        job = await _named(daemon, "film.mkv", "completed")
        log = (await daemon.get(f"/api/jobs/{job['id']}/log/"))["log"]
        assert log.count("$ ffmpeg") == 2
        assert "the fan is loose" in log
        async with daemon.session.delete(f"{daemon.url}/api/jobs/{job['id']}/") as response:
            assert response.status == 204
        assert await daemon.jobs() == []
        assert list((state / "logs").iterdir()) == []
        make_clip(films / "other.mkv", audio=("ac3",))
        assert set(await daemon.finished(1)) == {"other.mkv"}, "a forgotten job's film stays known"
    assert (films / "film_chromecast.mkv").exists()


async def test_only_films_in_watched_folders_can_be_submitted(films: Path, state: Path, tmp_path: Path) -> None:
    film = make_clip(films / "film.mkv", audio=("ac3",))
    outside = make_clip(tmp_path / "outside.mkv", audio=("ac3",))
    async with calm(films, state=state) as daemon:
        done = (await daemon.finished(1))["film.mkv"]
        around = films / ".." / "outside.mkv"
        bad = [outside, around, films / "nowhere.mkv", films, Path("film.mkv"), Path("/etc/passwd")]
        for path in bad:
            status, answer = await daemon.post("/api/jobs/", {"path": str(path)})
            assert (status, answer["error"]) == (400, "invalid_path"), path
            status, answer = await daemon.post("/api/analyze/", {"path": str(path)})
            assert (status, answer["error"]) == (400, "invalid_path"), path
        status, job = await daemon.post("/api/jobs/", {"path": f"{films}/../films/film.mkv", "container": "mp4"})
        assert (status, job["path"]) == (201, str(film))
        assert job["id"] != done["id"]
        jobs = await daemon.until(lambda jobs: len(jobs) == 2 and all(job["status"] == "completed" for job in jobs))
        assert {job["output_filename"] for job in jobs} == {"film_chromecast.mkv", "film_chromecast.mp4"}
        status, told = await daemon.post("/api/analyze/", {"path": str(film), "profile": ["chromecast-1"]})
        assert (status, told["lane"], told["profile"]) == (200, "remux", ["chromecast-1"])
        assert told["streams"]["audio"][0]["action"] == "transcode"
        (films / "text.txt").write_text("text")
        status, answer = await daemon.post("/api/analyze/", {"path": str(films / "text.txt")})
        assert (status, answer["error"]) == (422, "source_unreadable")
    assert not os.path.lexists(tmp_path / "outside_chromecast.mkv")
