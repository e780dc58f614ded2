"""The real daemon on a bus of the test's own: a film's way as programs on D-Bus see it, and what a dead bus costs."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.api.dbus_values import NAME, ROOT
from tests.api.buses import PrivateBus, private_bus, run
from tests.clips import make_clip
from tests.daemon import running

MANAGER = f"{NAME}.Manager"
ON_BUS = ("--bus", "session")


@pytest.fixture
async def private(tmp_path: Path) -> AsyncIterator[PrivateBus]:
    folder = tmp_path / "bus"
    folder.mkdir()
    async with private_bus(folder) as bus:
        yield bus


async def busctl(private: PrivateBus, *arguments: str) -> Any:
    """What `busctl call` gives back."""
    code, out, err = await run(
        *("busctl", "--user", "--json=short", *arguments), environment={**os.environ, **private.environment}
    )
    assert (code, err) == (0, ""), err
    return json.loads(out)["data"] if out else []


async def until_served(private: PrivateBus) -> None:
    async with asyncio.timeout(30):
        while (await private.ask("--dest", NAME, "--object-path", ROOT, "--method", f"{MANAGER}.ListJobs", "{}"))[0]:
            await asyncio.sleep(0.05)


async def test_a_film_s_way_is_seen_and_steered_over_the_bus(films: Path, state: Path, private: PrivateBus) -> None:
    async with running(films, state=state, environment=private.environment, arguments=ON_BUS) as daemon:
        await until_served(private)
        film = make_clip(films / "film.mkv", audio=("ac3",))
        await daemon.finished(1)
        jobs, total = await busctl(private, "call", NAME, ROOT, MANAGER, "ListJobs", "a{sv}", "0")
        assert total == 1
        assert {name: jobs[0][name]["data"] for name in ("filename", "status", "progress", "folder")} == {
            "filename": "film.mkv",
            "status": "completed",
            "progress": 100.0,
            "folder": "films",
        }
        (told,) = await busctl(private, "call", NAME, ROOT, MANAGER, "Analyze", "sa{sv}", str(film), "0")
        assert told["container"]["data"] == "mkv"
        await busctl(private, "call", NAME, ROOT, MANAGER, "PauseQueue")
        assert await busctl(private, "get-property", NAME, ROOT, MANAGER, "PauseReason") == "requested"
        (job_id,) = await busctl(private, "call", NAME, ROOT, MANAGER, "Submit", "sa{sv}", str(film), "0")
        assert [job["id"] for job in await daemon.jobs("&status=queued,analyzing,processing")] == [job_id]
        await busctl(private, "call", NAME, ROOT, MANAGER, "Cancel", "s", job_id)
        (job,) = await busctl(private, "call", NAME, ROOT, MANAGER, "GetJob", "s", job_id)
        assert job["status"]["data"] == "cancelled"
        assert await daemon.stop() == 0


async def test_a_bus_that_dies_in_mid_encode_costs_no_film_and_is_found_again(
    films: Path, state: Path, private: PrivateBus
) -> None:
    async with running(films, state=state, environment=private.environment, arguments=ON_BUS) as daemon:
        await until_served(private)
        make_clip(films / "film.mkv", video="hevc", audio=("ac3",), seconds=20)
        await daemon.until(lambda jobs: any(job["status"] == "processing" for job in jobs))
        await private.stop()
        assert (await daemon.finished(1))["film.mkv"]["status"] == "completed"
        await private.start()
        await until_served(private)
        assert (await busctl(private, "call", NAME, ROOT, MANAGER, "ListJobs", "a{sv}", "0"))[1] == 1
        assert await daemon.stop() == 0
    said = "".join(daemon.said)
    assert "Traceback" not in said
    assert said.count("lost the session bus") == 1


@pytest.mark.parametrize(("setting", "level"), [("auto", ""), ("session", "warning: ")])
async def test_without_a_bus_the_daemon_works_and_says_it_once(
    films: Path, state: Path, setting: str, level: str
) -> None:
    make_clip(films / "film.mkv", audio=("ac3",))
    async with running(films, state=state, arguments=("--bus", setting)) as daemon:
        assert (await daemon.finished(1))["film.mkv"]["status"] == "completed"
        assert await daemon.stop() == 0
    (line,) = [line for line in daemon.said if "no session bus" in line]
    assert line.split(" ", 2)[2] == (
        f"{level}no session bus: unix:path=/nonexistent/no-bus-in-tests: No such file or directory; "
        "it is looked for from time to time\n"
    )
