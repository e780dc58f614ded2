"""`/ws/jobs/`: the list on connect, an update for every change, nothing missed and nothing stale."""

from __future__ import annotations

from mkv2castd.model import JobStatus
from tests.api.conftest import Client, receive, receive_until
from tests.api.fakes import FakeDaemon

JOB = {
    "id": str,
    "filename": str,
    "original_filename": str,
    "status": str,
    "progress": float,
    "stage": str,
    "current_stage": str,
    "eta_seconds": int,
    "speed": str,
    "folder": str,
    "path": str,
    "priority": int,
    "paused": bool,
    "skipped": bool,
    "created_at": str,
    "started_at": str,
}


async def test_the_list_comes_first_and_then_every_change(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    socket = await client.socket("/ws/jobs/")
    listing = await receive(socket)
    assert (listing["type"], listing["paused"]) == ("jobs_list", False)
    assert [one["id"] for one in listing["jobs"]] == [str(job.id)]
    daemon.start(job.id)
    daemon.report(job.id)
    daemon.complete(job.id)
    told = [await receive(socket) for _ in range(3)]
    assert [one["type"] for one in told] == ["job_update"] * 3
    assert [(one["job"]["status"], one["job"]["progress"]) for one in told] == [
        ("processing", 0.0),
        ("processing", 45.5),
        ("completed", 100.0),
    ]
    working = told[1]["job"]
    assert {name: type(working[name]) for name in JOB} == JOB
    assert (working["filename"], working["path"]) == ("movie.mkv", "/srv/media/incoming/movie.mkv")
    assert (working["created_at"], working["speed"]) == ("2023-11-14T22:13:20.250Z", "2.5x")
    done = told[2]["job"]
    assert (done["output_filename"], done["output_size"], done["duration"]) == (
        "movie_chromecast.mkv",
        943718400,
        900,
    )
    assert done["finished_at"] == "2023-11-14T22:30:00.000Z"


async def test_new_jobs_removed_jobs_and_the_queue_are_told(client: Client, daemon: FakeDaemon) -> None:
    socket = await client.socket("/ws/jobs")
    assert (await receive(socket))["jobs"] == []
    job = daemon.add(status=JobStatus.PENDING)
    assert (await receive(socket))["job"]["status"] == "pending"
    await daemon.pause_queue()
    assert await receive(socket) == {"type": "queue", "paused": True}
    await daemon.remove(job.id)
    assert await receive(socket) == {"type": "job_removed", "job_id": str(job.id)}


async def test_a_failure_carries_its_code_and_its_sentence(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    socket = await client.socket("/ws/jobs/")
    await receive(socket)
    daemon.start(job.id)
    daemon.fail(job.id)
    told = [await receive(socket) for _ in range(2)][-1]["job"]
    assert (told["status"], told["error"]) == ("failed", "ffmpeg_error")
    assert told["message"] == "FFmpeg process exited with code 1"


async def test_a_change_while_the_list_is_read_is_told_after_it_and_only_if_newer(
    client: Client, daemon: FakeDaemon
) -> None:
    first, second = daemon.add("first.mkv"), daemon.add("second.mkv")
    daemon.gate.clear()
    daemon.reading.clear()
    socket = await client.socket("/ws/jobs/")
    await daemon.reading.wait()
    daemon.start(first.id)
    daemon.gate.set()
    assert {one["status"] for one in (await receive(socket))["jobs"]} == {"queued"}
    assert (await receive(socket))["job"]["status"] == "processing"
    daemon.start(second.id)
    assert (await receive(socket))["job"]["filename"] == "second.mkv"


async def test_refresh_brings_the_list_again_and_no_older_update_after_it(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    socket = await client.socket("/ws/jobs/")
    await receive(socket)
    daemon.gate.clear()
    daemon.reading.clear()
    await socket.send_json({"action": "refresh"})
    await daemon.reading.wait()
    daemon.change(job.id, priority=5)
    daemon.gate.set()
    told = await receive_until(socket, "job_update")
    assert [one["type"] for one in told] == ["jobs_list", "job_update"]
    assert (told[0]["jobs"][0]["priority"], told[1]["job"]["priority"]) == (0, 5)


async def test_progress_of_a_job_that_ran_before_the_server_came_up_is_told(daemon: FakeDaemon) -> None:
    from aiohttp import ClientSession

    from mkv2castd.api.http import serve

    job = daemon.add()
    daemon.start(job.id)
    async with serve(daemon, ["127.0.0.1:0"]) as served, ClientSession() as session:
        socket = await Client(session, served.addresses[0]).socket("/ws/jobs/")
        await receive(socket)
        daemon.report(job.id)
        assert (await receive(socket))["job"]["progress"] == 45.5
