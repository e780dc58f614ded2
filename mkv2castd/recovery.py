"""The start, which is always a recovery: what an earlier run left behind is closed, and its jobs wait again.

Commits that were begun are not undone here: their jobs' next turn finishes them first, when their folder is there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from mkv2castd.encoder import books, output
from mkv2castd.encoder.commit import Commit
from mkv2castd.encoder.orphans import kill_orphans
from mkv2castd.ledger import Ledger
from mkv2castd.model import JobStatus, Outcome
from mkv2castd.store import Store
from mkv2castd.threads import in_thread

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Recovered:
    """Attempts that were closed as interrupted, children that outlived the earlier run."""

    attempts: int
    orphans: int


async def recover(store: Store, state_dir: Path) -> Recovered:
    """Call with the state folder locked and before anything else runs."""
    orphans = await asyncio.to_thread(kill_orphans, state_dir)
    left = await store.write(_close)
    await _clean(store, left)
    recovered = Recovered(left.attempts, orphans)
    if recovered.attempts or recovered.orphans:
        _log.warning(
            "the last run ended in mid-work: %d attempts are tried again, %d processes were ended",
            *(recovered.attempts, recovered.orphans),
        )
    return recovered


@dataclass(slots=True)
class _Left:
    """What the last run left: how many attempts, temporaries that nobody goes on with, and originals that were
    replaced, with their jobs, which are still in the trash."""

    attempts: int = 0
    temporaries: list[Path] = field(default_factory=list)
    replaced: dict[UUID, Commit] = field(default_factory=dict)


async def _clean(store: Store, left: _Left) -> None:
    """A storage that does not answer must not keep the others from their films: what lies there is left to the next
    attempt, which writes over it, or to the next start."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), asyncio.TaskGroup() as group:
            for temporary in left.temporaries:
                group.create_task(in_thread(output.discard, temporary))
            for job_id, commit in left.replaced.items():
                group.create_task(_finish_replace(store, job_id, commit))
    except TimeoutError:
        _log.warning("what the last run left unfinished cannot be removed: its storage does not answer")


async def _finish_replace(store: Store, job_id: UUID, commit: Commit) -> None:
    await in_thread(output.finish_replace, commit)
    await store.write(lambda ledger: ledger.end_commit(job_id))


def _close(ledger: Ledger) -> _Left:
    left = _Left()
    for job_id, attempt in ledger.running_attempts():
        left.attempts += 1
        job = ledger.job(job_id)
        if job is not None and job.status is JobStatus.PROCESSING:
            books.back_to_queue(ledger, job_id, attempt, Outcome.INTERRUPTED, None, time.time())
        if attempt.temporary is not None and ledger.commit_of(job_id) is None:
            left.temporaries.append(attempt.temporary)
    for job in ledger.unattended():
        books.back_without_attempt(ledger, job.id)
    for job_id in ledger.idle_commits():
        if (done := books.carried_out(ledger, job_id)) is not None:
            left.replaced[job_id] = done
        elif (commit := books.give_up_commit(ledger, job_id)) is not None:
            left.temporaries.append(commit.temporary)
    return left
