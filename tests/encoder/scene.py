"""A workshop at work for tests: a real store and real probes; only the attempt itself is scripted, by its seam."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import msgspec

from mkv2castd.config import Config, DevicesConfig, FolderConfig, QueueConfig
from mkv2castd.config_keeping import ConfigKeeper, Sources
from mkv2castd.control import Control
from mkv2castd.encoder.attempt import Done, Handle, Journal, Task, attempt
from mkv2castd.encoder.output import Commit
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.events import Event, Hub, JobChanged
from mkv2castd.folders import Folders
from mkv2castd.lock import state_folder
from mkv2castd.model import FolderState, FolderStatus, Job, JobStatus, Progress, Stage
from mkv2castd.reception import Reception
from mkv2castd.recovery import recover
from mkv2castd.store import open_store
from tests.clips import make_clip

Script = Callable[[Task, Handle, Callable[[Progress], None]], Awaitable[None]]


@dataclass
class Scene:
    """A workshop at work; `started` tells the films in the order of their turns."""

    control: Control
    keeper: ConfigKeeper
    workshop: Workshop
    reception: Reception
    folder: Path
    hub: Hub
    started: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def film(self, name: str, audio: str = "ac3", video: str = "hevc") -> Path:
        return make_clip(self.folder / name, video=video, audio=(audio,))

    async def submit(self, name: str, priority: int = 0, **kind: str) -> Job:
        job = await self.control.submit(self.film(name, **kind), priority=priority)
        return await self.until(job.id, JobStatus.QUEUED, JobStatus.PROCESSING, JobStatus.FAILED)

    async def submit_on(self, device: str) -> Job:
        return await self.control.submit(self.film("film.mkv"), device=device)

    async def until(self, job_id: UUID, *statuses: JobStatus, paused: bool | None = None, seconds: float = 45) -> Job:
        async with asyncio.timeout(seconds):
            while True:
                self.changed.clear()
                job = await self.control.job(job_id)
                if job.status in statuses and paused in (None, job.paused):
                    return job
                await self.changed.wait()

    async def outcomes(self, job_id: UUID) -> list[str]:
        return [attempt.outcome.value for attempt in await self.control.attempts(job_id)]

    def statuses(self, job_id: UUID) -> list[str]:
        told = [event.job for event in self.events if isinstance(event, JobChanged) and event.job.id == job_id]
        found: list[str] = []
        for job in told:
            if not found or found[-1] != job.status.value:
                found.append(job.status.value)
        return found


async def succeed(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
    report(Progress(Stage.TRANSCODING, 50.0))


@asynccontextmanager
async def scene(
    tmp_path: Path,
    script: Script = succeed,
    *,
    config: Config | None = None,
    online: bool = True,
    online_folder: str = "films",
    real: bool = False,
    seconds: float | None = None,
    reading: Callable[[], Config] | None = None,
    files: Sequence[Path] = (),
) -> AsyncIterator[Scene]:
    """real: attempts are made as ever, and `script` is not asked. seconds: how long one is said to have taken.
    reading: the configuration, read anew; files: those in which a person wrote it.
    Without a configuration, this machine's own GPUs are left alone."""
    folder = tmp_path / "films"
    folder.mkdir(exist_ok=True)
    state = tmp_path / "state"
    quiet = Config(queue=QueueConfig(min_free_gib=0), devices=DevicesConfig(detect=False))
    base = config if config is not None else quiet
    full = msgspec.structs.replace(base, folder=(FolderConfig(path=str(folder), name="films"),))
    hub = Hub()
    with state_folder(state):
        async with open_store(state, hub.publish) as store:
            started: list[str] = []

            async def execute(
                task: Task, journal: Journal, report: Callable[[Progress], None], handle: Handle
            ) -> Done:
                started.append(task.source.name)
                await script(task, handle, report)
                handle.committing = True
                commit = Commit(
                    task.job_id, task.target, task.target, task.identity, task.source, task.identity, "keep"
                )
                await journal.begin(commit)
                return Done(commit, seconds=seconds)

            await recover(store, state)
            workshop = Workshop(full, state, store, hub.publish, attempt if real else execute)
            reception = Reception(workshop, hub.publish)
            await workshop.take_up()
            folders = Folders(reception)
            folders.apply(full)
            sources = Sources(reading if reading is not None else lambda: workshop.config, lambda: files)
            keeper = ConfigKeeper(sources, state, workshop, folders, hub)
            control = Control(hub, workshop, reception, keeper)
            here = Scene(control, keeper, workshop, reception, folder, hub, started)
            hub.listen(here.events.append)
            hub.listen(lambda event: here.changed.set())
            if online:
                reception.folder_changed(FolderStatus(online_folder, folder, FolderState.ONLINE))
            serving = asyncio.create_task(workshop.serve())
            try:
                yield here
            finally:
                serving.cancel()
                await asyncio.wait([serving])
