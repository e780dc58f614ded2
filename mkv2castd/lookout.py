"""What can be asked of the daemon, without changing anything: the half of the verbs that all may use."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from mkv2castd.config import FolderConfig, Settings, settings_for
from mkv2castd.encoder.analyze import analyze_file
from mkv2castd.encoder.limits import handing_on
from mkv2castd.encoder.profile_telling import facts
from mkv2castd.encoder.profiles import known
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.errors import MediaError, RequestError
from mkv2castd.model import Analysis, Attempt, Container, Job, Progress, printable
from mkv2castd.queries import Counts, DeviceFacts, FolderFacts, Health, JobPage, JobQuery, ProfileFacts
from mkv2castd.reception import Reception
from mkv2castd.wishes import Reader, check_devices, film_within, readable_within
from mkv2castd.work import Place, Work

_OVERVIEW_LIVE = 500
_OVERVIEW_FINISHED = 50
_MOST_ANALYSES = 3  # at once, whoever asks: each reads films and keeps ffprobe busy; the others wait


class Lookout:
    """Raises RequestError for what there is not."""

    def __init__(self, workshop: Workshop, reception: Reception) -> None:
        self._workshop = workshop
        self._store = workshop.store
        self._reception = reception
        self._analyses = asyncio.Semaphore(_MOST_ANALYSES)

    @property
    def queue_paused(self) -> bool:
        """Has somebody asked for it?"""
        return self._workshop.gate.paused

    @property
    def pause_reason(self) -> str | None:
        """What holds encoding back: "requested", "battery", or "hours", in which nothing is encoded; None: nothing
        does."""
        return self._workshop.gate.reason

    async def counts(self) -> Counts:
        return await self._store.read(lambda ledger: ledger.counts())

    async def job(self, job_id: UUID) -> Job:
        return self._workshop.placed(await self._store.read(lambda ledger: ledger.require(job_id)))

    async def attempts(self, job_id: UUID) -> tuple[Attempt, ...]:
        return await self._store.read(lambda ledger: ledger.attempts(job_id))

    def progress(self, job_id: UUID) -> Progress | None:
        """Of the running attempt; None when none runs or nothing is known yet."""
        running = self._workshop.lanes.running.get(job_id)
        return running.progress if running is not None else None

    async def jobs(self, query: JobQuery) -> JobPage:
        page = await self._store.read(lambda ledger: ledger.page(query))
        return replace(page, jobs=tuple(map(self._workshop.placed, page.jobs)))

    async def overview(self) -> list[Job]:
        """The unfinished ones (500 at most: those being worked on, then the queue in its order) and the 50 that
        finished last."""
        jobs = await self._store.read(
            lambda ledger: ledger.unfinished(_OVERVIEW_LIVE) + ledger.newest_finished(_OVERVIEW_FINISHED)
        )
        return list(map(self._workshop.placed, jobs))

    async def log(self, job_id: UUID) -> str:
        """What ffmpeg said in all attempts; empty when none has run yet."""
        await self.job(job_id)
        file = self._workshop.surroundings.log_of(job_id)

        def read() -> str:
            try:
                return file.read_text(encoding="utf-8", errors="replace")
            except FileNotFoundError:
                return ""

        return await asyncio.to_thread(read)

    def health(self) -> Health:
        """False once the store cannot be written; a folder's problem is told, but the others are served."""
        problems = [
            f"{folder.name}: {folder.problem}" for folder in self._reception.folders.values() if folder.problem
        ]
        if self._store.failed.done():
            problems.insert(0, str(self._store.failed.result()))
        return Health(not self._store.failed.done(), tuple(problems))

    def devices(self) -> tuple[DeviceFacts, ...]:
        """The GPUs, the processor, and the lane of copies."""
        return self._workshop.devices()

    def folders(self) -> tuple[FolderFacts, ...]:
        """Those that are configured, in the configuration's order."""
        return tuple(map(self._reception.facts, self._workshop.config.folder))

    def folder(self, name: str) -> FolderFacts:
        return self._reception.facts(self._workshop.config.require(name))

    def profiles(self) -> tuple[ProfileFacts, ...]:
        """What can be named as a profile: the built-in devices, then those of the configuration."""
        return tuple(facts(name, profile) for name, profile in known(self._workshop.config.customs).items())

    async def analyze(
        self,
        path: Path,
        *,
        profile: tuple[str, ...] | None = None,
        container: Container | None = None,
        reader: Reader | None = None,
    ) -> Analysis:
        """Of a film in a watched folder, or anywhere where `reader` could read it themselves."""
        async with self._analyses:
            config = self._workshop.config
            try:
                folder, path, _ = await film_within(path, config)
            except RequestError:
                if reader is None:
                    raise
                return await self._analyze_elsewhere(path, reader, profile, container)
            return await self._analyze(path, settings_for(config, folder, profile, container))

    async def _analyze_elsewhere(
        self, path: Path, reader: Reader, profile: tuple[str, ...] | None, container: Container | None
    ) -> Analysis:
        """By descriptor, since the name may lead to somebody else's file by the time that it is read. Files beside it
        are not looked for."""
        settings = settings_for(self._workshop.config, FolderConfig(path=str(path.parent)), profile, container)
        with await readable_within(path, reader) as file, handing_on(file.fileno()) as by_descriptor:
            try:
                return await self._analyze(by_descriptor, settings)
            except MediaError as error:
                told = error.message.replace(printable(by_descriptor), printable(path))
                raise MediaError(error.code, told) from error

    async def _analyze(self, path: Path, settings: Settings) -> Analysis:
        check_devices(settings)
        workshop = self._workshop

        async def choose(work: Work | None) -> Place:
            return workshop.choose(work, None)

        return await analyze_file(path, settings, choose, workshop.surroundings.environment, workshop.toolbox)
