"""What an earlier run left behind is closed, whatever it was at."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from mkv2castd import recovery
from mkv2castd.encoder import books, output
from mkv2castd.encoder.books import Step
from mkv2castd.encoder.orphans import marked
from mkv2castd.encoder.output import Commit
from mkv2castd.errors import ErrorCode
from mkv2castd.events import Event
from mkv2castd.ledger import Ledger
from mkv2castd.model import Attempt, Failure, Identity, Job, JobStatus, Outcome, Stage, advance
from mkv2castd.recovery import Recovered, recover
from mkv2castd.store import Store, open_store

IDENTITY = Identity(1, 2, 3, 4)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path, lambda event: None) as store:
        yield store


def a_job(tmp_path: Path, status: JobStatus) -> Job:
    return Job(
        *(uuid4(), "films", tmp_path / "film.mkv", IDENTITY, status, 1.0),
        lane="cpu",
        stage=Stage.WAITING,
        output=tmp_path / "film_chromecast.mkv",
    )


async def begun(store: Store, tmp_path: Path) -> tuple[Job, Path]:
    """A job in mid-attempt, and its temporary."""

    def begin(ledger: Ledger) -> tuple[Job, Path]:
        job = ledger.add(a_job(tmp_path, JobStatus.QUEUED))
        attempt = books.begin(ledger, job.id, Step("cpu", "the only one"), 2.0)
        assert attempt is not None
        assert attempt.attempt.temporary is not None
        return attempt.job, attempt.attempt.temporary

    job, temporary = await store.write(begin)
    temporary.write_bytes(b"half an output")
    return job, temporary


async def test_an_attempt_under_way_is_closed_its_temporary_removed_and_its_job_waits_again(
    store: Store, tmp_path: Path
) -> None:
    job, temporary = await begun(store, tmp_path)
    assert await recover(store, tmp_path) == Recovered(attempts=1, orphans=0)
    assert not temporary.exists()
    now = await store.read(lambda ledger: ledger.require(job.id))
    assert (now.status, now.stage, now.sequence) == (JobStatus.QUEUED, Stage.WAITING, job.sequence)
    (attempt,) = await store.read(lambda ledger: ledger.attempts(job.id))
    assert attempt.outcome is Outcome.INTERRUPTED
    assert attempt.ended_at is not None
    assert await recover(store, tmp_path) == Recovered(attempts=0, orphans=0)


async def test_a_job_between_two_attempts_waits_again(store: Store, tmp_path: Path) -> None:
    job, _ = await begun(store, tmp_path)
    (attempt,) = await store.read(lambda ledger: ledger.attempts(job.id))
    failure = Failure(ErrorCode.DEVICE_LOST, "gone")
    await store.write(lambda ledger: books.set_back(ledger, job.id, attempt, failure, 3.0))
    assert await recover(store, tmp_path) == Recovered(attempts=0, orphans=0)
    now = await store.read(lambda ledger: ledger.require(job.id))
    assert (now.status, now.stage, now.sequence) == (JobStatus.QUEUED, Stage.WAITING, job.sequence)
    (kept,) = await store.read(lambda ledger: ledger.attempts(job.id))
    assert (kept.outcome, kept.failure, kept.spared) == (Outcome.FAILED, failure, True)


async def test_what_was_being_put_in_place_is_kept_for_the_jobs_turn(store: Store, tmp_path: Path) -> None:
    job, temporary = await begun(store, tmp_path)
    commit = Commit(job.id, temporary, tmp_path / "film_chromecast.mkv", IDENTITY, job.source, IDENTITY, "keep")
    await store.write(lambda ledger: books.journal(ledger, job, commit))
    await recover(store, tmp_path)
    assert temporary.exists()
    entry = await store.read(lambda ledger: ledger.commit_of(job.id))
    assert entry is not None
    assert output.decode(entry) == commit


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.PROCESSING])
async def test_jobs_that_were_not_being_encoded_stay_as_they_are(
    store: Store, tmp_path: Path, status: JobStatus
) -> None:
    job = await store.write(lambda ledger: ledger.add(a_job(tmp_path, status)))
    await recover(store, tmp_path)
    assert await store.read(lambda ledger: ledger.job(job.id)) == job


async def test_a_child_that_outlived_the_last_run_is_ended(store: Store, tmp_path: Path) -> None:
    # its parent ends at once, so that it is nobody's child of ours
    started = subprocess.run(
        ["sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"],
        env={**os.environ, **marked(tmp_path)},
        capture_output=True,
        check=True,
    )
    orphan = os.pidfd_open(int(started.stdout))
    try:
        assert (await recover(store, tmp_path)).orphans == 1
    finally:
        os.close(orphan)


async def test_a_storage_that_does_not_answer_does_not_keep_the_daemon_from_starting(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job, _ = await begun(store, tmp_path)
    release = threading.Event()
    monkeypatch.setattr(recovery, "_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(output, "discard", lambda temporary: release.wait(30))
    began = time.monotonic()
    await recover(store, tmp_path)
    release.set()
    assert time.monotonic() - began < 5
    assert "does not answer" in caplog.text
    assert (await store.read(lambda ledger: ledger.require(job.id))).status is JobStatus.QUEUED


async def test_an_original_that_was_replaced_just_before_the_kill_is_removed(tmp_path: Path) -> None:
    """The job was completed, durably, and the daemon killed before the original had left the trash."""
    film, original = tmp_path / "film.mkv", tmp_path / output.TRASH / "2026-01-01" / "film.mkv"
    original.parent.mkdir(parents=True)
    original.write_bytes(b"original")
    film.write_bytes(b"its output")
    before, made = Identity.of(original.stat()), Identity.of(film.stat())
    now = time.time()
    new = Job(uuid4(), "films", film, before, JobStatus.QUEUED, now, lane="cpu", output=film)
    commit = Commit(new.id, tmp_path / ".part", film, made, film, before, "replace", trash=original)

    def complete(ledger: Ledger) -> Job:
        job = ledger.save(advance(ledger.add(new), JobStatus.PROCESSING, started_at=now))
        attempt = Attempt(1, "cpu", now)
        ledger.save_attempt(job.id, attempt)
        books.journal(ledger, job, commit)
        return books.complete(ledger, job.id, attempt, commit, 0, now)

    heard: list[Event] = []
    async with open_store(tmp_path, heard.append) as store:
        done = await store.write(complete)
        recovered = await recover(store, tmp_path)
        assert recovered.attempts == 0
        assert await store.read(lambda ledger: ledger.job(new.id)) == done
        assert await store.read(lambda ledger: ledger.commit_of(new.id)) is None
        assert await store.read(lambda ledger: ledger.file_at(film)) is not None, "the output stays known"
    assert film.read_bytes() == b"its output"
    assert not (tmp_path / output.TRASH).exists()
