"""Films on graphics cards that work, fail, hang, are full and vanish: stock ffmpeg on the test driver.

Each card is one of the test driver's; nothing of the daemon is scripted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mkv2castd.config import Config, DevicesConfig, QueueConfig
from mkv2castd.device import CPU
from mkv2castd.errors import ErrorCode
from mkv2castd.model import Attempt, Job, JobStatus, Outcome
from tests.clips import make_clip
from tests.driver import Driver, Node, node
from tests.encoder.scene import Scene, scene

pytestmark = pytest.mark.usefixtures("quick_proofs")


@pytest.fixture
def quick_proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders and filters, which the test driver has none of, are tried elsewhere."""
    monkeypatch.setattr("mkv2castd.encoder.proofs.SAMPLES", ())
    monkeypatch.setattr("mkv2castd.encoder.proofs.device_filters", lambda _backend: None)


@asynccontextmanager
async def cards(
    tmp_path: Path,
    driver: Driver,
    monkeypatch: pytest.MonkeyPatch,
    *nodes: Node,
    slots: int = 1,
    stall_seconds: float = 30,
    cpu_slots: int = 1,
) -> AsyncIterator[Scene]:
    """A workshop with these cards, proved."""
    for name, value in driver.environment.items():
        monkeypatch.setenv(name, value)
    paths = tuple(str(one.path) for one in nodes)
    ids = {device_id(one): slots for one in nodes}
    config = Config(
        queue=QueueConfig(min_free_gib=0, stall_seconds=stall_seconds, retries=0),
        devices=DevicesConfig(nodes=paths, detect=False, slots=ids, cpu_slots=cpu_slots),
    )
    async with scene(tmp_path, config=config, real=True) as here:
        async with asyncio.timeout(90):
            while here.workshop.fleet.settling or not here.workshop.fleet.stations():
                await asyncio.sleep(0.05)
        assert all(station.open for station in here.workshop.fleet.stations()), here.workshop.fleet.stations()
        yield here


def device_id(one: Node) -> str:
    return "node-" + str(one.path).strip("/").replace("/", "_")


def film(here: Scene, name: str, seconds: float = 2) -> Path:
    return make_clip(here.folder / name, video="mpeg2", seconds=seconds)


async def finished(here: Scene, job: Job) -> tuple[Job, list[Attempt]]:
    done = await here.until(job.id, JobStatus.COMPLETED, JobStatus.FAILED, seconds=90)
    assert done.status is JobStatus.COMPLETED, done.failure
    assert here.statuses(job.id) == ["analyzing", "queued", "processing", "completed"], "what clients see"
    return done, list(await here.control.attempts(job.id))


async def running_on(here: Scene, *devices: str) -> None:
    """Waits until these devices are all at work at the same moment."""
    async with asyncio.timeout(90):
        while True:
            at_work = {running.lane for running in here.workshop.lanes.running.values() if running.progress}
            if at_work >= set(devices):
                return
            await asyncio.sleep(0.02)


async def test_two_cards_are_both_kept_busy(tmp_path: Path, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = node(tmp_path / "dev", "renderD128", slow_ms=20), node(tmp_path / "dev", "renderD129", slow_ms=20)
    async with cards(tmp_path, driver, monkeypatch, one, two) as here:
        jobs = [await here.control.submit(film(here, f"{number}.mkv", 4)) for number in range(4)]
        await running_on(here, device_id(one), device_id(two))
        ends = [await finished(here, job) for job in jobs]
    used = {attempts[-1].device for _, attempts in ends}
    assert used >= {device_id(one), device_id(two)}
    for done, attempts in ends:
        assert [attempt.outcome for attempt in attempts] == [Outcome.COMPLETED]
        assert done.lane == attempts[0].device
        assert done.lane_reason == attempts[0].why
        if done.lane != CPU:
            assert attempts[0].means == "decoded by the processor, encoded on the device (vaapi)"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"fail_open": 1}, ErrorCode.DEVICE_LOST),
        ({"fail_after": 5}, ErrorCode.DEVICE_LOST),
        ({"hang_after": 5}, ErrorCode.STALLED),
    ],
)
async def test_a_card_that_fails_costs_no_film(
    tmp_path: Path, driver: Driver, monkeypatch: pytest.MonkeyPatch, fault: dict[str, int], code: ErrorCode
) -> None:
    bad, good = node(tmp_path / "dev", "renderD128"), node(tmp_path / "dev", "renderD129")
    async with cards(tmp_path, driver, monkeypatch, bad, good, stall_seconds=8) as here:
        bad.behave(**fault)
        job = await here.control.submit(film(here, "film.mkv"), device=device_id(bad))
        done, (failed, made) = await finished(here, job)
        assert done.output is not None
        assert done.output.exists()
        (station,) = (one for one in here.workshop.fleet.stations() if one.id == device_id(bad))
        assert station.open, "once is not twice"
    assert (failed.device, failed.outcome, failed.spared) == (device_id(bad), Outcome.FAILED, True)
    assert failed.failure is not None
    assert failed.failure.code is code
    assert (made.device in (device_id(good), CPU), made.outcome) == (True, Outcome.COMPLETED)
    assert made.why is not None
    assert f"after {device_id(bad)} ({failed.failure.message})" in made.why


async def test_where_every_card_fails_the_processor_makes_the_film(
    tmp_path: Path, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, worse = node(tmp_path / "dev", "renderD128"), node(tmp_path / "dev", "renderD129")
    async with cards(tmp_path, driver, monkeypatch, bad, worse) as here:
        bad.behave(fail_after=3)
        worse.behave(fail_open=1)
        job = await here.control.submit(film(here, "film.mkv"), device=device_id(bad))
        _, attempts = await finished(here, job)
    assert attempts[0].device == device_id(bad)
    assert attempts[-1].device == CPU
    assert all(one.spared for one in attempts[:-1])
    assert attempts[-1].outcome is Outcome.COMPLETED


async def test_a_card_that_fails_twice_in_a_row_is_set_aside_and_gets_no_more(
    tmp_path: Path, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = node(tmp_path / "dev")
    async with cards(tmp_path, driver, monkeypatch, bad) as here:
        bad.behave(fail_after=3)
        for name in ("one.mkv", "two.mkv"):
            await finished(here, await here.control.submit(film(here, name), device=device_id(bad)))
        (station,) = here.workshop.fleet.stations()
        assert not station.open
        assert station.problem is not None
        assert "set aside" in station.problem
        third = await here.control.submit(film(here, "three.mkv"), device=device_id(bad))
        _, attempts = await finished(here, third)
    assert [one.device for one in attempts] == [CPU]


async def test_a_card_that_takes_one_encode_is_given_one_and_the_others_wait_for_it(
    tmp_path: Path, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = node(tmp_path / "dev", slow_ms=20)
    async with cards(tmp_path, driver, monkeypatch, card, slots=2) as here:
        card.behave(sessions=1, slow_ms=20)
        jobs = [
            await here.control.submit(film(here, f"{number}.mkv", 4), device=device_id(card)) for number in range(2)
        ]
        ends = [await finished(here, job) for job in jobs]
        (station,) = here.workshop.fleet.stations()
        assert (station.slots, station.open) == (1, True)
    tries = sorted((attempts for _, attempts in ends), key=len)
    assert [[one.outcome for one in attempts] for attempts in tries] == [
        [Outcome.COMPLETED],
        [Outcome.FAILED, Outcome.COMPLETED],
    ]
    refused, made = tries[1]
    assert refused.failure is not None
    assert "all encodes that the device takes at once are taken" in refused.failure.message
    assert (refused.device, made.device) == (device_id(card), device_id(card))


async def test_a_card_that_vanishes_in_the_middle_of_a_film_costs_nothing_but_time(
    tmp_path: Path, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = node(tmp_path / "dev", slow_ms=30)
    async with cards(tmp_path, driver, monkeypatch, card) as here:
        job = await here.control.submit(film(here, "film.mkv", 8), device=device_id(card))
        await running_on(here, device_id(card))
        card.vanish()
        _, (lost, made) = await finished(here, job)
    assert lost.failure is not None
    assert (lost.device, lost.failure.code) == (device_id(card), ErrorCode.DEVICE_LOST)
    assert (made.device, made.outcome) == (CPU, Outcome.COMPLETED)


async def test_cancelled_between_two_devices_a_job_is_cancelled(
    tmp_path: Path, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = node(tmp_path / "dev")
    async with cards(tmp_path, driver, monkeypatch, bad) as here:
        blocker = await here.control.submit(film(here, "long.mkv", 120), device=CPU)
        await running_on(here, CPU)
        bad.behave(fail_after=3)
        job = await here.control.submit(film(here, "film.mkv"), device=device_id(bad))
        await here.until(job.id, JobStatus.PROCESSING)
        async with asyncio.timeout(55):
            while not any(one.ended_at for one in await here.control.attempts(job.id)):
                await asyncio.sleep(0.02)
        assert (await here.control.job(job.id)).status is JobStatus.PROCESSING
        assert (await here.control.cancel(job.id)).status is JobStatus.CANCELLED
        await here.control.cancel(blocker.id)
        assert here.workshop.lanes.running == {}
