"""The start, which is always a recovery: what an earlier run left behind is closed, and its jobs wait again.

Commits that were begun are not undone here: their jobs' next turn finishes them first, when their folder is there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from mkv2castd.encoder import books, output
from mkv2castd.encoder.orphans import kill_orphans
from mkv2castd.ledger import Ledger
from mkv2castd.model import JobStatus, Outcome
from mkv2castd.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """Attempts that were closed as interrupted, children that outlived the earlier run."""

    attempts: int
    orphans: int


async def recover(store: Store, state_dir: Path) -> Recovered:
    """Call with the state folder locked and before anything else runs."""
    orphans = await asyncio.to_thread(kill_orphans, state_dir)
    attempts, temporaries = await store.write(_close)
    for temporary in temporaries:
        await asyncio.to_thread(output.discard, temporary)
    recovered = Recovered(attempts, orphans)
    if recovered.attempts or recovered.orphans:
        _log.warning(
            "the last run ended in mid-work: %d attempts are tried again, %d processes were ended",
            *(recovered.attempts, recovered.orphans),
        )
    return recovered


def _close(ledger: Ledger) -> tuple[int, list[Path]]:
    """How many attempts were closed, and the temporaries that nobody goes on with."""
    temporaries: list[Path] = []
    running = ledger.running_attempts()
    for job_id, attempt in running:
        job = ledger.job(job_id)
        if job is not None and job.status is JobStatus.PROCESSING:
            books.back_to_queue(ledger, job_id, attempt, Outcome.INTERRUPTED, None, time.time())
        if attempt.temporary is not None and ledger.commit_of(job_id) is None:
            temporaries.append(attempt.temporary)
    for job_id in ledger.idle_commits():
        commit = books.give_up_commit(ledger, job_id)
        assert commit is not None, "was listed in this transaction"
        temporaries.append(commit.temporary)
    return len(running), temporaries
