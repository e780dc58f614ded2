"""The lanes: one queue and its slots per device, and what happens to a job from its turn to its end."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Never
from uuid import UUID

from mkv2castd.config import Settings
from mkv2castd.encoder import books, output
from mkv2castd.encoder.attempt import Done, Handle, Journal, Task, no_space
from mkv2castd.encoder.books import Begun
from mkv2castd.encoder.child import require_program
from mkv2castd.encoder.effects import ENDINGS, Stop
from mkv2castd.encoder.film import one_film
from mkv2castd.encoder.line import Gate, Line
from mkv2castd.encoder.media_cache import MediaCache
from mkv2castd.encoder.output import Commit
from mkv2castd.encoder.pacer import Pacer
from mkv2castd.encoder.probe import PATIENCE_SECONDS
from mkv2castd.encoder.running import House, Running, Surroundings
from mkv2castd.encoder.schedule import Next, Turn, after_failure
from mkv2castd.encoder.standing import Standing, is_away, standing
from mkv2castd.encoder.target import fits
from mkv2castd.errors import ConfigError, DeviceError, ErrorCode, Mkv2castdError
from mkv2castd.events import Event, JobProgressed
from mkv2castd.model import Attempt, Failure, Job, Outcome, Progress, printable
from mkv2castd.patience import see_through
from mkv2castd.store import Store
from mkv2castd.threads import in_thread, in_thread_within

_log = logging.getLogger(__name__)
Executor = Callable[[Task, Journal, Callable[[Progress], None], Handle], Awaitable[Done]]


class Lanes:
    """`execute` is the seam: today a local child process, elsewhere another machine's."""

    def __init__(
        self,
        slots: Mapping[str, int],
        store: Store,
        gate: Gate,
        house: House,
        publish: Callable[[Event], None],
        surroundings: Surroundings,
        cache: MediaCache,
        execute: Executor,
    ) -> None:
        self._store = store
        self._gate = gate
        self._house = house
        self._publish = publish
        self._surroundings = surroundings
        self._cache = cache
        self._execute = execute
        self._lines = {lane: Line(lane, count, partial(self._work, lane), gate) for lane, count in slots.items()}
        self.running: dict[UUID, Running] = {}

    async def serve(self) -> Never:
        async with asyncio.TaskGroup() as group:
            for line in self._lines.values():
                group.create_task(line.serve())
            await asyncio.Event().wait()
        raise AssertionError("lines never end by themselves")

    def put(self, lane: str, turn: Turn) -> None:
        self._lines[lane].put(turn)

    def discard(self, job_id: UUID) -> None:
        for line in self._lines.values():
            line.discard(job_id)

    def pause_all(self, paused: bool) -> None:
        """Nothing new starts, and what runs is suspended; or the other way round."""
        self._gate.set_paused(paused)
        for running in self.running.values():
            self._suspend(running)

    def hold(self, job_id: UUID, held: bool) -> None:
        if (running := self.running.get(job_id)) is not None:
            running.held = held
            self._suspend(running)

    def _suspend(self, running: Running) -> None:
        if running.held or self._gate.paused:
            running.handle.pause()
        else:
            running.handle.resume()

    async def _work(self, lane: str, turn: Turn) -> None:
        stands = await self._store.read(lambda ledger: standing(ledger, turn.job_id))
        if stands is None:
            return
        job = stands.job
        settings = self._house.settings_of(job)
        if settings is None:
            # until its folder is configured again
            self._gate.block(job.folder)
            self.put(lane, Turn.of(job))
            return
        if not stands.pending and (stands.outdated or not fits(job, settings)):
            await self._house.settle(job.id, anew=True)
            return
        if await self._must_wait(lane, stands, settings):
            return
        begun = await self._store.write(lambda ledger: books.begin(ledger, turn.job_id, lane, time.time()))
        if begun is None:
            return
        running = self.running[job.id] = Running(begun.job, begun.attempt)
        self._suspend(running)
        try:
            async with asyncio.TaskGroup() as group:
                running.task = group.create_task(self._try(begun, settings, running))
        finally:
            del self.running[job.id]

    async def _must_wait(self, lane: str, stands: Standing, settings: Settings) -> bool:
        """A full disk, a disk that is away, or an ffmpeg that is being updated fails no film: its folder's jobs wait
        until it is mended."""
        job = stands.job
        needed = job.source if self._house.patient and not stands.pending else None
        try:
            problem = await in_thread_within(PATIENCE_SECONDS, _obstacle, job, settings, needed)
        except TimeoutError:
            problem = "its storage, or that of its output, does not answer: see whether server and network work"
        if problem is None:
            return False
        if job.reason != problem:
            _log.warning("%s waits: %s", printable(job.source), problem, extra={"job_id": job.id})
            await self._store.write(lambda ledger: books.note(ledger, job.id, problem))
        self._gate.hold(job.folder)
        self.put(lane, Turn.of(job))
        return True

    async def _try(self, begun: Begun, settings: Settings, running: Running) -> None:
        job = begun.job
        try:
            running.begin()
            # closed before the end is written down: no progress is told of a job that has come to its end
            with closing(Pacer(partial(self._tell, running))) as pacer, one_film(job):
                done = await self._finish_or_make(begun, settings, running, pacer)
        except asyncio.CancelledError:
            await see_through(self._stopped(begun, running))
            if running.stop is None:
                raise
        except (Mkv2castdError, OSError) as error:
            # after an OSError what was begun may yet be finished: the next attempt begins with it
            final = isinstance(error, Mkv2castdError)
            await see_through(self._failed(begun, settings, _translate(error, job), give_up=final))
        else:
            await see_through(self._completed(begun, done))

    async def _finish_or_make(self, begun: Begun, settings: Settings, running: Running, pacer: Pacer) -> Done:
        job = begun.job
        assert job.output is not None, "a queued job knows its output"
        assert job.identity is not None, "a queued job has been seen"
        if begun.pending is not None:
            if begun.pending.source_identity.matches(job.identity):
                running.handle.committing = True
                if await see_through(in_thread(output.carry_out, begun.pending)):
                    return Done(begun.pending)
                running.handle.committing = False
            await self.give_up_commit(job.id)
        task = Task(
            job_id=job.id,
            source=job.source,
            identity=job.identity,
            settings=settings,
            target=job.output,
            replaces=begun.replaces,
            media=self._cache.get(job.source, job.identity),
            log=self._surroundings.log_of(job.id),
            environment=self._surroundings.environment,
            tools=await self._house.toolbox.tools(),
        )
        return await self._execute(task, _StoreJournal(self._store, job), pacer.offer, running.handle)

    def _tell(self, running: Running, progress: Progress) -> None:
        running.progress = progress
        self._publish(JobProgressed(running.job.id, progress))

    async def _completed(self, begun: Begun, done: Done) -> None:
        job, commit = begun.job, done.commit
        await self._store.write(
            lambda ledger: books.complete(ledger, job.id, begun.attempt, commit, done.exit_code, time.time())
        )
        if commit.policy == "replace":
            await in_thread(output.finish_replace, commit)
            await self._store.write(lambda ledger: ledger.end_commit(job.id))
        _log.info("%s is done: %s", printable(job.source.name), printable(commit.target), extra=_fields(job))

    async def _stopped(self, begun: Begun, running: Running) -> None:
        job, now = begun.job, time.time()
        if running.stop is Stop.CANCEL:
            failure = ENDINGS[Stop.CANCEL]
            await self._store.write(lambda ledger: books.cancel(ledger, job.id, begun.attempt, failure, now))
            return
        await self._requeue(begun, Outcome.INTERRUPTED, None)
        if running.stop is not None:
            await self._house.settle(job.id, anew=running.stop is Stop.RESTART)

    async def _requeue(self, begun: Begun, outcome: Outcome, failure: Failure | None) -> None:
        await self._store.write(
            lambda ledger: books.back_to_queue(ledger, begun.job.id, begun.attempt, outcome, failure, time.time())
        )

    async def _failed(self, begun: Begun, settings: Settings, error: Mkv2castdError, *, give_up: bool) -> None:
        job = begun.job
        failure = Failure(error.code, error.message, error.details)
        exit_code = error.exit_code if isinstance(error, DeviceError) else None
        begun = replace(begun, attempt=replace(begun.attempt, exit_code=exit_code))
        if self._house.patient and await in_thread(is_away, settings.root, job.source):
            self._gate.hold(job.folder)
            await self._requeue(begun, Outcome.INTERRUPTED, failure)
            await self._house.settle(job.id, anew=False)
            return
        attempts = await self._store.read(lambda ledger: ledger.attempts(job.id))
        ended = tuple(_as_failed(one) if one.number == begun.attempt.number else one for one in attempts)
        following = after_failure(error, ended, self._house.retries)
        if give_up or following is Next.FAIL:
            await self.give_up_commit(job.id)
        if following is Next.FAIL:
            _log.error("%s failed: %s", printable(job.source), error.message, extra=_fields(job))
            await self._store.write(lambda ledger: books.fail(ledger, job.id, begun.attempt, failure, time.time()))
            return
        _log.warning("%s is tried again: %s", printable(job.source), error.message, extra=_fields(job))
        await self._requeue(begun, Outcome.FAILED, failure)
        await self._house.settle(job.id, anew=error.code is ErrorCode.SOURCE_CHANGED)

    async def give_up_commit(self, job_id: UUID) -> None:
        """What was begun to be put in place for this job, if anything, will not be."""
        commit = await self._store.write(lambda ledger: books.give_up_commit(ledger, job_id))
        if commit is not None:
            await in_thread(output.discard, commit.temporary)


class _StoreJournal:
    def __init__(self, store: Store, job: Job) -> None:
        self._store = store
        self._job = job

    async def begin(self, commit: Commit) -> None:
        await self._store.write(lambda ledger: books.journal(ledger, self._job, commit))


def _translate(error: Mkv2castdError | OSError, job: Job) -> Mkv2castdError:
    if isinstance(error, Mkv2castdError):
        return error
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DeviceError(ErrorCode.NO_SPACE, f"{_named(error, job)}: the disk is full: make room")
    return DeviceError(ErrorCode.FFMPEG_ERROR, f"{_named(error, job)}: {error.strerror}: check owner and permissions")


def _named(error: OSError, job: Job) -> str:
    name = error.filename if error.filename is not None else job.output
    return printable(name) if isinstance(name, str | Path) else str(name)


def _fields(job: Job) -> dict[str, object]:
    return {"job_id": job.id, "folder": job.folder, "device": job.lane}


def _obstacle(job: Job, settings: Settings, needed: Path | None) -> str | None:
    """What keeps the job from being tried now, with its remedy; blocks on the file system."""
    if needed is not None and not os.path.lexists(needed):
        return f"{printable(needed)} is not there at the moment: is its disk connected, its share mounted?"
    folder = job.output.parent if job.output is not None else job.source.parent
    try:
        require_program("ffmpeg")
        free = _free_above(folder)
    except ConfigError as error:
        return error.message
    except OSError:
        return None  # the attempt will say it better
    return no_space(folder, free, settings.min_free_bytes).message if free < settings.min_free_bytes else None


def _free_above(folder: Path) -> int:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return output.free_bytes(folder)


def _as_failed(attempt: Attempt) -> Attempt:
    return Attempt(attempt.number, attempt.device, attempt.started_at, Outcome.FAILED)
