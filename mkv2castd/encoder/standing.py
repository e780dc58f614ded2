"""How a job stands by what is known of its film now.

A film may change, move or go at any moment, also between two steps of an attempt that is being ended, or of a daemon
that is being killed. What was seen of it is in the store: there it is asked whenever a job has its turn or comes back
to the queue.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from mkv2castd.encoder.effects import ENDINGS, Stop
from mkv2castd.ledger import KnownFile, Ledger
from mkv2castd.model import Job, JobStatus, Stage, advance


@dataclass(frozen=True, slots=True)
class Standing:
    """A queued job. pending: an output of it is being put in place, which comes first. outdated: its film is gone, or
    another version by now."""

    job: Job
    pending: bool
    outdated: bool


def standing(ledger: Ledger, job_id: UUID) -> Standing | None:
    """None for a job that does not wait for its turn (any more)."""
    job = ledger.job(job_id)
    if job is None or job.status is not JobStatus.QUEUED:
        return None
    known = ledger.file_at(job.source)
    return Standing(job, ledger.commit_of(job_id) is not None, _is_gone(known) or _has_changed(known, job))


def is_expected(ledger: Ledger, source: Path) -> bool:
    """Is the film to be there, as far as was told?"""
    known = ledger.file_at(source)
    return known is not None and known.gone_at is None


def is_away(root: Path | None, source: Path) -> bool:
    """Is the film, or all of its folder, not to be found in its place? Blocks on the file system."""
    return root is not None and not (os.path.isdir(root) and os.path.lexists(source))


def settle(ledger: Ledger, job_id: UUID, now: float, *, anew: bool) -> Job | None:
    """A queued job's next state: cancelled when its film is gone, back to analysis when that is another one by now
    (or `anew`), else as it is. None for a job that is not queued (any more)."""
    stands = standing(ledger, job_id)
    if stands is None or not (stands.outdated or anew):
        return stands.job if stands is not None else None
    job, known = stands.job, ledger.file_at(stands.job.source)
    if _is_gone(known):
        if stands.pending:
            return job
        ending = {"stage": None, "paused": False, "failure": ENDINGS[Stop.GONE], "finished_at": now}
        return ledger.save(advance(job, JobStatus.CANCELLED, **ending))
    identity = known.identity if known is not None else job.identity
    if known is not None and not known.complete:
        return ledger.save(advance(job, JobStatus.PENDING, identity=identity, stage=None))
    return ledger.save(advance(job, JobStatus.ANALYZING, identity=identity, stage=Stage.ANALYZING))


def _is_gone(known: KnownFile | None) -> bool:
    return known is not None and known.gone_at is not None


def _has_changed(known: KnownFile | None, job: Job) -> bool:
    if known is None or known.kind != "source" or job.identity is None:
        return False
    return not known.identity.matches(job.identity)
