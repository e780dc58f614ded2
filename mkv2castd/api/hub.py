"""Fan-out: one listener on the event hub, each event serialised once, told to every socket that it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from uuid import UUID

from aiohttp import web
from msgspec import Struct

from mkv2castd.api import render, wire
from mkv2castd.api.outbox import DAEMON_STOPS, NO_SUCH_JOB, Limits, Outbox, Telling
from mkv2castd.api.verbs import Verbs
from mkv2castd.errors import ErrorCode
from mkv2castd.events import Event, JobChanged, JobProgressed, JobRemoved, QueueChanged
from mkv2castd.model import Job, JobStatus, Progress

_STOP_SECONDS = 0.3  # for the sockets to say goodbye when the daemon stops


class Fanout:
    """Knows every open socket. `start` it before clients join; `close` ends them all.

    Keeps the jobs that are being worked on, since a progress event names its job only.
    """

    def __init__(self, verbs: Verbs, limits: Limits) -> None:
        self.limits = limits
        self._verbs = verbs
        self._all: set[Outbox] = set()
        self._lists: set[Outbox] = set()
        self._jobs: dict[UUID, set[Outbox]] = {}
        self._working: dict[UUID, Job] = {}
        self._end: Callable[[], None] | None = None
        self._closed = False
        self._empty = asyncio.Event()

    async def start(self, _: web.Application | None = None) -> None:
        self._end = self._verbs.hub.listen(self._on_event)
        for job in await self._verbs.overview():
            known = self._working.get(job.id)
            if known is None or known.revision < job.revision:
                self._remember(job)

    async def close(self, _: web.Application | None = None) -> None:
        """Every socket is closed with 1001; those that do not answer are cut."""
        self._closed = True
        if self._end is not None:
            self._end()
            self._end = None
        for client in tuple(self._all):
            client.stop(DAEMON_STOPS)
        self._empty.clear()
        if self._all:
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._empty.wait()
            except TimeoutError:
                for client in tuple(self._all):
                    client.abort()

    def join(self, client: Outbox) -> None:
        """From now on `close` reaches the client; it is told nothing yet."""
        self._all.add(client)
        if self._closed:
            client.stop(DAEMON_STOPS)

    def follow(self, client: Outbox, job_id: UUID | None) -> None:
        """From now on the client is told of one job, or of all (None)."""
        group = self._lists if job_id is None else self._jobs.setdefault(job_id, set())
        group.add(client)

    def leave(self, client: Outbox, job_id: UUID | None = None) -> None:
        """The client is gone: nothing is kept for it."""
        self._all.discard(client)
        self._lists.discard(client)
        if job_id is not None and (group := self._jobs.get(job_id)) is not None:
            group.discard(client)
            if not group:
                del self._jobs[job_id]
        if not self._all:
            self._empty.set()

    def __len__(self) -> int:
        return len(self._all)

    def _on_event(self, event: Event) -> None:
        match event:
            case JobChanged(job, previous):
                self._remember(job)
                self._tell_list(job, None)
                self._tell_change(job, previous)
            case JobProgressed(job_id, progress) if (working := self._working.get(job_id)) is not None:
                self._tell_list(working, progress)
                self._tell_progress(working, progress)
            case JobRemoved(job_id):
                self._forget(job_id)
            case QueueChanged(paused):
                _offer(self._lists, Telling(text(wire.Queue(paused)), replaces="queue"))
            case _:
                pass

    def _remember(self, job: Job) -> None:
        if job.status is JobStatus.PROCESSING:
            self._working[job.id] = job
        else:
            self._working.pop(job.id, None)

    def _tell_list(self, job: Job, progress: Progress | None) -> None:
        if not self._lists:
            return
        shown = progress if progress is not None else self._verbs.progress(job.id)
        update = wire.JobUpdate(render.job_view(job, shown))
        key = None if progress is None else (job.id, "progress")
        _offer(self._lists, Telling(text(update), job.id, job.revision, replaces=key))

    def _tell_change(self, job: Job, previous: Job | None) -> None:
        progress = self._verbs.progress(job.id)
        for ui, clients in self._readers(job.id):
            for message in changes(job, previous, progress, ui):
                _offer(clients, Telling(text(message), job.id, job.revision))

    def _tell_progress(self, job: Job, progress: Progress) -> None:
        for ui, clients in self._readers(job.id):
            message = render.progress_message(job, progress, ui)
            _offer(clients, Telling(text(message), job.id, job.revision, replaces="progress"))

    def _forget(self, job_id: UUID) -> None:
        self._working.pop(job_id, None)
        _offer(self._lists, Telling(text(wire.JobRemoved(str(job_id)))))
        for client in tuple(self._jobs.get(job_id, ())):
            client.finish(NO_SUCH_JOB, no_such_job(str(job_id), client.ui))

    def _readers(self, job_id: UUID) -> list[tuple[bool, list[Outbox]]]:
        """The job's sockets by dialect; only dialects that somebody reads."""
        clients = self._jobs.get(job_id, set())
        groups = [(ui, [client for client in clients if client.ui is ui]) for ui in (False, True)]
        return [(ui, group) for ui, group in groups if group]


def changes(job: Job, previous: Job | None, progress: Progress | None, ui: bool) -> list[Struct]:
    """The messages that a change of the job is worth on its own socket, in their order."""
    messages: list[Struct] = []
    if previous is None or replace(job, analysis=None, revision=0) != replace(previous, analysis=None, revision=0):
        messages.append(render.status_message(job, progress, ui))
    if job.analysis is not None and (previous is None or job.analysis != previous.analysis):
        messages.append(render.analysis_message(job, job.analysis, progress, ui))
    newly = previous is None or previous.status is not JobStatus.FAILED
    if newly and job.status is JobStatus.FAILED and job.failure is not None:
        messages.append(render.failure_message(job, ui))
    return messages


def no_such_job(job_id: str, ui: bool) -> Telling:
    """The last message of a job's socket whose job does not exist (any more)."""
    return Telling(text(render.refusal(ErrorCode.NO_SUCH_JOB, f"there is no job {job_id}", job_id, ui)))


def text(message: Struct) -> str:
    return wire.encode(message).decode()


def _offer(clients: Iterable[Outbox], telling: Telling) -> None:
    for client in clients:
        client.offer(telling)
