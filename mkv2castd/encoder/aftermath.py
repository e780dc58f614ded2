"""What is written down and told once an attempt has ended."""

from __future__ import annotations

import errno
import logging
import time
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from mkv2castd.encoder import books, output
from mkv2castd.encoder.attempt import Done
from mkv2castd.encoder.books import Begun
from mkv2castd.encoder.output import Commit
from mkv2castd.encoder.running import House
from mkv2castd.encoder.setbacks import Next, Setback, after_failure
from mkv2castd.errors import DeviceError, ErrorCode, Mkv2castdError
from mkv2castd.model import Attempt, Failure, Job, Outcome, printable
from mkv2castd.store import Store
from mkv2castd.threads import in_thread

_log = logging.getLogger(__name__)


class StoreJournal:
    """A job's commits are written down in the store."""

    def __init__(self, store: Store, job: Job) -> None:
        self._store = store
        self._job = job

    async def begin(self, commit: Commit) -> None:
        await self._store.write(lambda ledger: books.journal(ledger, self._job, commit))


async def give_up_commit(store: Store, job_id: UUID) -> None:
    """What was begun to be put in place for this job, if anything, will not be."""
    commit = await store.write(lambda ledger: books.give_up_commit(ledger, job_id))
    if commit is not None:
        await in_thread(output.discard, commit.temporary)


async def complete(store: Store, begun: Begun, done: Done) -> None:
    job, commit = begun.job, done.commit
    await store.write(
        lambda ledger: books.complete(ledger, job.id, begun.attempt, commit, done.exit_code, time.time())
    )
    if commit.policy == "replace":
        await in_thread(output.finish_replace, commit)
        await store.write(lambda ledger: ledger.end_commit(job.id))
    _log.info("%s is done: %s", printable(job.source.name), printable(commit.target), extra=_fields(begun))


async def requeue(store: Store, job: Job, attempt: Attempt, outcome: Outcome, failure: Failure | None) -> None:
    """The job waits for its turn again."""
    await store.write(lambda ledger: books.back_to_queue(ledger, job.id, attempt, outcome, failure, time.time()))


async def set_back(store: Store, begun: Begun, setback: Setback) -> None:
    """The attempt has failed by its device's fault, and the job goes on."""
    job, failure = begun.job, failure_of(setback.error)
    await give_up_commit(store, job.id)
    attempt = ended(begun.attempt, setback.error)
    await store.write(lambda ledger: books.set_back(ledger, job.id, attempt, failure, time.time()))
    _log.warning("%s: %s", printable(job.source), failure.message, extra=_fields(begun))


async def fail(store: Store, house: House, begun: Begun, error: Mkv2castdError, *, give_up: bool) -> None:
    """The attempt has failed by no device's fault: the job is tried again, or has failed with it. give_up: what was
    begun to be put in place is not gone on with."""
    job, attempt, failure = begun.job, ended(begun.attempt, error), failure_of(error)
    attempts = await store.read(lambda ledger: ledger.attempts(job.id))
    so_far = (replace(one, outcome=Outcome.FAILED) if one.number == attempt.number else one for one in attempts)
    following = after_failure(error, tuple(so_far), house.retries)
    if give_up or following is Next.FAIL:
        await give_up_commit(store, job.id)
    if following is Next.FAIL:
        _log.error("%s failed: %s", printable(job.source), error.message, extra=_fields(begun))
        await store.write(lambda ledger: books.fail(ledger, job.id, attempt, failure, time.time()))
        return
    _log.warning("%s is tried again: %s", printable(job.source), error.message, extra=_fields(begun))
    await requeue(store, job, attempt, Outcome.FAILED, failure)
    await house.settle(job.id, anew=error.code is ErrorCode.SOURCE_CHANGED)


def failure_of(error: Mkv2castdError) -> Failure:
    return Failure(error.code, error.message, error.details)


def ended(attempt: Attempt, error: Mkv2castdError) -> Attempt:
    return replace(attempt, exit_code=error.exit_code if isinstance(error, DeviceError) else None)


def translate(error: Mkv2castdError | OSError, job: Job) -> Mkv2castdError:
    """A fault of the file system in our own words."""
    if isinstance(error, Mkv2castdError):
        return error
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DeviceError(ErrorCode.NO_SPACE, f"{_named(error, job)}: the disk is full: make room")
    return DeviceError(ErrorCode.FFMPEG_ERROR, f"{_named(error, job)}: {error.strerror}: check owner and permissions")


def _named(error: OSError, job: Job) -> str:
    name = error.filename if error.filename is not None else job.output
    return printable(name) if isinstance(name, str | Path) else str(name)


def _fields(begun: Begun) -> dict[str, object]:
    return {"job_id": begun.job.id, "folder": begun.job.folder, "device": begun.attempt.device}
