"""What time has made superfluous goes, and nothing else."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from mkv2castd import housekeeping
from mkv2castd.config import Config, FolderConfig, QueueConfig
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.events import Event, JobRemoved
from mkv2castd.housekeeping import tidy
from mkv2castd.ledger import KnownFile
from mkv2castd.model import Identity, Job, JobStatus
from mkv2castd.store import open_store

DAY = 86400.0
NOW = 1_800_000_000.0
IDENTITY = Identity(1, 2, 3, 4)


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    films = tmp_path / "films"
    films.mkdir()
    (tmp_path / "logs").mkdir()
    config = Config(
        (FolderConfig(path=str(films), name="films", keep_trash_days=30),), queue=QueueConfig(keep_finished_days=90)
    )
    async with open_store(tmp_path, lambda event: None) as store:
        yield Workshop(config, tmp_path, store, lambda event: None)


async def a_job(workshop: Workshop, status: JobStatus, days: float | None) -> Job:
    """With a log; `days`: how long ago it finished."""
    finished = NOW - days * DAY if days is not None else None
    job = Job(uuid4(), "films", Path(f"/films/{uuid4()}.mkv"), IDENTITY, status, 1.0, finished_at=finished)
    workshop.surroundings.log_of(job.id).write_text("ffmpeg said")
    return await workshop.store.write(lambda ledger: ledger.add(job))


async def test_old_finished_jobs_go_with_their_logs_and_others_stay(workshop: Workshop) -> None:
    old = [await a_job(workshop, JobStatus.COMPLETED, 91), await a_job(workshop, JobStatus.FAILED, 1000)]
    kept = [await a_job(workshop, JobStatus.COMPLETED, 89), await a_job(workshop, JobStatus.QUEUED, None)]
    await tidy(workshop, NOW)
    for job in old:
        assert await workshop.store.read(lambda ledger, one=job: ledger.job(one.id)) is None  # type: ignore[misc]
        assert not workshop.surroundings.log_of(job.id).exists()
    for job in kept:
        assert await workshop.store.read(lambda ledger, one=job: ledger.job(one.id)) == job  # type: ignore[misc]
        assert workshop.surroundings.log_of(job.id).exists()


async def test_many_old_jobs_go_in_portions_so_that_listeners_can_follow(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "_PORTION", 10)
    for _ in range(25):
        await a_job(workshop, JobStatus.COMPLETED, 100)
    writes: list[int] = []
    write, told = workshop.store.write, list[Event]()
    monkeypatch.setattr(workshop.store, "_publish", told.append)

    async def counted(work):  # type: ignore[no-untyped-def]
        before = len(told)
        result = await write(work)
        writes.append(len(told) - before)
        return result

    monkeypatch.setattr(workshop.store, "write", counted)
    await tidy(workshop, NOW)
    assert [number for number in writes if number] == [10, 10, 5]
    assert all(isinstance(event, JobRemoved) for event in told)


async def test_a_log_that_cannot_be_removed_keeps_nothing_else(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    stubborn, other = [await a_job(workshop, JobStatus.COMPLETED, days) for days in (101, 100)]
    log = workshop.surroundings.log_of(stubborn.id)
    log.unlink()
    log.mkdir()
    await tidy(workshop, NOW)
    assert not workshop.surroundings.log_of(other.id).exists()
    assert "cannot be removed" in caplog.text


async def test_old_trash_goes_and_younger_trash_stays(workshop: Workshop) -> None:
    trash = workshop.config.folder[0].root / ".mkv2castd-trash"
    for day in ("2026-12-01", "2027-01-10"):  # NOW is 2027-01-15
        (trash / day / "sub").mkdir(parents=True)
        (trash / day / "sub" / "film.mkv").touch()
    await tidy(workshop, NOW)
    assert os.listdir(trash) == ["2027-01-10"]


async def test_what_went_long_ago_is_not_remembered(workshop: Workshop) -> None:
    file = KnownFile(Path("/films/a"), "films", IDENTITY, "source")
    gone = [replace(file, path=Path("/films/b"), gone_at=NOW - 91 * DAY), replace(file, gone_at=NOW - DAY)]
    for one in gone:
        await workshop.store.write(lambda ledger, file=one: ledger.remember(file))  # type: ignore[misc]
    await tidy(workshop, NOW)
    assert await workshop.store.read(lambda ledger: ledger.file_at(Path("/films/b"))) is None
    assert await workshop.store.read(lambda ledger: ledger.file_at(Path("/films/a"))) == gone[1]


async def test_a_folder_that_is_away_is_passed_over(workshop: Workshop) -> None:
    workshop.config.folder[0].root.rmdir()
    await tidy(workshop, NOW)
