"""What is on the bus at the moment: the Manager, every device and folder, the jobs being worked on; and what is told
of each change."""

from __future__ import annotations

from uuid import UUID

from mkv2castd import __version__
from mkv2castd.api import render, variants
from mkv2castd.api.bus import Bus
from mkv2castd.api.dbus_interfaces import DEVICE, FOLDER, JOB, MANAGER
from mkv2castd.api.dbus_manager import Methods
from mkv2castd.api.dbus_showing import Shelf, Shown
from mkv2castd.api.dbus_values import (
    ROOT,
    Values,
    device_path,
    device_values,
    folder_path,
    folder_values,
    job_path,
    job_values,
    manager_values,
)
from mkv2castd.api.verbs import Verbs
from mkv2castd.model import Job, JobStatus


class Board:
    """`begin` puts everything up, `clear` takes it down. Queued and finished jobs are in ListJobs only: objects cost
    every client that looks at all of them."""

    def __init__(self, verbs: Verbs, bus: Bus, methods: Methods) -> None:
        self._verbs = verbs
        self._bus = bus
        self._methods = methods
        self._manager: Shown | None = None
        self._devices = Shelf(bus, DEVICE)
        self._folders = Shelf(bus, FOLDER)
        self._jobs = Shelf(bus, JOB)
        self._working: dict[UUID, Job] = {}
        self._attempts: dict[UUID, int] = {}

    async def begin(self) -> None:
        values = await self._manager_values()
        for job in await self._verbs.overview():
            await self._remember(job)
        # without an await from here on: who sees the name finds everything
        self._manager = Shown(self._bus, ROOT, MANAGER, values, self._methods.manager())
        self.look()
        for job in self._working.values():
            self._show(job)

    def clear(self) -> None:
        for shelf in (self._jobs, self._folders, self._devices):
            shelf.keep(())
        if self._manager is not None:
            self._manager.withdraw()
            self._manager = None

    async def changed(self, job: Job, previous: Job | None) -> bool:
        """A job is new or different. True where its status changed. The properties of one that is being worked on are
        told by `tell`."""
        if job.id in self._working and job.revision < self._working[job.id].revision:
            return False  # older than what was read at the beginning
        await self._remember(job)
        if job.id in self._working:
            self._show(job)
        view = render.job_view(job, self._verbs.progress(job.id))
        if previous is None:
            self._emit("JobAdded", str(job.id), variants.dictionary(view))
            return True
        before = render.job_view(previous, self._verbs.progress(job.id))
        if fields := variants.changed(before, view):
            self._emit("JobChanged", str(job.id), fields)
        if job.status.finished and not previous.status.finished:
            self._emit("JobFinished", str(job.id), job.status.value, variants.dictionary(view))
        if job.id not in self._working:
            self._leave(job)
        return job.status is not previous.status

    def removed(self, job_id: UUID) -> None:
        self._emit("JobRemoved", str(job_id))

    def tell(self, job_id: UUID) -> None:
        """How a job stands that is being worked on, and how far it is."""
        if (job := self._working.get(job_id)) is None:
            return
        self._show(job)
        self._jobs.tell(job_path(job_id))
        if (progress := self._verbs.progress(job_id)) is not None:
            self._emit("JobProgress", str(job_id), variants.dictionary(render.progress_message(job, progress)))

    async def count(self) -> None:
        """The Manager's numbers, and how the queue stands."""
        values = await self._manager_values()
        if self._manager is not None:
            self._manager.take(values)
            self._manager.tell()

    def look(self) -> None:
        """Devices and folders, as they are now."""
        devices = {device_path(facts.id): device_values(facts) for facts in self._verbs.devices()}
        folders = {folder_path(facts.name): folder_values(facts) for facts in self._verbs.folders()}
        for shelf, found in ((self._devices, devices), (self._folders, folders)):
            shelf.keep(found)
            for path, values in found.items():
                shelf.show(path, values, {})
                shelf.tell(path)

    def works_on(self, job_id: UUID) -> bool:
        return job_id in self._working

    async def _remember(self, job: Job) -> None:
        if job.status is JobStatus.PROCESSING:
            self._working[job.id] = job
            # each attempt begins with a change of the job
            self._attempts[job.id] = len(await self._verbs.attempts(job.id))
        else:
            self._working.pop(job.id, None)
            self._attempts.pop(job.id, None)

    def _show(self, job: Job) -> None:
        values = job_values(job, self._verbs.progress(job.id), self._attempts.get(job.id) or None)
        self._jobs.show(job_path(job.id), values, self._methods.job(job.id))

    def _leave(self, job: Job) -> None:
        path = job_path(job.id)
        if self._jobs.shows(path):
            self._jobs.show(path, job_values(job, None, None), {})
            self._jobs.tell(path)
            self._jobs.drop(path)

    def _emit(self, signal: str, *values: object) -> None:
        self._bus.emit(ROOT, MANAGER.name, signal, *values)

    async def _manager_values(self) -> Values:
        counts = await self._verbs.counts()
        return manager_values(__version__, self._verbs.queue_paused, self._verbs.pause_reason, counts)
