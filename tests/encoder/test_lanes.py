"""What may happen to an attempt while it is under way, and in the moments in which it begins and ends."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from mkv2castd.encoder import books, output, pacer
from mkv2castd.encoder.attempt import Handle, Task
from mkv2castd.encoder.effects import Stop
from mkv2castd.encoder.output import Commit
from mkv2castd.errors import RequestError
from mkv2castd.events import JobChanged, JobProgressed
from mkv2castd.model import Identity, Job, JobStatus, Progress, Stage
from tests.encoder.scene import Scene, scene


def a_commit(job: Job) -> Commit:
    """Of an output that waits for its name."""
    assert job.output is not None
    assert job.identity is not None
    temporary = job.output.with_name(f".mkv2castd-{job.id}.part")
    temporary.write_bytes(b"an output")
    identity = Identity.of(temporary.lstat())
    return Commit(job.id, temporary, job.output, identity, job.source, job.identity, "keep")


async def interrupted_commit(here: Scene) -> tuple[Job, Commit]:
    """A job whose output was being put in place when the daemon was killed. The queue is paused."""
    await here.control.pause_queue()
    job = await here.submit("film.mkv")
    commit = a_commit(job)
    await here.workshop.store.write(lambda ledger: books.journal(ledger, job, commit))
    return job, commit


async def test_a_cancellation_is_not_undone_by_a_change_of_the_film(tmp_path: Path) -> None:
    stopping, release = asyncio.Event(), asyncio.Event()

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopping.set()
            await release.wait()

    async with scene(tmp_path, script) as here:
        job = await here.submit("film.mkv")
        await here.until(job.id, JobStatus.PROCESSING)
        cancelling = asyncio.create_task(here.control.cancel(job.id))
        await asyncio.wait_for(stopping.wait(), 25)
        here.workshop.lanes.running[job.id].end(Stop.RESTART)
        release.set()
        assert (await cancelling).status is JobStatus.CANCELLED
        assert await here.outcomes(job.id) == ["cancelled"]


async def test_no_progress_is_told_of_a_job_that_has_come_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacer, "INTERVAL_SECONDS", 0.3)
    monkeypatch.setattr(output, "finish_replace", lambda commit: threading.Event().wait(0.6))

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        for percent in (1.0, 99.0):  # the second one is held back for a while
            report(Progress(Stage.TRANSCODING, percent))

    async with scene(tmp_path, script) as here:
        job = await here.submit("film.mkv")
        await here.until(job.id, JobStatus.COMPLETED)
        async with asyncio.timeout(25):
            while here.workshop.lanes.running:
                await asyncio.sleep(0.01)
        told = [event for event in here.events if isinstance(event, JobChanged | JobProgressed)]
        assert isinstance(told[-1], JobChanged)
        assert sum(isinstance(event, JobProgressed) for event in told) == 1


async def test_what_was_being_put_in_place_cannot_be_cancelled_halfway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, release = asyncio.Event(), threading.Event()
    loop, carry_out = asyncio.get_running_loop(), output.carry_out

    def slowly(commit: Commit) -> bool:
        loop.call_soon_threadsafe(entered.set)
        release.wait(10)
        return carry_out(commit)

    monkeypatch.setattr(output, "carry_out", slowly)
    async with scene(tmp_path) as here:
        job, commit = await interrupted_commit(here)
        await here.control.resume_queue()
        await asyncio.wait_for(entered.wait(), 25)
        try:
            with pytest.raises(RequestError, match="put in place"):
                await here.control.cancel(job.id)
        finally:
            release.set()
        done = await here.until(job.id, JobStatus.COMPLETED)
        assert here.started == [], "nothing had to be made anew"
        assert done.output == commit.target
        assert commit.target.read_bytes() == b"an output"


@pytest.mark.parametrize("leftover", ["temporary", "original"])
def test_what_cannot_be_removed_is_told_and_harms_nobody(
    tmp_path: Path, leftover: str, caplog: pytest.LogCaptureFixture
) -> None:
    stubborn = tmp_path / "stubborn"
    stubborn.mkdir()  # unlink refuses it, whoever we are
    if leftover == "temporary":
        output.discard(stubborn)
    else:
        identity = Identity.of(os.lstat(stubborn))
        commit = Commit(
            *(uuid4(), tmp_path / "t", tmp_path / "film", identity, tmp_path / "film", identity, "replace"),
            trash=stubborn,
        )
        output.finish_replace(commit)
    assert "stubborn cannot be removed" in caplog.text
