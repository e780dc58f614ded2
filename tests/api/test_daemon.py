"""The whole daemon over its own sockets: real films, real ffmpeg, and the story that is told of them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mkv2castd.api import wire
from tests.api.conftest import closed_with
from tests.clips import make_clip
from tests.daemon import Daemon, Listener, running

PACE = "[video]\nquality = 'high'\n[queue]\nmin_free_gib = 0\nretries = 0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "films").mkdir()
    return tmp_path / "films"


async def first_job(listener: Listener) -> str:
    """The id of the next job that appears on /ws/jobs/."""
    update = await listener.until(lambda message: message["type"] == "job_update")
    job_id: str = update["job"]["id"]
    return job_id


def finished(message: dict[str, Any]) -> bool:
    return message["type"] == "status" and message["status"] in ("completed", "failed", "cancelled")


async def test_the_story_of_a_film_is_told_whole_in_order_and_at_a_bearable_pace(
    tmp_path: Path, folder: Path
) -> None:
    async with running(folder, state=tmp_path / "state", config=PACE) as daemon, daemon.listening() as jobs:
        make_clip(folder / "film.mkv", video="hevc", audio=["ac3"], seconds=12, size="640x360", subtitle="srt")
        job_id = await first_job(jobs)
        async with daemon.listening(f"/ws/conversion/{job_id}/") as socket:
            began = time.monotonic()
            done = await socket.until(finished)
            took = time.monotonic() - began
        await jobs.until(lambda told: told["type"] == "job_update" and told["job"]["status"] == "completed")
        shown = await daemon.get(f"/api/jobs/{job_id}/")
    decode = msgspec.json.Decoder(wire.Message, strict=True).decode
    for message in [*socket.heard, *jobs.heard]:
        decode(msgspec.json.encode(message))
    kinds = [message["type"] for message in socket.heard]
    assert kinds[0] == "status"
    assert kinds.count("analysis") == 1
    statuses = list(dict.fromkeys(message["status"] for message in socket.heard))
    assert statuses[-2:] == ["processing", "completed"]
    percents = [message["progress"] for message in socket.heard]
    assert percents == sorted(percents)
    assert [percent == 100 for percent in percents] == [False] * (len(percents) - 1) + [True]
    progress = [message for message in socket.heard if message["type"] == "progress"]
    assert 0 < len(progress) <= 2 * took + 2
    assert any(message["frame"] and message["time"] != "00:00:00.00" for message in progress)
    assert done["output_filename"] == shown["output_filename"] == "film_chromecast.mkv"
    assert done["output_size"] == (folder / "film_chromecast.mkv").stat().st_size
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["completed"]


async def test_a_film_that_cannot_be_read_is_told_as_the_structured_error(tmp_path: Path, folder: Path) -> None:
    async with running(folder, state=tmp_path / "state", config=PACE) as daemon, daemon.listening() as jobs:
        (tmp_path / "noise.mkv").write_bytes(bytes(range(256)) * 4096)
        (tmp_path / "noise.mkv").rename(folder / "noise.mkv")
        job_id = await first_job(jobs)
        async with daemon.listening(f"/ws/conversion/{job_id}/") as socket:
            error = await socket.until(lambda message: message["type"] == "error")
    assert (error["job_id"], error["status"], error["error"]) == (job_id, "failed", "source_unreadable")
    assert error["message"]


async def test_a_running_job_is_paused_resumed_cancelled_and_retried(tmp_path: Path, folder: Path) -> None:
    async with running(folder, state=tmp_path / "state", config=PACE) as daemon, daemon.listening() as jobs:
        make_clip(folder / "long.mkv", video="mpeg2", seconds=60, size="1280x720")
        address = f"/api/jobs/{await first_job(jobs)}"
        async with daemon.listening(address.replace("/api/jobs/", "/ws/conversion/") + "/") as socket:
            await socket.until(lambda message: message["type"] == "progress" and message["progress"] > 0)
            status, job = await daemon.post(f"{address}/pause/")
            assert (status, job["status"], job["paused"]) == (200, "processing", True)
            await socket.until(lambda message: message["type"] == "status" and message["paused"])
            assert (await daemon.post(f"{address}/resume/"))[1]["paused"] is False
            await socket.until(lambda message: message["type"] == "progress")
            await socket.socket.send_json({"action": "cancel"})
            answer = await socket.until(lambda message: message["type"] == "cancel_response")
            assert (answer["success"], answer["status"]) == (True, "cancelled")
            assert list(folder.iterdir()) == [folder / "long.mkv"]
            await socket.socket.send_json({"action": "cancel"})
            answer = await socket.until(lambda message: message["type"] == "cancel_response")
            assert (answer["success"], answer["error"]) == (False, "invalid_state")
            assert (await daemon.post(f"{address}/retry/"))[0] == 200
            await socket.until(lambda message: message["status"] == "processing")
            await stopped_in_time(daemon, socket)


async def stopped_in_time(daemon: Daemon, socket: Listener) -> None:
    """SIGTERM in mid-encode: the socket is told 1001, and nobody waits."""
    closing = asyncio.create_task(closed_with(socket.socket))
    began = time.monotonic()
    assert await daemon.stop() == 0
    assert time.monotonic() - began < 5
    assert await closing == 1001
