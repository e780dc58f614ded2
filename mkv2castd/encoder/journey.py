"""A job from its turn to its end, or back to the queue: from attempt to attempt, and from device to device."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import closing
from dataclasses import replace
from uuid import UUID

from mkv2castd.config import Settings
from mkv2castd.encoder import aftermath, books, output
from mkv2castd.encoder.attempt import Done, Task
from mkv2castd.encoder.books import Begun, Step
from mkv2castd.encoder.effects import ENDINGS, Stop
from mkv2castd.encoder.film import one_film
from mkv2castd.encoder.ground import Ground, Slots
from mkv2castd.encoder.hurdles import hurdle
from mkv2castd.encoder.pacer import Pacer
from mkv2castd.encoder.running import Running
from mkv2castd.encoder.setbacks import Next, Setback, on_device
from mkv2castd.encoder.standing import Standing, is_away, standing
from mkv2castd.encoder.target import fits
from mkv2castd.encoder.targets import ON_CPU, Means
from mkv2castd.encoder.turns import Turn
from mkv2castd.errors import Mkv2castdError
from mkv2castd.events import JobProgressed
from mkv2castd.model import Attempt, Job, Outcome, Progress, printable
from mkv2castd.patience import see_through
from mkv2castd.threads import in_thread

_log = logging.getLogger(__name__)
# How often a job waits once more for a device that takes no further encode at the moment.
_MOST_AGAIN = 3


class Journey:
    def __init__(self, turn: Turn, station: str, ground: Ground, slots: Slots, running: dict[UUID, Running]) -> None:
        self._turn = turn
        self._ground = ground
        self._slots = slots
        self._all_running = running
        self._station = station
        self._rungs: tuple[Means, ...] = ()
        self._again = 0
        self._attempt: Attempt | None = None
        self._over = False

    async def go(self) -> Turn | None:
        """A turn is returned where the job has to wait for one more."""
        ground, job_id = self._ground, self._turn.job_id
        stands = await ground.store.read(lambda ledger: standing(ledger, job_id))
        if stands is None:
            return None
        job = stands.job
        settings = ground.house.settings_of(job)
        if settings is None:
            # until its folder is configured again
            ground.gate.block(job.folder)
            return Turn.of(job)
        if not stands.pending and (stands.outdated or not fits(job, settings)):
            await ground.house.settle(job.id, anew=True)
            return None
        if await self._must_wait(stands, settings):
            return Turn.of(job)
        self._rungs = self._ladder()
        if not self._rungs:
            # its device has changed in this moment
            return replace(Turn.of(job), shunned=frozenset({self._station}))
        step = self._step(self._slots.why(job_id))
        begun = await ground.store.write(lambda ledger: books.begin(ledger, job_id, step, time.time()))
        if begun is not None:
            await self._travel(begun, settings)
        return None

    def _ladder(self) -> tuple[Means, ...]:
        return self._ground.crew.rungs(self._station, self._turn)

    def _step(self, why: str) -> Step:
        return Step(self._station, why, _described(self._rungs[0]) if self._turn.work is not None else None)

    async def _must_wait(self, stands: Standing, settings: Settings) -> bool:
        job, ground = stands.job, self._ground
        needed = job.source if ground.house.patient and not stands.pending else None
        problem = await hurdle(job, settings, needed)
        if problem is None:
            return False
        if job.reason != problem:
            _log.warning("%s waits: %s", printable(job.source), problem, extra={"job_id": job.id})
            await ground.store.write(lambda ledger: books.note(ledger, job.id, problem))
        ground.gate.hold(job.folder)
        return True

    async def _travel(self, begun: Begun, settings: Settings) -> None:
        job_id = begun.job.id
        running = self._all_running[job_id] = Running(begun.job, self._station)
        running.heed(self._ground.gate)
        try:
            async with asyncio.TaskGroup() as group:
                running.task = group.create_task(self._climb(begun, settings, running))
        finally:
            del self._all_running[job_id]

    async def _climb(self, begun: Begun, settings: Settings, running: Running) -> None:
        following: Begun | None = begun
        self._attempt = begun.attempt
        try:
            running.begin()
            while following is not None:
                following = await self._try(following, settings, running)
        except asyncio.CancelledError:
            await see_through(self._stopped(begun.job, running))
            if running.stop is None:
                raise

    async def _try(self, begun: Begun, settings: Settings, running: Running) -> Begun | None:
        """The next attempt, where the job goes on with one."""
        job, self._attempt = begun.job, begun.attempt
        try:
            # closed before the end is written down: no progress is told of a job that has come to its end
            with closing(Pacer(lambda progress: self._tell(running, progress))) as pacer, one_film(job):
                done = await self._finish_or_make(begun, settings, running, pacer)
        except (Mkv2castdError, OSError) as error:
            running.progress = None
            setback = await see_through(self._failed(begun, settings, error, encoding=running.handle.encoding))
            return await self._go_on(job, setback, running) if setback is not None else None
        self._over = True
        await see_through(aftermath.complete(self._ground.store, begun, done))
        await self._ground.crew.succeeded(self._station, self._turn, done.seconds)
        return None

    async def _finish_or_make(self, begun: Begun, settings: Settings, running: Running, pacer: Pacer) -> Done:
        job, ground = begun.job, self._ground
        assert job.output is not None, "a queued job knows its output"
        assert job.identity is not None, "a queued job has been seen"
        if begun.pending is not None:
            if begun.pending.source_identity.matches(job.identity):
                running.handle.committing = True
                if await see_through(in_thread(output.carry_out, begun.pending)):
                    return Done(begun.pending)
                running.handle.committing = False
            await aftermath.give_up_commit(ground.store, job.id)
        task = Task(
            job_id=job.id,
            source=job.source,
            identity=job.identity,
            settings=settings,
            target=job.output,
            replaces=begun.replaces,
            media=ground.cache.get(job.source, job.identity),
            log=ground.surroundings.log_of(job.id),
            environment=ground.surroundings.environment,
            tools=await ground.house.toolbox.tools(),
            means=self._rungs[0],
        )
        return await ground.execute(task, aftermath.StoreJournal(ground.store, job), pacer.offer, running.handle)

    def _tell(self, running: Running, progress: Progress) -> None:
        running.progress = progress
        if progress.eta is not None:
            self._slots.expect(running.job.id, progress.eta)
        self._ground.publish(JobProgressed(running.job.id, progress))

    async def _stopped(self, job: Job, running: Running) -> None:
        """The attempt that was under way, if any was, ends here, and the job with it or not."""
        if self._over:
            return
        attempt, now, ground = self._attempt, time.time(), self._ground
        if running.stop is Stop.CANCEL:
            failure = ENDINGS[Stop.CANCEL]
            await ground.store.write(lambda ledger: books.cancel(ledger, job.id, attempt, failure, now))
            return
        if attempt is not None:
            await aftermath.requeue(ground.store, job, attempt, Outcome.INTERRUPTED, None)
        else:
            await ground.store.write(lambda ledger: books.back_without_attempt(ledger, job.id))
        if running.stop is not None:
            await ground.house.settle(job.id, anew=running.stop is Stop.RESTART)

    async def _failed(
        self, begun: Begun, settings: Settings, raised: Mkv2castdError | OSError, *, encoding: bool
    ) -> Setback | None:
        """None where the attempts of this journey are over. encoding: the encoding itself had begun."""
        job, ground = begun.job, self._ground
        error = aftermath.translate(raised, job)
        if ground.house.patient and await in_thread(is_away, settings.root, job.source):
            self._over = True
            ground.gate.hold(job.folder)
            attempt, failure = aftermath.ended(begun.attempt, error), aftermath.failure_of(error)
            await aftermath.requeue(ground.store, job, attempt, Outcome.INTERRUPTED, failure)
            await ground.house.settle(job.id, anew=False)
            return None
        # an OSError is the file system's, whatever encodes; what was begun may yet be finished by the next attempt
        setback = self._setback(job, error, encoding) if isinstance(raised, Mkv2castdError) else None
        if setback is not None:
            await aftermath.set_back(ground.store, begun, setback)
            self._attempt = None
            return setback
        self._over = True
        await aftermath.fail(ground.store, ground.house, begun, error, give_up=isinstance(raised, Mkv2castdError))
        return None

    def _setback(self, job: Job, error: Mkv2castdError, encoding: bool) -> Setback | None:
        beside = self._slots.beside(job.id)
        last = len(self._rungs) == 1
        setback = on_device(error, self._rungs[0], last=last, beside=beside, encoding=encoding)
        if setback is None:
            return None
        if setback.next is Next.AGAIN:
            self._ground.crew.crowded(self._station, beside)
            self._again += 1
            return replace(setback, next=Next.ELSEWHERE) if self._again > _MOST_AGAIN else setback
        if setback.own:
            self._ground.crew.failed(self._station, setback.error.message)
        return setback

    async def _go_on(self, job: Job, setback: Setback, running: Running) -> Begun | None:
        said = setback.error.message
        running.handle.renew()
        if setback.next is Next.STEP:
            self._rungs = self._rungs[1:]
            why = f"it was not decoded on the device, since that failed: {said}"
        else:
            left, self._rungs = self._station, ()
            shun = setback.next is Next.ELSEWHERE
            while not self._rungs:
                if shun:
                    self._turn = replace(self._turn, shunned=self._turn.shunned | {self._station})
                self._station = running.lane = await self._slots.move(self._turn)
                self._rungs = self._ladder()
                shun = True  # a device that has changed in this moment is not waited for once more
            why = f"after {left} ({said}): {self._slots.why(job.id)}"
        return await see_through(self._begin_again(job, self._step(why)))

    async def _begin_again(self, job: Job, step: Step) -> Begun | None:
        begun = await self._ground.store.write(lambda ledger: books.begin_again(ledger, job.id, step, time.time()))
        self._attempt = begun.attempt if begun is not None else None
        return begun


def _described(means: Means) -> str:
    """For people: what decodes and what encodes."""
    if means == ON_CPU:
        return "decoded and encoded by the processor"
    if means.decode:
        return f"decoded and encoded on the device ({means.backend.value})"
    return f"decoded by the processor, encoded on the device ({means.backend.value})"
