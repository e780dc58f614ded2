"""Intake and lanes under one roof: where jobs are worked on, and the one place that knows what runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Never
from uuid import UUID

from mkv2castd.config import Config, DevicesConfig, Settings, settings_for
from mkv2castd.device import Gpu, Station
from mkv2castd.encoder import proof_cache
from mkv2castd.encoder.attempt import attempt
from mkv2castd.encoder.crew import Crew
from mkv2castd.encoder.device_telling import copies, facts, processor
from mkv2castd.encoder.devices import look
from mkv2castd.encoder.effects import Effects
from mkv2castd.encoder.fleet import Fleet
from mkv2castd.encoder.ground import Executor, Ground
from mkv2castd.encoder.intake import Intake
from mkv2castd.encoder.lanes import Lanes
from mkv2castd.encoder.line import Gate
from mkv2castd.encoder.media_cache import MediaCache
from mkv2castd.encoder.orphans import marked
from mkv2castd.encoder.running import Surroundings
from mkv2castd.encoder.schedule import Schedule
from mkv2castd.encoder.speeds import Seen, Speeds
from mkv2castd.encoder.standing import settle
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.encoder.turns import Turn
from mkv2castd.events import DeviceChanged, Event
from mkv2castd.model import Job, JobStatus
from mkv2castd.queries import DeviceFacts
from mkv2castd.store import Store
from mkv2castd.work import Place, Work


class Workshop:
    """patient: jobs wait until somebody has mended what is around them. find: the GPUs of this machine; blocks.
    proofs: the file in which their answers are kept; None: in the state folder."""

    def __init__(
        self,
        config: Config,
        state_dir: Path,
        store: Store,
        publish: Callable[[Event], None],
        execute: Executor = attempt,
        *,
        patient: bool = True,
        find: Callable[[DevicesConfig], tuple[Gpu, ...]] = look,
        proofs: Path | None = None,
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
        self.speeds = Speeds({})
        self.schedule = Schedule(self.speeds)
        self.fleet = Fleet(
            config.devices,
            find,
            proofs if proofs is not None else state_dir / proof_cache.FILE,
            self.toolbox,
            self.surroundings.environment,
            self._devices_changed,
            running=lambda device_id: len(self.schedule.running(device_id)),
        )
        self._publish = publish
        self._told: tuple[Station, ...] = ()
        crew = Crew(self.fleet, self.speeds, store)
        self.lanes = Lanes(
            self.schedule,
            Ground(store, self.gate, self, crew, publish, self.surroundings, cache, execute),
        )
        self._devices_changed()

    async def serve(self) -> Never:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.fleet.serve())
            group.create_task(self.intake.serve())
            group.create_task(self.lanes.serve())
            await asyncio.Event().wait()
        raise AssertionError("lines never end by themselves")

    async def take_up(self) -> None:
        """Puts everything that the store holds as waiting into its line, as at every start."""
        speeds = await self.store.read(lambda ledger: ledger.speeds())
        self.speeds.recall({key: Seen(speed, count) for key, (speed, count) in speeds.items()})
        for waiting in await self.store.read(lambda ledger: list(ledger.waiting())):
            turn = Turn(
                *(-waiting.priority, waiting.sequence, waiting.job_id, waiting.folder),
                work=waiting.work,
                pin=waiting.device,
            )
            if waiting.status is JobStatus.ANALYZING:
                self.intake.put(turn)
            elif waiting.lane is not None and not waiting.paused:
                self.lanes.put(turn)

    def reconfigure(self, config: Config) -> None:
        """Another configuration holds. Folders and a paused queue are others' to see to."""
        self.config = config
        self.fleet.apply(config.devices)
        self._devices_changed()

    # Devices

    def _devices_changed(self) -> None:
        before, self._told = self._told, self.stations
        self.lanes.use(self._told, settling=self.fleet.settling)
        if before:
            known = {station.id: station for station in before}
            for station in self._told:
                if known.get(station.id) != station:
                    self._publish(DeviceChanged(station.id))

    @property
    def stations(self) -> tuple[Station, ...]:
        """All that work is given to."""
        own = self.config.devices
        return (*self.fleet.stations(), processor(own.cpu_slots), copies(own.remux_slots))

    def devices(self) -> tuple[DeviceFacts, ...]:
        return tuple(map(self._facts, self.stations))

    def _facts(self, station: Station) -> DeviceFacts:
        running, queued = self.schedule.running(station.id), self.schedule.queued(station.id)
        return facts(station, self.toolbox.latest, running=running, queued=queued)

    def choose(self, work: Work | None, pin: str | None) -> Place:
        return self.schedule.choose(work, pin, time.monotonic())

    def placed(self, job: Job) -> Job:
        """With the device that the job waits for by now, and why."""
        if job.status is not JobStatus.QUEUED:
            return job
        place = self.schedule.place(job.id, time.monotonic())
        return replace(job, lane=place.lane, lane_reason=place.why) if place is not None else job

    # Jobs

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
        if not job.paused:
            self.lanes.put(Turn.of(job))

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
