"""Intake and lanes under one roof: where jobs are worked on, and the one place that knows what runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Never
from uuid import UUID

from mkv2castd.config import Config, Settings, settings_for
from mkv2castd.encoder import schedule
from mkv2castd.encoder.attempt import attempt
from mkv2castd.encoder.effects import Effects
from mkv2castd.encoder.intake import Intake
from mkv2castd.encoder.lanes import Executor, Lanes
from mkv2castd.encoder.line import Gate
from mkv2castd.encoder.media_cache import MediaCache
from mkv2castd.encoder.orphans import marked
from mkv2castd.encoder.running import Surroundings
from mkv2castd.encoder.schedule import Turn
from mkv2castd.encoder.standing import settle
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.events import Event
from mkv2castd.model import Job, JobStatus
from mkv2castd.store import Store


class Workshop:
    def __init__(
        self,
        config: Config,
        state_dir: Path,
        store: Store,
        publish: Callable[[Event], None],
        execute: Executor = attempt,
        *,
        patient: bool = True,
    ) -> None:
        self.config = config
        self.patient = patient
        self.store = store
        self.gate = Gate(config.queue.paused)
        # no folder's jobs before its watcher has said that it is there
        for folder in config.folder:
            self.gate.block(folder.name)
        self.surroundings = Surroundings(state_dir / "logs", marked(state_dir))
        self.toolbox = Toolbox(self.surroundings.environment)
        cache = MediaCache()
        self.intake = Intake(store, self.gate, self, cache, self.surroundings.environment, self.enqueue)
        self.lanes = Lanes(
            schedule.slots(config.devices), store, self.gate, self, publish, self.surroundings, cache, execute
        )

    async def serve(self) -> Never:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.intake.serve())
            group.create_task(self.lanes.serve())
            await asyncio.Event().wait()
        raise AssertionError("lines never end by themselves")

    async def take_up(self) -> None:
        """Puts everything that the store holds as waiting into its line, as at every start."""
        for waiting in await self.store.read(lambda ledger: list(ledger.waiting())):
            turn = Turn(-waiting.priority, waiting.sequence, waiting.job_id, waiting.folder)
            if waiting.status is JobStatus.ANALYZING:
                self.intake.put(turn)
            elif waiting.lane is not None and not waiting.paused:
                self.lanes.put(waiting.lane, turn)

    def settings_of(self, job: Job) -> Settings | None:
        """None when the job's folder is not configured any more."""
        folder = self.config.named(job.folder)
        if folder is None:
            return None
        return settings_for(self.config, folder, job.profile, job.container)

    @property
    def retries(self) -> int:
        return self.config.queue.retries

    def enqueue(self, job: Job) -> None:
        """Gives a queued job its place in its lane; a paused one waits outside."""
        if not job.paused and job.lane is not None:
            self.lanes.put(job.lane, Turn.of(job))

    async def settle(self, job_id: UUID, *, anew: bool) -> None:
        job = await self.store.write(lambda ledger: settle(ledger, job_id, time.time(), anew=anew))
        if job is not None and job.status is JobStatus.ANALYZING:
            self.intake.put(Turn.of(job))
        elif job is not None and job.status is JobStatus.QUEUED:
            self.enqueue(job)

    def apply(self, effects: Effects) -> None:
        for job_id in effects.discard:
            self.lanes.discard(job_id)
            self.intake.discard(job_id)
        for job in effects.analyze:
            self.lanes.discard(job.id)
            self.intake.put(Turn.of(job))
        for job_id, stop in effects.stop:
            if (running := self.lanes.running.get(job_id)) is not None:
                running.end(stop)
