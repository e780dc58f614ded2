"""Intake and lanes over a real store and real probes; only the attempt itself is scripted, through its seam."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mkv2castd.config import Config, DevicesConfig, QueueConfig, Settings
from mkv2castd.encoder import intake
from mkv2castd.encoder.attempt import Handle, Task
from mkv2castd.errors import DeviceError, ErrorCode, MediaError, RequestError
from mkv2castd.model import FolderState, FolderStatus, Job, JobStatus, Outcome, Progress
from tests.clips import make_clip
from tests.encoder.scene import scene


async def test_a_job_goes_its_way_and_every_step_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        job = await here.control.submit(here.film("film.mkv"))
        done = await here.until(job.id, JobStatus.COMPLETED)
        assert here.statuses(job.id) == ["analyzing", "queued", "processing", "completed"]
        assert done.output == here.folder / "film_chromecast.mkv"
        assert done.analysis is not None
        assert await here.outcomes(job.id) == ["completed"]


async def test_higher_priority_first_then_first_come_first_served(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        for name, priority in (("a.mkv", 0), ("b.mkv", 5), ("c.mkv", 0), ("d.mkv", -1)):
            last = await here.submit(name, priority)
        raised = await here.submit("e.mkv", -50)
        await here.control.set_priority(raised.id, 100)
        await here.control.resume_queue()
        await here.until(last.id, JobStatus.COMPLETED)
        assert here.started == ["e.mkv", "b.mkv", "a.mkv", "c.mkv", "d.mkv"]


async def test_what_only_copies_the_picture_never_waits_behind_an_encode(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        if task.source.name == "slow.mkv":
            await release.wait()

    async with scene(tmp_path, script) as here:
        slow = await here.submit("slow.mkv")
        quick = await here.submit("quick.mkv", video="h264")
        assert (await here.until(quick.id, JobStatus.COMPLETED)).lane == "remux"
        assert (await here.control.job(slow.id)).status is JobStatus.PROCESSING
        release.set()
        assert (await here.until(slow.id, JobStatus.COMPLETED)).lane == "cpu"


async def test_a_lane_works_on_as_many_jobs_as_it_has_slots(tmp_path: Path) -> None:
    together = asyncio.Barrier(2)

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        async with asyncio.timeout(25):
            await together.wait()

    config = Config(devices=DevicesConfig(cpu_slots=2), queue=QueueConfig(min_free_gib=0))
    async with scene(tmp_path, script, config=config) as here:
        jobs = [await here.submit(name) for name in ("a.mkv", "b.mkv")]
        for job in jobs:
            await here.until(job.id, JobStatus.COMPLETED)


async def test_a_fault_of_the_surroundings_is_retried_as_configured_and_failed_is_said_once(tmp_path: Path) -> None:
    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        raise DeviceError(ErrorCode.FFMPEG_ERROR, "no", "its stderr")

    async with scene(tmp_path, script) as here:
        job = await here.submit("film.mkv")
        failed = await here.until(job.id, JobStatus.FAILED)
        assert await here.outcomes(job.id) == ["failed"] * 3
        assert here.statuses(job.id).count("failed") == 1
        assert failed.failure is not None
        assert (failed.failure.code, failed.failure.details) == (ErrorCode.FFMPEG_ERROR, "its stderr")
        await here.control.retry(job.id)
        await here.until(job.id, JobStatus.FAILED)
        assert len(await here.outcomes(job.id)) == 6


async def test_a_second_attempt_may_succeed(tmp_path: Path) -> None:
    tries: list[int] = []

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise DeviceError(ErrorCode.STALLED, "hung")

    async with scene(tmp_path, script) as here:
        job = await here.submit("film.mkv")
        await here.until(job.id, JobStatus.COMPLETED)
        assert here.statuses(job.id)[-4:] == ["processing", "queued", "processing", "completed"]
        assert "failed" not in here.statuses(job.id)


async def test_a_fault_of_the_film_is_not_retried(tmp_path: Path) -> None:
    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        raise MediaError(ErrorCode.SOURCE_UNREADABLE, "cut")

    async with scene(tmp_path, script) as here:
        job = await here.submit("film.mkv")
        await here.until(job.id, JobStatus.FAILED)
        assert await here.outcomes(job.id) == ["failed"]


async def test_cancelling_ends_the_attempt_before_it_returns(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with scene(tmp_path, script) as here:
        job = await here.submit("film.mkv")
        await here.until(job.id, JobStatus.PROCESSING)
        cancelled = await here.control.cancel(job.id)
        assert ended.is_set()
        assert cancelled.status is JobStatus.CANCELLED
        assert await here.outcomes(job.id) == ["cancelled"]
        with pytest.raises(RequestError) as refused:
            await here.control.cancel(job.id)
        assert refused.value.code is ErrorCode.INVALID_STATE


async def test_it_is_too_late_to_cancel_while_the_output_is_put_in_place(tmp_path: Path) -> None:
    reached, release = asyncio.Event(), asyncio.Event()

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        handle.committing = True
        reached.set()
        await release.wait()

    async with scene(tmp_path, script) as here:
        job = await here.submit("film.mkv")
        await asyncio.wait_for(reached.wait(), 25)
        with pytest.raises(RequestError, match="put in place"):
            await here.control.cancel(job.id)
        release.set()
        await here.until(job.id, JobStatus.COMPLETED)


async def test_a_paused_job_gets_no_turn_until_it_is_resumed(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        first, second = await here.submit("a.mkv"), await here.submit("b.mkv")
        await here.control.pause(first.id)
        await here.control.resume_queue()
        await here.until(second.id, JobStatus.COMPLETED)
        assert (await here.control.job(first.id)).status is JobStatus.QUEUED
        await here.control.resume(first.id)
        await here.until(first.id, JobStatus.COMPLETED)
        assert here.started == ["b.mkv", "a.mkv"]


async def test_pausing_stops_the_attempts_clock(tmp_path: Path) -> None:
    handles: list[Handle] = []
    release = asyncio.Event()

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        handle.start_clock()
        handles.append(handle)
        await release.wait()

    async with scene(tmp_path, script) as here:
        job = await here.submit("film.mkv")
        await here.until(job.id, JobStatus.PROCESSING)
        paused = await here.control.pause(job.id)
        assert (paused.status, paused.paused) == (JobStatus.PROCESSING, True)
        assert handles[0].paused
        stood = handles[0].elapsed
        assert handles[0].elapsed == stood
        await here.control.pause_queue()
        await here.control.resume(job.id)
        assert handles[0].paused, "the queue is still paused"
        await here.control.resume_queue()
        assert not handles[0].paused
        release.set()
        await here.until(job.id, JobStatus.COMPLETED)


async def test_an_offline_folders_jobs_wait_and_go_on_when_it_is_back(tmp_path: Path) -> None:
    async with scene(tmp_path, online=False) as here:
        job = await here.control.submit(here.film("film.mkv"))
        assert (await here.control.job(job.id)).status is JobStatus.ANALYZING
        here.reception.folder_changed(FolderStatus("films", here.folder, FolderState.ONLINE))
        await here.until(job.id, JobStatus.COMPLETED)


async def test_without_room_jobs_wait_and_say_why(tmp_path: Path) -> None:
    async with scene(tmp_path, config=Config(queue=QueueConfig(min_free_gib=10**6))) as here:
        job = await here.submit("film.mkv")
        while (told := await here.control.job(job.id)).reason is None:
            here.changed.clear()
            await asyncio.wait_for(here.changed.wait(), 25)
        assert told.status is JobStatus.QUEUED
        assert "min_free_gib" in told.reason
        assert here.started == []


async def test_a_stop_in_mid_work_is_taken_up_by_the_next_start(tmp_path: Path) -> None:
    async def hang(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        await asyncio.Event().wait()

    async with scene(tmp_path, hang) as here:
        job = await here.submit("film.mkv")
        await here.until(job.id, JobStatus.PROCESSING)
        waiting = await here.submit("next.mkv")
    async with scene(tmp_path) as here:
        await here.until(waiting.id, JobStatus.COMPLETED)
        assert (await here.control.job(job.id)).status is JobStatus.COMPLETED
        assert here.started == ["film.mkv", "next.mkv"], "the interrupted job is at the head of its lane"
        attempts = await here.control.attempts(job.id)
        assert [attempt.outcome for attempt in attempts] == [Outcome.INTERRUPTED, Outcome.COMPLETED]


async def test_a_queue_paused_by_somebody_stays_paused_over_a_restart(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
    assert "paused = true" in (tmp_path / "state" / "runtime.toml").read_text()


async def test_a_film_on_its_way_is_answered_with_the_job_that_it_has(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        job = await here.submit("film.mkv")
        again = await here.control.submit(here.folder / "film.mkv", priority=9)
        assert (again.id, again.priority) == (job.id, 9)
        with pytest.raises(RequestError) as refused:
            await here.control.submit(here.folder / "film.mkv", profile=("chromecast-3",))
        assert refused.value.code is ErrorCode.INVALID_STATE


async def test_what_callers_ask_for_is_checked(tmp_path: Path) -> None:
    outside = make_clip(tmp_path / "outside.mkv")
    async with scene(tmp_path) as here:
        film = here.film("film.mkv")
        (here.folder / "link.mkv").symlink_to(outside)
        (here.folder / "dir.mkv").mkdir()
        refused = {
            Path("film.mkv"): ErrorCode.INVALID_PATH,
            outside: ErrorCode.INVALID_PATH,
            here.folder / "link.mkv": ErrorCode.INVALID_PATH,
            here.folder / "dir.mkv": ErrorCode.INVALID_PATH,
            here.folder / "nothing.mkv": ErrorCode.INVALID_PATH,
            here.folder / ".." / "outside.mkv": ErrorCode.INVALID_PATH,
        }
        for path, code in refused.items():
            with pytest.raises(RequestError) as error:
                await here.control.submit(path)
            assert error.value.code is code, path
        with pytest.raises(RequestError, match="chromecast-1"):
            await here.control.submit(film, profile=("betamax",))
        with pytest.raises(RequestError, match="-100"):
            await here.control.submit(film, priority=101)
        with pytest.raises(RequestError) as error:
            await here.control.submit(film, device="gpu7")
        assert error.value.code is ErrorCode.NO_SUCH_DEVICE
        assert (await here.control.overview()) == []


async def test_only_finished_jobs_are_removed_and_their_log_with_them(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        job = await here.submit("film.mkv")
        with pytest.raises(RequestError, match="cancel it first"):
            await here.control.remove(job.id)
        await here.control.resume_queue()
        await here.until(job.id, JobStatus.COMPLETED)
        log = here.workshop.surroundings.log_of(job.id)
        log.write_text("ffmpeg said\n")
        assert await here.control.log(job.id) == "ffmpeg said\n"
        await here.control.remove(job.id)
        assert not log.exists()
        with pytest.raises(RequestError) as gone:
            await here.control.job(job.id)
        assert gone.value.code is ErrorCode.NO_SUCH_JOB


async def test_one_film_is_one_job_by_whatever_way_it_is_named(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        (here.folder / "sub").mkdir()
        (here.folder / "link").symlink_to("sub")
        (tmp_path / "elsewhere").symlink_to(here.folder)
        film = here.film("sub/film.mkv")
        job = await here.control.submit(film)
        names = ("films/link/film.mkv", "films/sub/../sub/film.mkv", "elsewhere/sub/film.mkv")
        for name in names:
            assert (await here.control.submit(tmp_path / name)).id == job.id, name
        assert job.source == film


async def test_a_job_whose_folder_is_not_watched_any_more_is_not_retried(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        job = await here.submit("film.mkv")
        await here.control.cancel(job.id)
        here.workshop.config = msgspec.structs.replace(here.workshop.config, folder=())
        with pytest.raises(RequestError, match="films") as refused:
            await here.control.retry(job.id)
        assert refused.value.code is ErrorCode.NO_SUCH_FOLDER
        assert (await here.control.job(job.id)).status is JobStatus.CANCELLED


@pytest.mark.parametrize("where", ["analysis", "attempt"])
async def test_a_mistake_of_ours_over_one_film_fails_that_film_only(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(name: str) -> None:
        if name == "odd.mkv":
            raise ZeroDivisionError("nobody foresaw this")

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        stumble(task.source.name)

    async def judged(self: intake.Intake, job: Job, settings: Settings) -> intake.Verdict:
        stumble(job.source.name)
        return await judge(self, job, settings)

    judge = intake.Intake._judge
    if where == "analysis":
        monkeypatch.setattr(intake.Intake, "_judge", judged)
    async with scene(tmp_path, script) as here:
        odd, good = here.film("odd.mkv"), here.film("good.mkv")
        jobs = [await here.control.submit(film) for film in (odd, good)]
        failed = await here.until(jobs[0].id, JobStatus.FAILED)
        assert failed.failure is not None
        assert failed.failure.code is ErrorCode.INTERNAL_ERROR
        assert "ZeroDivisionError: nobody foresaw this" in caplog.text
        await here.until(jobs[1].id, JobStatus.COMPLETED)
