"""What is written down when an attempt begins, commits and ends: transactions over the Ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from mkv2castd.device import REMUX
from mkv2castd.encoder import output
from mkv2castd.encoder.naming import temporary_for
from mkv2castd.encoder.output import Commit
from mkv2castd.ledger import KnownFile, Ledger
from mkv2castd.model import Attempt, Failure, Identity, Job, JobStatus, Outcome, Stage, advance
from mkv2castd.rows import legible


@dataclass(frozen=True, slots=True)
class Begun:
    """A job whose attempt has been written down. pending: a commit that an earlier run left unfinished."""

    job: Job
    attempt: Attempt
    replaces: Identity | None
    pending: Commit | None


@dataclass(frozen=True, slots=True)
class Step:
    """Where an attempt is made, with what, and why so: see Attempt."""

    device: str
    why: str
    means: str | None = None


def begin(ledger: Ledger, job_id: UUID, step: Step, now: float) -> Begun | None:
    """None when the job is no longer waiting for its turn."""
    job = ledger.job(job_id)
    if job is None or job.status is not JobStatus.QUEUED or job.paused or job.output is None:
        return None
    attempt = _attempt(ledger, job, job.output, step, now)
    told = {"stage": _stage(step), "lane": step.device, "lane_reason": step.why}
    job = ledger.save(advance(job, JobStatus.PROCESSING, started_at=now, reason=None, failure=None, **told))
    entry = ledger.commit_of(job_id)
    pending = _read(entry) if entry is not None else None
    return Begun(job, attempt, replaces=_ours(ledger, job), pending=pending)


def begin_again(ledger: Ledger, job_id: UUID, step: Step, now: float) -> Begun | None:
    """The next attempt of a job that is being worked on. None when it is not (any more)."""
    job = ledger.job(job_id)
    if job is None or job.status is not JobStatus.PROCESSING or job.output is None:
        return None
    attempt = _attempt(ledger, job, job.output, step, now)
    job = ledger.save(replace(job, stage=_stage(step), lane=step.device, lane_reason=step.why))
    return Begun(job, attempt, replaces=_ours(ledger, job), pending=None)


def _attempt(ledger: Ledger, job: Job, output: Path, step: Step, now: float) -> Attempt:
    number = len(ledger.attempts(job.id)) + 1
    temporary = temporary_for(output, job.id)
    attempt = Attempt(number, step.device, now, temporary=temporary, why=step.why, means=step.means)
    ledger.save_attempt(job.id, attempt)
    return attempt


def _stage(step: Step) -> Stage:
    return Stage.REMUXING if step.device == REMUX else Stage.TRANSCODING


def _ours(ledger: Ledger, job: Job) -> Identity | None:
    """What lies in the output's place, where that is an older output of this very film."""
    known = ledger.file_at(job.output) if job.output is not None else None
    ours = known is not None and known.kind == "output" and known.origin == job.source
    return known.identity if known is not None and ours else None


def journal(ledger: Ledger, job: Job, commit: Commit) -> None:
    """The output is known from before its first rename on, so that no watcher takes it for a film."""
    ledger.begin_commit(job.id, output.encode(commit))
    ledger.remember(KnownFile(commit.target, job.folder, commit.identity, "output", job.id, job.source))
    for one in commit.sidecars:
        ledger.remember(KnownFile(one.target, job.folder, one.identity, "output", job.id, job.source))


def complete(
    ledger: Ledger, job_id: UUID, attempt: Attempt, commit: Commit, exit_code: int | None, now: float
) -> Job:
    job = ledger.require(job_id)
    ledger.save_attempt(job_id, replace(attempt, outcome=Outcome.COMPLETED, ended_at=now, exit_code=exit_code))
    if commit.policy != "replace":  # else the original is in the trash still, and the entry knows where
        ledger.end_commit(job_id)
    for one in commit.obsolete:
        ledger.forget(one.path)
    known = ledger.file_at(job.source)
    if known is not None and known.kind == "source" and not known.identity.matches(commit.source_identity):
        # a newer version came while it was too late to stop: the next comparison finds it as a new film
        ledger.forget(job.source)
    return ledger.save(
        advance(
            job,
            JobStatus.COMPLETED,
            stage=None,
            paused=False,
            output=commit.target,
            output_size=commit.identity.size,
            reason=commit.note,
            finished_at=now,
        )
    )


def carried_out(ledger: Ledger, job_id: UUID) -> Commit | None:
    """The commit of a job that is completed, of which only the original in the trash is left."""
    entry, job = ledger.commit_of(job_id), ledger.job(job_id)
    return _read(entry) if entry is not None and job is not None and job.status is JobStatus.COMPLETED else None


def give_up_commit(ledger: Ledger, job_id: UUID) -> Commit | None:
    """Nothing was put in place, and nothing will be. Returns what had been begun."""
    entry = ledger.commit_of(job_id)
    if entry is None:
        return None
    commit = _read(entry)
    ledger.end_commit(job_id)
    for one in commit.sidecars:
        there = ledger.file_at(one.target)
        if there is not None and there.identity == one.identity:
            ledger.forget(one.target)
    known = ledger.file_at(commit.target)
    if known is not None and known.identity == commit.identity:
        ledger.forget(commit.target)
        # what has kept its place is known as what it was
        if commit.in_place:
            ledger.remember(KnownFile(commit.source, known.folder, commit.source_identity, "source", job_id))
        elif commit.replaces is not None:
            ledger.remember(replace(known, identity=commit.replaces))
    return commit


def fail(ledger: Ledger, job_id: UUID, attempt: Attempt, failure: Failure, now: float) -> Job:
    """The attempt and the job with it."""
    ledger.save_attempt(job_id, _ended(attempt, Outcome.FAILED, now, failure))
    job = ledger.require(job_id)
    return ledger.save(advance(job, JobStatus.FAILED, stage=None, paused=False, failure=failure, finished_at=now))


def back_to_queue(
    ledger: Ledger, job_id: UUID, attempt: Attempt, outcome: Outcome, failure: Failure | None, now: float
) -> Job:
    """The attempt has ended, the job waits for its next one at the head of its lane."""
    ledger.save_attempt(job_id, _ended(attempt, outcome, now, failure))
    job = ledger.require(job_id)
    return ledger.save(advance(job, JobStatus.QUEUED, stage=Stage.WAITING, started_at=None))


def set_back(ledger: Ledger, job_id: UUID, attempt: Attempt, failure: Failure, now: float) -> Job:
    """The attempt has failed by its device's fault; the job goes on with the next one."""
    ledger.save_attempt(job_id, replace(_ended(attempt, Outcome.FAILED, now, failure), spared=True))
    return ledger.save(replace(ledger.require(job_id), stage=Stage.WAITING))


def back_without_attempt(ledger: Ledger, job_id: UUID) -> Job | None:
    """A job that was between two attempts waits for its turn again. None for one that is not being worked on."""
    job = ledger.job(job_id)
    if job is None or job.status is not JobStatus.PROCESSING:
        return None
    return ledger.save(advance(job, JobStatus.QUEUED, stage=Stage.WAITING, started_at=None))


def note(ledger: Ledger, job_id: UUID, reason: str) -> None:
    """Says why a queued job has to wait."""
    job = ledger.job(job_id)
    if job is not None and job.status is JobStatus.QUEUED:
        ledger.save(replace(job, stage=Stage.WAITING, reason=reason))


def cancel(ledger: Ledger, job_id: UUID, attempt: Attempt | None, failure: Failure, now: float) -> Job:
    """attempt: the one that was under way, if any was."""
    if attempt is not None:
        ledger.save_attempt(job_id, _ended(attempt, Outcome.CANCELLED, now, failure))
    job = ledger.require(job_id)
    return ledger.save(advance(job, JobStatus.CANCELLED, stage=None, paused=False, failure=failure, finished_at=now))


def _read(entry: bytes) -> Commit:
    with legible():
        return output.decode(entry)


def _ended(attempt: Attempt, outcome: Outcome, now: float, failure: Failure | None) -> Attempt:
    return replace(attempt, outcome=outcome, ended_at=now, failure=failure)
