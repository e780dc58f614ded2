"""The verbs: whatever WebSocket, HTTP or the command line wants done, it is done here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from mkv2castd.config import settings_for
from mkv2castd.encoder.aftermath import give_up_commit
from mkv2castd.encoder.effects import ENDINGS, Stop
from mkv2castd.encoder.turns import Turn
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.ledger import KnownFile, Ledger
from mkv2castd.model import Container, Job, JobStatus, Stage, advance
from mkv2castd.steering import Steering
from mkv2castd.wishes import Reader, check_devices, check_pin, check_priority, film_within, same_wish

_CANCEL_SECONDS = 30.0


class Control(Steering):
    """Every verb raises RequestError for what cannot be done as asked; what a verb has returned is durable."""

    async def submit(
        self,
        path: Path,
        *,
        profile: tuple[str, ...] | None = None,
        container: Container | None = None,
        priority: int | None = None,
        device: str | None = None,
        reader: Reader | None = None,
    ) -> Job:
        """A job for this film in a watched folder, whatever is known of it. One that is on its way already is
        answered with the job that it has, unless other wishes are brought (invalid_state)."""
        folder, path, identity = await film_within(path, self._workshop.config, reader)
        check_devices(settings_for(self._workshop.config, folder, profile, container))
        check_priority(priority)
        if device is not None:
            await self._workshop.fleet.known()
            check_pin(device, self._workshop.devices())
        job = Job(
            id=uuid4(),
            folder=folder.name,
            source=path,
            identity=identity,
            status=JobStatus.ANALYZING,
            created_at=time.time(),
            stage=Stage.ANALYZING,
            priority=priority if priority is not None else folder.priority,
            profile=profile,
            container=container,
            device=device,
        )

        def add(ledger: Ledger) -> Job:
            if (live := ledger.live_job_at(path)) is not None:
                return same_wish(live, job)
            added = ledger.add(job)
            ledger.remember(KnownFile(path, folder.name, identity, "source", added.id))
            return added

        added = await self._store.write(add)
        if added.id == job.id:
            self._workshop.intake.put(Turn.of(added))
        elif priority is not None and priority != added.priority:
            return await self.set_priority(added.id, priority)
        return added

    async def cancel(self, job_id: UUID) -> Job:
        """Ends the job, whatever it is at; a running ffmpeg is gone when this returns."""

        ending = {"stage": None, "paused": False, "failure": ENDINGS[Stop.CANCEL], "finished_at": time.time()}
        ended = False

        def write(ledger: Ledger) -> Job:
            job = ledger.require(job_id)
            if job.status is JobStatus.PROCESSING or (ended and job.status is JobStatus.CANCELLED):
                return job
            return ledger.save(advance(job, JobStatus.CANCELLED, **ending))

        # more than once where the attempt ends by itself in this moment and its job waits for the next one
        while (job := await self._store.write(write)).status is JobStatus.PROCESSING:
            running = self._workshop.lanes.running.get(job_id)
            if running is None or running.task is None or not running.end(Stop.CANCEL):
                raise RequestError(ErrorCode.INVALID_STATE, "too late: the output is being put in place")
            ended = True
            await asyncio.wait([running.task], timeout=_CANCEL_SECONDS)
        self._take_back(job_id)
        await give_up_commit(self._store, job_id)
        return job

    async def pause(self, job_id: UUID) -> Job:
        """A running ffmpeg is stopped in its tracks (SIGSTOP); the status stays as it is."""
        job = await self._change(job_id, _paused(True))
        if job.status is JobStatus.QUEUED:
            self._workshop.lanes.discard(job_id)
        self._workshop.lanes.hold(job_id, True)
        return job

    async def resume(self, job_id: UUID) -> Job:
        job = await self._change(job_id, _paused(False))
        if job.status is JobStatus.QUEUED:
            self._workshop.enqueue(job)
        self._workshop.lanes.hold(job_id, False)
        return job

    async def retry(self, job_id: UUID) -> Job:
        """A failed or cancelled job is queued again and, since its film may have changed, analysed again."""

        def again(ledger: Ledger) -> Job:
            job = ledger.require(job_id)
            if (live := ledger.live_job_at(job.source)) is not None and live.id != job_id:
                raise RequestError(ErrorCode.INVALID_STATE, f"the film is being worked on as job {live.id}")
            if self._workshop.config.named(job.folder) is None:
                raise RequestError(ErrorCode.NO_SUCH_FOLDER, f"the folder {job.folder!r} is not watched any more")
            fresh: dict[str, Any] = {"failure": None, "reason": None, "finished_at": None, "output_size": None}
            job = ledger.save(advance(job, JobStatus.QUEUED, **fresh))
            return ledger.save(advance(job, JobStatus.ANALYZING, stage=Stage.ANALYZING))

        job = await self._store.write(again)
        self._workshop.intake.put(Turn.of(job))
        return job

    async def set_priority(self, job_id: UUID, priority: int) -> Job:
        """-100 … 100, higher first; within one priority, first come, first served."""
        check_priority(priority)

        def change(job: Job) -> Job:
            _check_unfinished(job)
            return replace(job, priority=priority)

        job = await self._change(job_id, change)
        if job.status is JobStatus.QUEUED:
            self._workshop.enqueue(job)
        elif job.status is JobStatus.ANALYZING:
            self._workshop.intake.put(Turn.of(job))
        return job

    async def remove(self, job_id: UUID) -> None:
        """Forgets a finished job and its log. Its film stays known: it is not converted again for that."""

        def forget(ledger: Ledger) -> None:
            job = ledger.require(job_id)
            if not job.status.finished:
                raise RequestError(ErrorCode.INVALID_STATE, f"the job is {job.status.value}: cancel it first")
            ledger.remove(job_id)

        await self._store.write(forget)
        await asyncio.to_thread(self._workshop.surroundings.log_of(job_id).unlink, missing_ok=True)

    async def _change(self, job_id: UUID, change: Callable[[Job], Job]) -> Job:
        return await self._store.write(lambda ledger: ledger.save(change(ledger.require(job_id))))

    def _take_back(self, job_id: UUID) -> None:
        self._workshop.lanes.discard(job_id)
        self._workshop.intake.discard(job_id)


def _paused(paused: bool) -> Callable[[Job], Job]:
    def change(job: Job) -> Job:
        _check_unfinished(job)
        return replace(job, paused=paused)

    return change


def _check_unfinished(job: Job) -> None:
    if job.status.finished:
        raise RequestError(ErrorCode.INVALID_STATE, f"the job is {job.status.value} already")
