"""`/ws/conversion/{job_id}/`, told by a daemon in memory: each message against the reference, in its order."""

from __future__ import annotations

from typing import Any

import pytest

from mkv2castd.model import JobStatus, Stage
from tests.api.conftest import Client, closed_with, receive, receive_until
from tests.api.fakes import FakeDaemon

# The reference's own examples: field → the type of its value in JSON.
PROGRESS = {
    "type": str,
    "job_id": str,
    "status": str,
    "progress": float,
    "stage": str,
    "eta_seconds": int,
    "speed": str,
    "frame": int,
    "fps": float,
    "size": int,
    "time": str,
    "bitrate": str,
}
STATUS = {"type": str, "job_id": str, "status": str, "output_filename": str, "output_size": int, "duration": int}
ANALYSIS = {"type": str, "job_id": str, "streams": dict}
VIDEO = {
    "codec": str,
    "width": int,
    "height": int,
    "duration": float,
    "bitrate": int,
    "action": str,
    "target_codec": str,
}
AUDIO = {"codec": str, "channels": int, "sample_rate": int, "action": str, "target_codec": str}
COPIED_AUDIO = {"codec": str, "channels": int, "sample_rate": int, "action": str}
SUBTITLE = {"codec": str, "language": str, "action": str}
ERROR = {"type": str, "job_id": str, "status": str, "error": str, "message": str, "details": str}
EVERY_MESSAGE = {"type": str, "job_id": str, "status": str, "progress": float}


def must_agree(message: dict[str, Any], table: dict[str, type]) -> None:
    """Every field of the table is there with exactly its type."""
    found = {name: type(message.get(name)) for name in table}
    assert found == table, message


async def test_a_job_is_told_from_its_start_to_its_end(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    assert (await receive(socket))["status"] == "queued"
    daemon.start(job.id)
    status, analysis = await receive(socket), await receive(socket)
    assert (status["type"], status["status"], status["stage"]) == ("status", "processing", "transcoding")
    must_agree(analysis, ANALYSIS)
    daemon.report(job.id)
    progress = await receive(socket)
    must_agree(progress, PROGRESS)
    daemon.complete(job.id)
    done = await receive(socket)
    must_agree(done, STATUS)
    for message in (status, analysis, progress, done):
        must_agree(message, EVERY_MESSAGE)
        assert message["job_id"] == str(job.id)
    assert (done["output_filename"], done["output_size"], done["duration"]) == (
        "movie_chromecast.mkv",
        943718400,
        900,
    )
    assert (done["status"], done["progress"]) == ("completed", 100.0)


async def test_progress_says_exactly_what_the_reference_says(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    daemon.start(job.id)
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    await receive_until(socket, "analysis")
    daemon.report(job.id)
    progress = await receive(socket)
    expected = {
        "type": "progress",
        "job_id": str(job.id),
        "status": "processing",
        "progress": 45.5,
        "stage": "transcoding",
        "eta_seconds": 120,
        "speed": "2.5x",
        "frame": 12345,
        "fps": 45.2,
        "size": 524288000,
        "time": "00:05:30.00",
        "bitrate": "8000kbits/s",
    }
    assert {name: progress[name] for name in expected} == expected
    assert (progress["eta"], progress["error"]) == (120, None)


async def test_the_analysis_has_the_structure_of_the_reference(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    daemon.start(job.id)
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    analysis = (await receive_until(socket, "analysis"))[-1]
    streams = analysis["streams"]
    must_agree(streams["video"], VIDEO)
    must_agree(streams["audio"][0], AUDIO)
    must_agree(streams["audio"][1], COPIED_AUDIO)
    assert "target_codec" not in streams["audio"][1]
    must_agree(streams["subtitle"][0], SUBTITLE)
    assert [(one["action"], one["codec"]) for one in streams["audio"]] == [("transcode", "dts"), ("copy", "aac")]
    assert [(one["kind"], one["reason"]) for one in streams["other"]] == [
        ("video", "cover art"),
        ("attachment", "a font"),
    ]
    assert (analysis["container"], analysis["profile"], analysis["skipped"]) == ("mkv", ["chromecast"], False)
    assert streams["audio"][1]["language"] == "fre"
    assert streams["subtitle"][0]["title"] == "SDH"


async def test_a_failure_is_a_status_and_then_the_structured_error(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    daemon.start(job.id)
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    await receive_until(socket, "analysis")
    daemon.fail(job.id)
    status, error = await receive(socket), await receive(socket)
    assert (status["type"], status["status"], status["error"]) == ("status", "failed", "ffmpeg_error")
    must_agree(error, ERROR)
    must_agree(error, EVERY_MESSAGE)
    assert (error["type"], error["status"], error["error"]) == ("error", "failed", "ffmpeg_error")
    assert error["message"] == "FFmpeg process exited with code 1"
    assert error["details"] == "Error during encoding: No VAAPI device available"


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_client_that_comes_back_is_told_the_present_state(
    client: Client, daemon: FakeDaemon, slash: str
) -> None:
    job = daemon.add()
    daemon.start(job.id)
    daemon.report(job.id, 61.5)
    socket = await client.socket(f"/ws/conversion/{job.id}{slash}")
    told = [await receive(socket) for _ in range(3)]
    assert [message["type"] for message in told] == ["status", "analysis", "progress"]
    assert [message["progress"] for message in told] == [61.5, 61.5, 61.5]
    await socket.close()
    daemon.fail(job.id)
    socket = await client.socket(f"/ws/conversion/{job.id}{slash}")
    assert [(await receive(socket))["type"] for _ in range(3)] == ["status", "analysis", "error"]


async def test_a_change_during_the_connect_is_told_once_and_after_the_state(
    client: Client, daemon: FakeDaemon
) -> None:
    job = daemon.add()
    daemon.gate.clear()
    daemon.reading.clear()
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    await daemon.reading.wait()
    daemon.start(job.id)  # newer than what was read
    daemon.report(job.id, 3.0)
    daemon.gate.set()
    told = [await receive(socket) for _ in range(4)]
    assert [(one["type"], one["status"]) for one in told] == [
        ("status", "queued"),
        ("status", "processing"),
        ("analysis", "processing"),
        ("progress", "processing"),
    ]
    daemon.complete(job.id)
    assert (await receive(socket))["status"] == "completed"


async def test_a_socket_outlives_the_end_of_its_job_for_a_retry(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    daemon.start(job.id)
    daemon.fail(job.id)
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    await receive_until(socket, "error")
    await daemon.retry(job.id)
    status = await receive(socket)
    assert (status["status"], status["error"], status["progress"]) == ("queued", None, 0.0)


async def test_another_job_is_not_told(client: Client, daemon: FakeDaemon) -> None:
    mine, other = daemon.add("mine.mkv"), daemon.add("other.mkv")
    socket = await client.socket(f"/ws/conversion/{mine.id}/")
    await receive(socket)
    daemon.start(other.id)
    daemon.report(other.id)
    daemon.start(mine.id)
    assert (await receive(socket))["job_id"] == str(mine.id)


async def test_a_stage_or_a_pause_is_told_as_status(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    daemon.start(job.id)
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    await receive_until(socket, "analysis")
    daemon.change(job.id, paused=True)
    assert (await receive(socket))["paused"] is True
    daemon.change(job.id, stage=Stage.VERIFYING)
    assert (await receive(socket))["stage"] == "verifying"


async def test_a_film_that_plays_already_is_completed_and_skipped(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add(status=JobStatus.ANALYZING)
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    assert (await receive(socket))["skipped"] is False
    daemon.change(job.id, JobStatus.COMPLETED, skipped=True, reason="plays on every Chromecast as it is")
    status = await receive(socket)
    assert (status["status"], status["skipped"], status["progress"]) == ("completed", True, 100.0)
    assert status["reason"] == "plays on every Chromecast as it is"


async def test_one_hundred_percent_is_said_only_by_a_completed_job(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    daemon.start(job.id)
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    await receive_until(socket, "analysis")
    daemon.report(job.id, 99.97)
    assert (await receive(socket))["progress"] == 99.9


async def test_the_dialect_of_the_web_front_end(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    daemon.start(job.id)
    daemon.report(job.id)
    socket = await client.socket(f"/ws/conversion/{job.id}/?dialect=ui")
    for message in [await receive(socket) for _ in range(3)]:
        assert {"progress", "status", "stage", "eta", "speed", "fps", "bitrate", "error"} <= message.keys()
        assert message["speed"] == 2.5
    daemon.fail(job.id)
    status, error = await receive(socket), await receive(socket)
    assert status["error"] == error["error"] == "FFmpeg process exited with code 1"


async def test_names_that_are_not_utf8_are_told_readably(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add("caf\udce9.mkv")
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    assert (await receive(socket))["filename"] == "caf�.mkv"
    daemon.change(job.id, reason="caf\udce9 is odd")
    assert (await receive(socket))["reason"] == "caf� is odd"


async def test_actions_status_and_cancel(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    await receive(socket)
    await socket.send_json({"action": "status"})
    assert (await receive(socket))["type"] == "status"
    await socket.send_json({"action": "cancel"})
    told = await receive_until(socket, "cancel_response")
    assert [(one["type"], one["status"]) for one in told] == [
        ("status", "cancelled"),
        ("cancel_response", "cancelled"),
    ]
    assert told[-1]["success"] is True
    await socket.send_json({"action": "cancel"})
    refused = await receive(socket)
    must_agree(refused, EVERY_MESSAGE)
    assert (refused["success"], refused["error"]) == (False, "invalid_state")


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "hello",
        "[]",
        "null",
        "{}",
        '{"action": 1}',
        '{"action": "dance"}',
        "[" * 60_000,
        '{"x":' * 9_000,
        b"\x00\x01",
    ],
)
async def test_what_makes_no_sense_is_answered_and_the_socket_stays_open(
    client: Client, daemon: FakeDaemon, sent: str | bytes
) -> None:
    job = daemon.add()
    for path in (f"/ws/conversion/{job.id}/", "/ws/jobs/"):
        socket = await client.socket(path)
        await receive(socket)
        await (socket.send_bytes(sent) if isinstance(sent, bytes) else socket.send_str(sent))
        answer = await receive(socket)
        assert (answer["type"], answer["error"]) == ("error", "invalid_request")
        assert answer["message"]
        assert ("job_id" in answer) == ("conversion" in path)
        await socket.send_json({"action": "status" if "conversion" in path else "refresh"})
        assert (await receive(socket))["type"] in ("status", "jobs_list")
        await socket.close()


@pytest.mark.parametrize("name", ["unknown", "550e8400", "7a70032b-f203-4273-95b4-95fc30c98128"])
async def test_a_job_that_does_not_exist_is_said_and_closed_with_4004(client: Client, name: str) -> None:
    socket = await client.socket(f"/ws/conversion/{name}/")
    error = await receive(socket)
    assert (error["type"], error["error"], error["job_id"]) == ("error", "no_such_job", name)
    assert await closed_with(socket) == 4004


async def test_a_job_that_is_removed_ends_its_sockets_with_4004(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    await receive(socket)
    await daemon.remove(job.id)
    error = await receive(socket)
    assert (error["type"], error["error"]) == ("error", "no_such_job")
    assert await closed_with(socket) == 4004
