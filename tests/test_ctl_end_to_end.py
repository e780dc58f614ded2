"""mkv2castctl and the real daemon with real ffmpeg: a film from the command line to its end."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.buses import PrivateBus, private_bus
from tests.clips import make_clip
from tests.ctl import ctl, ctl_running
from tests.daemon import running
from tests.trouble import slow_film

ON_BUS = ("--bus", "session")


@pytest.fixture
async def private(tmp_path: Path) -> AsyncIterator[PrivateBus]:
    folder = tmp_path / "bus"
    folder.mkdir()
    async with private_bus(folder) as bus:
        yield bus


async def until_served(private: PrivateBus) -> None:
    async with asyncio.timeout(30):
        while (await ctl(private, "status")).code == 3:
            pass


async def test_a_film_is_queued_followed_and_looked_at(films: Path, state: Path, private: PrivateBus) -> None:
    film = make_clip(films / "film.mkv", audio=("ac3",))
    async with running(films, state=state, environment=private.environment, arguments=ON_BUS) as daemon:
        await daemon.finished(1)
        await until_served(private)
        ended = await ctl(private, "add", "--wait", film.name, folder=films)
        assert ended.code == 0, ended.err
        job_id = ended.out.strip()
        assert "film_chromecast.mkv" in ended.err
        (job,) = [one for one in json.loads((await ctl(private, "jobs", "--json")).out) if one["id"] == job_id]
        assert await daemon.jobs() == json.loads((await ctl(private, "jobs", "--json")).out)
        assert job["status"] == "completed"
        assert "outcome" in (await ctl(private, "show", job_id[:18])).out
        assert "ffmpeg" in (await ctl(private, "log", job_id)).out
        assert [one["id"] for one in json.loads((await ctl(private, "profiles", "--json")).out)] == [
            one["id"] for one in await daemon.get("/api/profiles/")
        ]
        assert (await ctl(private, "remove", job_id)).code == 0
        assert (await ctl(private, "show", job_id)).code == 4
        refused = await ctl(private, "add", films / "nothing.mkv")
        assert (refused.code, "No such file" in refused.err) == (2, True)
        assert await daemon.stop() == 0
    assert (await ctl(private, "status")).code == 3


async def test_an_interrupted_wait_leaves_the_job_and_a_cancelled_one_ends_it(
    films: Path, state: Path, private: PrivateBus
) -> None:
    film = slow_film(films / "film.mkv", seconds=120)
    async with running(films, state=state, environment=private.environment, arguments=ON_BUS) as daemon:
        await daemon.until(lambda jobs: any(job["status"] == "processing" for job in jobs))
        await until_served(private)
        async with ctl_running(private, "add", "--wait", film) as waiting:
            job_id = (await waiting.line()).strip()
            assert job_id[:8] in await waiting.message()
            waiting.process.send_signal(signal.SIGINT)
            assert (await waiting.ended()).code == 130
        assert [job["status"] for job in await daemon.jobs()] == ["processing"]
        async with ctl_running(private, "watch", job_id) as watching:
            assert "processing" in await watching.line()
            assert (await ctl(private, "cancel", job_id[:18])).code == 0
            ended = await watching.ended()
        assert (ended.code, "cancelled" in ended.out) == (1, True)
        assert await daemon.stop() == 0
