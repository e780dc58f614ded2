"""Analysis: each complete film is probed, judged and given its lane and its output's name."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Never
from uuid import UUID

from mkv2castd.config import Settings
from mkv2castd.encoder.film import one_film
from mkv2castd.encoder.line import Gate, Line
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.media_cache import MediaCache
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.probe import PATIENCE_SECONDS
from mkv2castd.encoder.running import House
from mkv2castd.encoder.standing import is_away, is_expected
from mkv2castd.encoder.survey import examine
from mkv2castd.encoder.target import Claim, claim
from mkv2castd.encoder.telling import analysis
from mkv2castd.encoder.turns import Turn
from mkv2castd.encoder.workload import work_of
from mkv2castd.errors import ConfigError, DeviceError, ErrorCode, MediaError, Mkv2castdError
from mkv2castd.ledger import Ledger
from mkv2castd.model import Failure, Identity, Job, JobStatus, Stage, advance, printable
from mkv2castd.store import Store
from mkv2castd.threads import in_thread, in_thread_within
from mkv2castd.work import Place, Work

_log = logging.getLogger(__name__)
_SLOTS = 2  # ffprobe waits for the disk about as long as it computes
_TRIES = 3
_AWAY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the analysis came to. `claim` is None when nothing is to be made."""

    identity: Identity
    media: Media
    decision: Plan | Skip
    claim: Claim | None


class Intake:
    """`on_queued` is called with each job that has got its lane."""

    def __init__(
        self,
        store: Store,
        gate: Gate,
        house: House,
        cache: MediaCache,
        environment: Mapping[str, str],
        on_queued: Callable[[Job], None],
    ) -> None:
        self._store = store
        self._gate = gate
        self._house = house
        self._cache = cache
        self._environment = environment
        self._on_queued = on_queued
        self._tries: Counter[UUID] = Counter()
        self._line = Line("intake", _SLOTS, self._work, gate)

    async def serve(self) -> Never:
        await self._line.serve()

    def put(self, turn: Turn) -> None:
        self._line.put(turn)

    def discard(self, job_id: UUID) -> None:
        self._line.discard(job_id)

    async def _work(self, turn: Turn) -> None:
        job = await self._store.read(lambda ledger: ledger.job(turn.job_id))
        if job is None or job.status is not JobStatus.ANALYZING:
            return
        settings = self._house.settings_of(job)
        if settings is None:
            # until its folder is configured again
            self._gate.block(job.folder)
            self.put(Turn.of(job))
            return
        try:
            with one_film(job):
                verdict = await self._judge(job, settings)
        except (ConfigError, TimeoutError) as error:
            why = error.message if isinstance(error, ConfigError) else "its storage does not answer"
            _log.warning("%s waits: %s", printable(job.source), why, extra=_fields(job))
            await self._store.write(lambda ledger: _note(ledger, job, why))
            self.put(turn)
            self._gate.hold(job.folder)
            return
        except (Mkv2castdError, OSError) as error:
            if await self._is_away(job, settings):
                _log.warning("%s waits: it is not there at the moment", printable(job.source), extra=_fields(job))
                asyncio.get_running_loop().call_later(_AWAY_SECONDS, self._put_again, turn)
                return
            if isinstance(error, DeviceError) and self._tries[job.id] < self._house.retries:
                self._tries[job.id] += 1
                _log.warning("%s is tried again: %s", printable(job.source), error.message, extra=_fields(job))
                self.put(turn)
                return
            del self._tries[job.id]
            failure = _failure(error, job)
            _log.error("%s: %s", printable(job.source.name), failure.message, extra=_fields(job))
            await self._store.write(lambda ledger: _fail(ledger, job, failure))
            return
        del self._tries[job.id]
        given = _given(verdict, job, self._house)
        told = await self._store.write(lambda ledger: _conclude(ledger, job, settings, verdict, given))
        if told is not None and told.status is JobStatus.ANALYZING:
            self.put(turn)  # another film was faster to claim the same name
        elif told is not None and told.status is JobStatus.QUEUED:
            self._cache.put(told.source, verdict.identity, verdict.media)
            self._on_queued(told)
        elif told is not None and told.status is JobStatus.COMPLETED:
            _log.info("%s: nothing to do: %s", printable(told.source.name), told.reason, extra=_fields(told))

    async def _is_away(self, job: Job, settings: Settings) -> bool:
        """A film that is gone for good is told by its watcher, which has the job cancelled."""
        return (
            self._house.patient
            and await in_thread(is_away, settings.root, job.source)
            and await self._store.read(lambda ledger: is_expected(ledger, job.source))
        )

    def _put_again(self, turn: Turn) -> None:
        if turn.job_id not in self._line:
            self.put(turn)

    async def _judge(self, job: Job, settings: Settings) -> Verdict:
        for _ in range(_TRIES):
            before = await in_thread_within(PATIENCE_SECONDS, _identity, job)
            patience = min(PATIENCE_SECONDS, settings.stall_seconds)
            media = await examine(job.source, self._environment, patience, settings)
            if before == await in_thread_within(PATIENCE_SECONDS, _identity, job):
                break
        else:
            raise MediaError(
                ErrorCode.SOURCE_CHANGED, f"{printable(job.source)} changes all the time: retry when it is complete"
            )
        if media.ours is not None:
            return Verdict(before, media, Skip("made by mkv2castd itself"), None)
        decision = plan(media, settings, await self._house.toolbox.tools())
        if isinstance(decision, Skip):
            return Verdict(before, media, decision, None)
        place = await claim(self._store, job, before, settings, self._environment)
        if place.made:
            decision = Skip(f"converted already: {printable(place.target.name)}")
        return Verdict(before, media, decision, place)


@dataclass(frozen=True, slots=True)
class _Given:
    """What there is to encode, and who gets it."""

    work: Work | None
    place: Place


def _given(verdict: Verdict, job: Job, house: House) -> _Given | None:
    """None where nothing is to be made."""
    if isinstance(verdict.decision, Skip):
        return None
    work = work_of(verdict.decision)
    return _Given(work, house.choose(work, job.device))


def _conclude(ledger: Ledger, seen: Job, settings: Settings, verdict: Verdict, given: _Given | None) -> Job | None:
    """None when the job went elsewhere while it was being analysed; the job as it was when its output's name
    was claimed by another meanwhile."""
    job = ledger.job(seen.id)
    if job is None or not _is_as_seen(job, seen):
        return None
    known = ledger.file_at(job.source)
    if known is not None:
        kind = "output" if verdict.media.ours is not None else known.kind
        ledger.remember(replace(known, identity=verdict.identity, kind=kind))
    told = analysis(verdict.media, verdict.decision, settings, given.place if given is not None else None)
    facts = {"identity": verdict.identity, "analysis": told, "stage": None, "failure": None}
    if isinstance(verdict.decision, Skip) or given is None:
        made = verdict.claim.target if verdict.claim is not None else None
        reason = told.skip
        return ledger.save(
            advance(
                job,
                JobStatus.COMPLETED,
                skipped=True,
                reason=reason,
                output=made,
                finished_at=time.time(),
                **facts,
            )
        )
    assert verdict.claim is not None, "a plan has a place"
    if ledger.claimed_by_other(verdict.claim.target, job.id):
        return job
    facts |= {"lane": given.place.lane, "lane_reason": given.place.why, "work": given.work}
    facts |= {"output": verdict.claim.target, "stage": Stage.WAITING}
    return ledger.save(advance(job, JobStatus.QUEUED, skipped=False, reason=None, **facts))


def _note(ledger: Ledger, seen: Job, why: str) -> None:
    job = ledger.job(seen.id)
    if job is not None and _is_as_seen(job, seen) and job.reason != why:
        ledger.save(replace(job, reason=why))


def _fail(ledger: Ledger, seen: Job, failure: Failure) -> None:
    job = ledger.job(seen.id)
    if job is not None and _is_as_seen(job, seen):
        ledger.save(advance(job, JobStatus.FAILED, stage=None, reason=None, failure=failure, finished_at=time.time()))


def _is_as_seen(job: Job, seen: Job) -> bool:
    """Nobody has told of a move or of a newer version since: whoever did has it analysed again."""
    return job.status is JobStatus.ANALYZING and (job.source, job.identity) == (seen.source, seen.identity)


def _identity(job: Job) -> Identity:
    return Identity.of(job.source.stat())


def _failure(error: Mkv2castdError | OSError, job: Job) -> Failure:
    if isinstance(error, Mkv2castdError):
        return Failure(error.code, error.message, error.details)
    return Failure(ErrorCode.SOURCE_UNREADABLE, f"{printable(job.source)}: {error.strerror}")


def _fields(job: Job) -> dict[str, object]:
    return {"job_id": job.id, "folder": job.folder}
