"""From rung to rung and from device to device, with attempts that end as a script says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from mkv2castd.config import Config, DevicesConfig, QueueConfig
from mkv2castd.device import CPU, Ability, Backend, Device, Gpu, Proof, Skill, Station, Vendor
from mkv2castd.encoder.attempt import Handle, Task
from mkv2castd.encoder.fleet import Fleet
from mkv2castd.errors import DeviceError, ErrorCode, MediaError, Mkv2castdError, RequestError
from mkv2castd.model import Job, JobStatus, Outcome, Progress, Stage
from tests.encoder.scene import Scene, scene

Script = Callable[[Task, Handle, Callable[[Progress], None]], object]

LOST = "[h264_vaapi @ 0x5] Failed to end picture encode issue: 24 (internal encoding error).\n"
FULL = "[h264_vaapi @ 0x5] Failed to create encode pipeline context: 34 (HW busy now).\n"


def station(name: str, slots: int = 1, **changes: object) -> Station:
    """A card that decodes HEVC and encodes H.264."""
    gpu = Gpu(name, f"card {name}", Vendor.AMD, "amdgpu", node=Path(f"/dev/dri/{name}"))
    abilities = (Ability(Backend.VAAPI, Skill.ENCODE, "h264"), Ability(Backend.VAAPI, Skill.DECODE, "hevc"))
    device = Device(gpu, tuple(map(Proof, abilities)))
    return Station(name, gpu.name, slots, device, **changes)  # type: ignore[arg-type]


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> list[Station]:
    """The cards that there are, as if they had been found and proved; what is told of them is kept elsewhere."""
    there = [station("one"), station("two")]
    monkeypatch.setattr(Fleet, "stations", lambda self: tuple(there))
    return there


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What the fleet is told of devices."""
    said: list[tuple[str, ...]] = []
    monkeypatch.setattr(Fleet, "failed", lambda self, device, reason: said.append(("failed", device)))
    monkeypatch.setattr(Fleet, "succeeded", lambda self, device: said.append(("succeeded", device)))
    monkeypatch.setattr(Fleet, "crowded", lambda self, device, n: said.append(("crowded", device, str(n))))
    return said


def ffmpeg(stderr: str) -> DeviceError:
    return DeviceError(ErrorCode.FFMPEG_ERROR, "FFmpeg process exited with code 1", stderr, 1)


def where(task: Task) -> str:
    gpu = task.means.gpu
    return CPU if gpu is None else f"{gpu.id}{' decoding' if task.means.decode else ''}"


class Tries:
    """Attempts, each of which fails as its place says; the others succeed."""

    def __init__(self, **failures: Mkv2castdError) -> None:
        self.failures = failures
        self.made: list[str] = []

    async def __call__(self, task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        self.made.append(where(task))
        handle.start_clock()
        report(Progress(Stage.TRANSCODING, 1.0))
        error = self.failures.get(where(task).replace(" ", "_"))
        if error is not None:
            raise error


async def done(here: Scene, job: Job) -> Job:
    return await here.until(job.id, JobStatus.COMPLETED, JobStatus.FAILED)


async def test_what_cannot_be_decoded_on_the_device_is_decoded_by_the_processor_and_encoded_there(
    tmp_path: Path, cards: list[Station], told: list[tuple[str, ...]]
) -> None:
    tries = Tries(one_decoding=ffmpeg("[hevc @ 0x5] Failed setup for format vaapi: hwaccel returned error.\n"))
    async with scene(tmp_path, tries) as here:
        job = await here.control.submit(here.film("film.mkv"), device="one")
        assert (await done(here, job)).status is JobStatus.COMPLETED
        first, second = await here.control.attempts(job.id)
        assert here.statuses(job.id) == ["analyzing", "queued", "processing", "completed"]
    assert tries.made == ["one decoding", "one"]
    assert told == [("succeeded", "one")]
    assert first.why == "asked for"
    assert first.means == "decoded and encoded on the device (vaapi)"
    assert second.means == "decoded by the processor, encoded on the device (vaapi)"
    assert second.why is not None
    assert second.why.startswith("it was not decoded on the device, since that failed: the device does not do this")


async def test_the_whole_ladder_is_climbed_down_to_the_processor_and_every_step_says_why(
    tmp_path: Path, cards: list[Station], told: list[tuple[str, ...]]
) -> None:
    lost = ffmpeg(LOST)
    tries = Tries(one_decoding=lost, one=lost, two_decoding=lost, two=lost)
    async with scene(tmp_path, tries) as here:
        job = await here.control.submit(here.film("film.mkv"), device="one")
        assert (await done(here, job)).lane == CPU
        attempts = await here.control.attempts(job.id)
    assert tries.made == ["one decoding", "one", "two decoding", "two", CPU]
    assert told == [("failed", "one"), ("failed", "two")]
    assert [one.outcome for one in attempts] == [Outcome.FAILED] * 4 + [Outcome.COMPLETED]
    assert [one.spared for one in attempts] == [True] * 4 + [False]
    assert attempts[2].why is not None
    assert attempts[2].why.startswith("after one (the device failed, or went away, while it was at work")
    assert attempts[4].why is not None
    assert "one cannot: it has failed this film" in attempts[4].why


async def test_a_broken_film_is_failed_once_the_processor_cannot_decode_it_either(
    tmp_path: Path, cards: list[Station], told: list[tuple[str, ...]]
) -> None:
    broken = MediaError(ErrorCode.SOURCE_UNREADABLE, "damaged", "Invalid data found when processing input\n")
    tries = Tries(one_decoding=broken, one=broken)
    async with scene(tmp_path, tries) as here:
        job = await here.control.submit(here.film("film.mkv"), device="one")
        failed = await done(here, job)
        assert (failed.status, failed.failure is not None) == (JobStatus.FAILED, True)
    assert tries.made == ["one decoding", "one"]
    assert told == [], "no device is to blame"


async def test_a_card_that_is_full_is_waited_for_as_long_as_it_is_full_of_ours(
    tmp_path: Path, cards: list[Station], told: list[tuple[str, ...]]
) -> None:
    cards[:] = [station("one", slots=2)]
    release, begun = asyncio.Event(), asyncio.Event()
    refused = False

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        nonlocal refused
        if task.source.name == "long.mkv":
            begun.set()
            await release.wait()
        elif not refused:
            refused = True
            cards[:] = [station("one", slots=1)]  # as the fleet does
            here.workshop._devices_changed()
            asyncio.get_running_loop().call_later(0.1, release.set)
            handle.start_clock()
            raise ffmpeg(FULL)

    async with scene(tmp_path, script) as here:
        long = await here.control.submit(here.film("long.mkv"), device="one")
        await asyncio.wait_for(begun.wait(), 45)
        short = await here.control.submit(here.film("short.mkv"), device="one")
        assert (await done(here, short)).status is JobStatus.COMPLETED
        assert (await done(here, long)).status is JobStatus.COMPLETED
        attempts = await here.control.attempts(short.id)
    assert [one.device for one in attempts] == ["one", "one"]
    assert ("crowded", "one", "1") in told
    assert ("failed", "one") not in told


async def test_a_card_that_is_full_of_somebody_elses_is_left_and_counts_as_failed(
    tmp_path: Path, cards: list[Station], told: list[tuple[str, ...]]
) -> None:
    tries = Tries(one_decoding=ffmpeg(FULL))
    async with scene(tmp_path, tries) as here:
        job = await here.control.submit(here.film("film.mkv"), device="one")
        assert (await done(here, job)).lane == "two"
    assert told == [("failed", "one"), ("succeeded", "two")]


async def test_a_disabled_card_is_waited_for_where_it_was_asked_for_and_says_so(
    tmp_path: Path, cards: list[Station], told: list[tuple[str, ...]]
) -> None:
    cards[:] = [station("one", enabled=False), station("two")]
    async with scene(tmp_path) as here:
        job = await here.submit_on("one")
        waiting = await here.until(job.id, JobStatus.QUEUED)
        assert (waiting.lane, waiting.lane_reason) == ("one", "waits: its device is disabled")
        cards[0] = station("one")
        here.workshop._devices_changed()
        assert (await done(here, job)).lane == "one"


async def test_a_card_that_was_asked_for_is_waited_for_until_it_has_been_tried(
    tmp_path: Path, cards: list[Station], told: list[tuple[str, ...]]
) -> None:
    cards[:] = [station("one", problem="not proved yet", untried=True), station("two")]
    async with scene(tmp_path) as here:
        job = await here.submit_on("one")
        await here.until(job.id, JobStatus.QUEUED)
        cards[0] = station("one")
        here.workshop._devices_changed()
        assert (await done(here, job)).lane == "one"


async def test_an_unknown_device_is_refused_with_those_that_there_are(tmp_path: Path, cards: list[Station]) -> None:
    async with scene(tmp_path) as here:
        with pytest.raises(RequestError, match="no device 'three': there are one, two, cpu"):
            await here.submit_on("three")


async def test_how_fast_a_device_was_is_remembered_over_a_restart(tmp_path: Path, cards: list[Station]) -> None:
    async with scene(tmp_path, seconds=20.0) as here:
        job = await here.submit_on("one")
        finished = await done(here, job)
        assert finished.work is not None
        key = "one", finished.work.shape.kind
        async with asyncio.timeout(25):
            while not (known := await here.workshop.store.read(lambda ledger: ledger.speeds())):
                await asyncio.sleep(0.01)
        assert known[key] == (pytest.approx(finished.work.megapixels / 20.0), 1)
    async with scene(tmp_path) as here:
        assert here.workshop.choose(finished.work, "one").lane == "one"
        assert here.workshop.speeds.seconds(cards[0], finished.work) == pytest.approx(20.0)


async def test_outside_the_hours_encodes_stand_still_and_copies_go_on(tmp_path: Path) -> None:
    config = Config(queue=QueueConfig(min_free_gib=0), devices=DevicesConfig(detect=False, cpu_slots=2))
    release = asyncio.Event()
    handles: list[Handle] = []

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        if task.source.name == "long.mkv":
            handles.append(handle)
            await release.wait()

    async with scene(tmp_path, script, config=config) as here:
        long = await here.submit("long.mkv")
        await here.until(long.id, JobStatus.PROCESSING)
        async with asyncio.timeout(25):
            while not handles:
                await asyncio.sleep(0.01)
        here.workshop.lanes.set_open(False)
        assert handles[0].paused
        waits = await here.submit("waits.mkv")
        copied = await here.submit("copied.mkv", video="h264")
        assert (await done(here, copied)).lane == "remux"
        assert (await here.control.job(waits.id)).status is JobStatus.QUEUED
        here.workshop.lanes.set_open(True)
        assert not handles[0].paused
        assert (await done(here, waits)).status is JobStatus.COMPLETED
        release.set()
        assert (await done(here, long)).status is JobStatus.COMPLETED


async def test_what_would_get_a_film_is_told_with_its_reason_before_it_is_queued(
    tmp_path: Path, cards: list[Station]
) -> None:
    async with scene(tmp_path) as here:
        encoded = await here.control.analyze(here.film("film.mkv"))
        assert encoded.lane == "one"
        assert encoded.lane_reason is not None
        assert encoded.lane_reason.startswith("one is expected to end it first, in ")
        copied = await here.control.analyze(here.film("copied.mkv", video="h264"))
        assert (copied.lane, copied.lane_reason) == ("remux", "copies the picture")


async def test_what_waits_behind_an_encode_that_never_gets_on_is_taken_over_though_nothing_happens(
    tmp_path: Path, cards: list[Station], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mkv2castd.encoder.lanes._RECONSIDER_SECONDS", 0.1)
    monkeypatch.setattr("mkv2castd.encoder.lane._OVERDUE", 10.0)
    cards[:] = [station("one")]
    release = asyncio.Event()

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        if where(task).startswith("one"):
            await release.wait()

    async with scene(tmp_path, script) as here:
        hanging = await here.control.submit(here.film("hangs.mkv"), device="one")
        work = (await here.until(hanging.id, JobStatus.PROCESSING)).work
        assert work is not None
        here.workshop.speeds.learn(CPU, work.shape.kind, work.megapixels / 5)
        here.workshop.speeds.learn("one", work.shape.kind, work.megapixels / 0.01)
        behind = await here.submit("behind.mkv")
        finished = await done(here, behind)
        assert finished.lane == CPU
        assert finished.lane_reason is not None
        release.set()
        await done(here, hanging)
