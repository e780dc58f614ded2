"""A reconnecting client and a React hook hear whole conversions from the real daemon, through restarts in mid-job."""

from __future__ import annotations

import json
import signal
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.clips import make_clip
from tests.daemon import Daemon, free_port, running
from tests.js.node import Node, needs_node, node

pytestmark = needs_node

Told = dict[str, Any]
STATUSES = {"pending", "analyzing", "queued", "processing", "completed"}
STAGES = {None, "analyzing", "waiting", "transcoding", "remuxing", "verifying", "finalizing"}


def a_long_film(films: Path) -> None:
    make_clip(films / "long.mkv", video="mpeg2", audio=("ac3-stereo",), seconds=25, size="640x360")


async def job_of(daemon: Daemon) -> str:
    async with daemon.listening() as listener:
        told = await listener.until(lambda told: told["type"] == "job_update" or bool(told.get("jobs")))
    job: Told = told.get("job") or told["jobs"][0]
    return str(job["id"])


def follow(daemon: Daemon, job_id: str, **options: int) -> AbstractAsyncContextManager[Node]:
    address = daemon.url.replace("http:", "ws:")
    return node("follow.mjs", f"{address}/ws/conversion/{job_id}/", json.dumps(options))


def is_progress(told: Told) -> bool:
    return bool(told["event"] == "progress" and told["data"]["progress"] > 1)


def is_completed(told: Told) -> bool:
    return bool(told["event"] == "status" and told["data"]["status"] == "completed")


def shows(rendered: Told, job_id: str) -> bool:
    return bool(
        rendered["connected"] and rendered["progress"] is not None and rendered["progress"]["job_id"] == job_id
    )


def sessions(heard: list[Told]) -> list[list[Told]]:
    """The messages of each connection."""
    found: list[list[Told]] = []
    for told in heard:
        if told["event"] == "open":
            found.append([])
        elif told["event"] == "message":
            found[-1].append(told["data"])
    return found


def rising(messages: list[Told]) -> bool:
    percents = [told["progress"] for told in messages if told["type"] == "progress"]
    return len(percents) > 1 and percents == sorted(percents)


def check_every_field(message: Told, job_id: str) -> None:
    """Names and types as the reference has them; a fact that is not known is null."""
    assert message["job_id"] == job_id
    assert message["status"] in STATUSES
    assert type(message["progress"]) in (int, float)
    assert 0 <= message["progress"] <= 100
    assert message["stage"] in STAGES
    forms: dict[str, dict[str, tuple[type, ...]]] = {
        "progress": {"eta_seconds": (int,), "speed": (str,), "frame": (int,), "fps": (float, int), "size": (int,)}
        | {"time": (str,), "bitrate": (str,), "eta": (int,)},
        "status": {"output_filename": (str,), "output_size": (int,), "duration": (int,)},
        "analysis": {"streams": (dict,)},
    }
    for name, types in forms[message["type"]].items():
        assert type(message[name]) in (*types, type(None)), (name, message)


async def test_a_client_hears_a_whole_conversion(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon:
        a_long_film(films)
        job_id = await job_of(daemon)
        async with follow(daemon, job_id) as client:
            end = (await client.until(is_completed))["data"]
            client.signal(signal.SIGTERM)
            await client.end()
        job = await daemon.get(f"/api/jobs/{job_id}/")
    messages = client.data("message")
    for message in messages:
        check_every_field(message, job_id)
    assert rising(messages)
    facts = ("eta_seconds", "speed", "frame", "fps", "size", "time", "bitrate")
    # how long verifying takes, nobody knows
    last = [told for told in client.data("progress") if told["stage"] == "transcoding"][-1]
    assert {name for name in facts if last[name] is None} == set()
    assert end["output_filename"] == "long_chromecast.mkv"
    assert end["output_size"] == (films / "long_chromecast.mkv").stat().st_size
    assert (end["progress"], end["duration"]) == (100, job["duration"])
    (streams,) = {json.dumps(told["streams"]): told["streams"] for told in client.data("analysis")}.values()
    assert (streams["video"]["codec"], streams["video"]["target_codec"]) == ("mpeg2video", "h264")
    assert [(one["codec"], one["action"], one["target_codec"]) for one in streams["audio"]] == [
        ("ac3", "transcode", "aac")
    ]


async def test_each_message_comes_as_message_and_under_its_type(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon:
        make_clip(films / "film.mkv", audio=("ac3",))
        async with follow(daemon, await job_of(daemon)) as client:
            await client.until(is_completed)
            client.signal(signal.SIGTERM)
            await client.end()
    heard = [told for told in client.heard if told["event"] not in ("open", "close")]
    pairs = list(zip(heard[::2], heard[1::2], strict=True))
    assert all(one["event"] == "message" and one["data"] == other["data"] for one, other in pairs)
    assert all(other["event"] == other["data"]["type"] for _, other in pairs)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
async def test_a_client_hears_the_end_of_its_job_through_a_restart_in_mid_job(
    films: Path, state: Path, ending: signal.Signals
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    async with running(films, state=state, listen=listen) as daemon:
        a_long_film(films)
        job_id = await job_of(daemon)
        async with follow(daemon, job_id, reconnectInterval=100, maxReconnectAttempts=300) as client:
            for _ in range(2):
                await client.until(is_progress)
            await daemon.stop(ending)
            # refused at least once before the daemon is there again
            await client.until(lambda told: told["event"] == "close" and told["attempts"] > 0)
            async with running(films, state=state, listen=listen) as again:
                assert (await client.until(lambda told: told["event"] == "open"))["attempts"] == 0
                end = (await client.until(is_completed))["data"]
                client.signal(signal.SIGTERM)
                await client.end()
                job = await again.get(f"/api/jobs/{job_id}/")
    before, after = sessions(client.heard)
    for message in before + after:
        check_every_field(message, job_id)
    assert rising(before)
    assert rising(after)
    assert [told["type"] for told in after[:2]] == ["status", "analysis"]
    assert "completed" not in {told["status"] for told in before}
    assert (end["output_size"], end["duration"]) == (job["output_size"], job["duration"])
    assert [one["outcome"] for one in job["attempts"]] == ["interrupted", "completed"]


async def test_a_client_that_was_away_when_its_job_ended_is_told_so_when_it_is_back(films: Path, state: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    async with running(films, state=state, listen=listen) as daemon:
        a_long_film(films)
        job_id = await job_of(daemon)
        async with follow(daemon, job_id, reconnectInterval=100) as client:
            await client.until(is_progress)
            client.signal(signal.SIGSTOP)
            await daemon.stop(signal.SIGKILL)
            async with running(films, state=state, listen=listen) as again:
                await again.finished(1)
                client.signal(signal.SIGCONT)
                await client.until(is_completed)
                client.signal(signal.SIGTERM)
                await client.end()
                job = await again.get(f"/api/jobs/{job_id}/")
    _, after = sessions(client.heard)
    assert [(told["type"], told["status"], told["progress"]) for told in after] == [
        ("status", "completed", 100),
        ("analysis", "completed", 100),
    ]
    assert after[0]["output_filename"] == job["output_filename"] == "long_chromecast.mkv"
    assert after[0]["output_size"] == job["output_size"]


async def test_where_nobody_answers_it_tries_as_often_as_it_may() -> None:
    options = json.dumps({"reconnectInterval": 10, "maxReconnectAttempts": 3})
    async with node("follow.mjs", f"ws://127.0.0.1:{free_port()}/ws/jobs/", options) as client:
        await client.end()
    assert [told["event"] for told in client.heard] == ["error", "close"] * 4
    assert [told["attempts"] for told in client.heard] == [0, 0, 1, 1, 2, 2, 3, 3]


async def test_a_closed_client_stays_closed(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon:
        make_clip(films / "film.mkv", audio=("ac3",))
        async with follow(daemon, await job_of(daemon), reconnectInterval=10) as client:
            await client.until(lambda told: told["event"] == "open")
            client.signal(signal.SIGTERM)
            await client.end()
    assert [told["event"] for told in client.heard].count("open") == 1
    assert client.heard[-1]["event"] == "close"


async def test_a_react_component_shows_a_job_to_its_end(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon:
        a_long_film(films)
        job_id = await job_of(daemon)
        async with node("render.mjs", daemon.url.removeprefix("http://")) as page:
            await page.until(lambda told: told["shown"] == "Connecting...")
            await page.say(job_id)
            await page.until(lambda told: told["progress"] is not None and told["progress"]["status"] == "completed")
            await page.end()
    shown = [told for told in page.heard if told["connected"] and told["progress"] is not None]
    for told in shown:
        check_every_field(told["progress"], job_id)
        assert told["shown"].startswith(f"{told['progress']['status']} {told['progress']['progress']} % ")
    working = [told["progress"] for told in shown if told["progress"]["type"] == "progress"]
    assert rising(working)
    assert shown[-1]["shown"] == "completed 100 % null s"


async def test_a_react_component_sees_a_restart_and_its_next_job(films: Path, state: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    async with running(films, state=state, listen=listen) as daemon:
        make_clip(films / "one.mkv", audio=("ac3",))
        one = (await daemon.finished(1))["one.mkv"]["id"]
        make_clip(films / "two.mkv", audio=("ac3",))
        two = (await daemon.finished(2))["two.mkv"]["id"]
        async with node("render.mjs", listen) as page:
            await page.say(one)
            await page.until(lambda told: shows(told, one))
            await page.say(two)
            await page.until(lambda told: shows(told, two))
            await daemon.stop(signal.SIGKILL)
            lost = await page.until(lambda told: not told["connected"])
            assert (lost["shown"], lost["progress"]["job_id"]) == ("Connecting...", two)
            async with running(films, state=state, listen=listen):
                await page.say("")
                await page.say(one)
                back = await page.until(lambda told: shows(told, one))
                await page.end()
    assert back["progress"]["status"] == "completed"
