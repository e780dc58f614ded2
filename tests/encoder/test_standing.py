"""A job whose film changes, moves or goes, or whose folder does, at a moment at which nobody can follow at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from mkv2castd.config import Config
from mkv2castd.encoder import books, intake, target
from mkv2castd.encoder.attempt import Handle, Task
from mkv2castd.encoder.books import Step
from mkv2castd.encoder.effects import ENDINGS, Stop
from mkv2castd.errors import DeviceError, ErrorCode
from mkv2castd.ledger import KnownFile, Ledger
from mkv2castd.model import (
    Container,
    FolderState,
    FolderStatus,
    Identity,
    Job,
    JobStatus,
    Progress,
    Sighting,
)
from tests.encoder.scene import Scene, scene
from tests.encoder.test_lanes import a_commit, interrupted_commit


def configured(here: Scene, **changes: object) -> Config:
    (folder,) = here.workshop.config.folder
    return msgspec.structs.replace(here.workshop.config, folder=(msgspec.structs.replace(folder, **changes),))


async def test_a_job_whose_folder_is_not_configured_waits_until_it_is_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        job = await here.submit("film.mkv")
        config = here.workshop.config
        here.workshop.config = msgspec.structs.replace(config, folder=())
        await here.control.resume_queue()
        async with asyncio.timeout(25):
            while "films" not in here.workshop.gate.blocked:
                await asyncio.sleep(0.01)
        assert (await here.control.job(job.id)).status is JobStatus.QUEUED
        here.workshop.config = config
        here.reception.folder_changed(FolderStatus("films", here.folder, FolderState.STARTING))
        await here.until(job.id, JobStatus.COMPLETED)


async def test_a_queued_job_follows_its_folders_new_settings(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        job = await here.submit("film.mkv")
        assert job.output == here.folder / "film_chromecast.mkv"
        here.workshop.config = configured(here, container=Container.MP4, suffix="_tv")
        await here.control.resume_queue()
        done = await here.until(job.id, JobStatus.COMPLETED)
        assert done.output == here.folder / "film_tv.mp4"
        assert done.analysis is not None
        assert done.analysis.container is Container.MP4


async def test_a_move_that_a_kill_interrupted_is_followed_at_the_next_turn(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        job = await here.submit("film.mkv")
        moved = job.source.rename(here.folder / "moved.mkv")
        await here.workshop.store.write(lambda ledger: ledger.save(replace(job, source=moved, output=None)))
        await here.control.resume_queue()
        assert (await here.until(job.id, JobStatus.COMPLETED)).output == here.folder / "moved_chromecast.mkv"


async def test_a_film_that_went_in_a_kill_is_not_encoded(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        job = await here.submit("film.mkv")
        job.source.unlink()

        def went(ledger: Ledger) -> None:
            known = ledger.file_at(job.source)
            assert known is not None
            ledger.remember(replace(known, gone_at=1.0))

        await here.workshop.store.write(went)
        await here.control.resume_queue()
        ended = await here.until(job.id, JobStatus.CANCELLED)
        assert ended.failure is not None
        assert ended.failure.code is ErrorCode.SOURCE_UNREADABLE
        assert here.started == []


async def test_a_disk_that_goes_away_in_mid_encode_fails_no_film(tmp_path: Path) -> None:
    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        if not (tmp_path / "elsewhere").exists():
            task.source.rename(tmp_path / "elsewhere")
            raise DeviceError(ErrorCode.FFMPEG_ERROR, "No such file or directory")

    async with scene(tmp_path, script) as here:
        job = await here.submit("film.mkv")
        async with asyncio.timeout(25):
            while "films" not in here.workshop.gate.blocked:
                await asyncio.sleep(0.01)
        await here.until(job.id, JobStatus.QUEUED)
        here.workshop.gate.release_held()
        while (told := await here.control.job(job.id)).reason is None:
            here.changed.clear()
            await asyncio.wait_for(here.changed.wait(), 25)
        assert "mounted" in told.reason
        (tmp_path / "elsewhere").rename(job.source)
        (tmp_path / "elsewhere").touch()
        here.workshop.gate.release_held()
        await here.until(job.id, JobStatus.COMPLETED)
        assert await here.outcomes(job.id) == ["interrupted", "completed"]


async def test_a_disk_that_is_away_when_a_film_is_looked_at_fails_no_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(intake, "_AWAY_SECONDS", 0.05)
    async with scene(tmp_path, online=False) as here:
        job = await here.control.submit(here.film("film.mkv"))
        job.source.rename(tmp_path / "elsewhere")
        here.reception.folder_changed(FolderStatus("films", here.folder, FolderState.STARTING))
        async with asyncio.timeout(25):
            while "waits" not in caplog.text:
                await asyncio.sleep(0.01)
        assert (await here.control.job(job.id)).status is JobStatus.ANALYZING
        (tmp_path / "elsewhere").rename(job.source)
        await here.until(job.id, JobStatus.COMPLETED)


async def test_a_film_known_to_be_gone_is_not_waited_for(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        job = await here.submit("film.mkv")
        await here.until(job.id, JobStatus.COMPLETED)
        again = await here.control.submit(job.source)
        await here.control.cancel(again.id)
        job.source.unlink()
        await here.reception.vanished("films", [job.source])
        await here.control.retry(again.id)
        failed = await here.until(again.id, JobStatus.FAILED)
        assert failed.failure is not None
        assert failed.failure.code is ErrorCode.SOURCE_UNREADABLE


async def test_an_analysis_of_an_older_version_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, release = asyncio.Event(), asyncio.Event()
    claim = target.claim

    async def slow_claim(*arguments: object) -> object:
        if not reached.is_set():
            reached.set()
            await release.wait()
        return await claim(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "claim", slow_claim)
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        job = await here.control.submit(here.film("film.mkv"))
        await asyncio.wait_for(reached.wait(), 25)
        with job.source.open("ab") as film:
            film.write(bytes(100))
        fresh = Identity.of(job.source.lstat())
        await here.reception.sight("films", [Sighting(job.source, fresh, True)])
        release.set()
        await here.until(job.id, JobStatus.QUEUED)
        assert (await here.control.job(job.id)).identity == fresh


async def test_a_version_that_came_too_late_to_stop_the_commit_is_found_again(tmp_path: Path) -> None:
    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        handle.committing = True
        with task.source.open("ab") as film:
            film.write(bytes(100))
        await here.reception.sight("films", [Sighting(task.source, Identity.of(task.source.lstat()), True)])

    async with scene(tmp_path, script) as here:
        job = await here.submit("film.mkv")
        await here.until(job.id, JobStatus.COMPLETED)
        assert bytes(job.source) not in await here.reception.known("films")


class TestAnOutputThatWasBeingPutInPlaceWhenTheDaemonWasKilled:
    async def test_is_given_up_with_its_job(self, tmp_path: Path) -> None:
        async with scene(tmp_path) as here:
            job, commit = await interrupted_commit(here)
            await here.control.cancel(job.id)
            assert not commit.temporary.exists()
            assert await here.workshop.store.read(lambda ledger: ledger.commit_of(job.id)) is None

    async def test_is_not_placed_for_a_newer_version_of_its_film(self, tmp_path: Path) -> None:
        async with scene(tmp_path) as here:
            job, commit = await interrupted_commit(here)
            with job.source.open("ab") as film:
                film.write(bytes(100))
            await here.reception.sight("films", [Sighting(job.source, Identity.of(job.source.lstat()), True)])
            await here.control.resume_queue()
            await here.until(job.id, JobStatus.COMPLETED)
            assert here.started == ["film.mkv"], "made anew"
            assert not commit.temporary.exists()

    async def test_is_finished_although_its_film_is_in_the_trash_already(self, tmp_path: Path) -> None:
        async with scene(tmp_path) as here:
            job, commit = await interrupted_commit(here)
            job.source.unlink()
            await here.reception.vanished("films", [job.source])
            await here.control.resume_queue()
            await here.until(job.id, JobStatus.COMPLETED)
            assert here.started == []
            assert commit.target.read_bytes() == b"an output"

    @pytest.mark.parametrize("in_place", [True, False])
    async def test_leaves_what_has_kept_its_place_known_as_what_it_was(self, tmp_path: Path, in_place: bool) -> None:
        async with scene(tmp_path) as here:
            await here.control.pause_queue()
            job = await here.submit("film.mkv")
            older = Identity(1, 2, 3, 4)
            target = job.source if in_place else here.folder / "film_chromecast.mkv"
            commit = replace(a_commit(job), target=target, replaces=None if in_place else older)

            def give_up(ledger: Ledger) -> KnownFile | None:
                books.journal(ledger, job, commit)
                books.give_up_commit(ledger, job.id)
                return ledger.file_at(target)

            known = await here.workshop.store.write(give_up)
            assert known is not None
            assert (known.kind, known.identity) == (("source", job.identity) if in_place else ("output", older))


async def test_a_commit_whose_job_has_ended_leaves_no_litter_at_the_next_start(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        job, commit = await interrupted_commit(here)

        def end(ledger: Ledger) -> None:
            begun = books.begin(ledger, job.id, Step("cpu", "the only one"), 1.0)
            assert begun is not None
            books.cancel(ledger, job.id, begun.attempt, ENDINGS[Stop.CANCEL], 2.0)

        await here.workshop.store.write(end)
    async with scene(tmp_path) as here:
        assert not commit.temporary.exists()
        assert await here.workshop.store.read(lambda ledger: ledger.commit_of(job.id)) is None


async def test_a_storage_that_does_not_answer_holds_up_its_own_folder_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()
    identity = intake._identity

    def hang(job: Job) -> Identity:
        if job.source.name == "hung.mkv" and not release.is_set():
            release.wait(30)
        return identity(job)

    monkeypatch.setattr(intake, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(intake, "_identity", hang)
    async with scene(tmp_path) as here:
        job = await here.control.submit(here.film("hung.mkv"))
        async with asyncio.timeout(25):
            while "does not answer" not in caplog.text:
                await asyncio.sleep(0.01)
        assert (await here.control.job(job.id)).status is JobStatus.ANALYZING
        release.set()
        monkeypatch.setattr(intake, "PATIENCE_SECONDS", 60.0)
        here.workshop.gate.release_held()
        await here.until(job.id, JobStatus.COMPLETED)
