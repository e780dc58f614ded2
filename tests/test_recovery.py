"""What a killed run left in the store and on the disk is closed by the next start."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

from mkv2castd.encoder import books, output
from mkv2castd.encoder.commit import Commit
from mkv2castd.events import Event
from mkv2castd.ledger import Ledger
from mkv2castd.model import Attempt, Identity, Job, JobStatus, advance
from mkv2castd.recovery import recover
from mkv2castd.store import open_store


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
