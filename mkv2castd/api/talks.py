"""What is said on an open socket: the present state, and the answers to what a client asks for."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from mkv2castd.api import render, wire
from mkv2castd.api.hub import no_such_job, text
from mkv2castd.api.outbox import NO_SUCH_JOB, Outbox, Telling
from mkv2castd.api.verbs import Verbs
from mkv2castd.errors import RequestError
from mkv2castd.model import Job, JobStatus


class Talk(Protocol):
    """One client's side of a socket. The client follows its topic before `present` is called."""

    async def present(self) -> None:
        """Tells the present state; no change is missed, none told twice."""

    async def handle(self, action: str) -> bool:
        """Does what the client asked for; False for an action that this socket does not know."""

    async def complain(self, message: str) -> None:
        """Tells the client that its message made no sense."""


class JobTalk:
    """`/ws/conversion/{job_id}/`: a job that is gone ends the socket with 4004."""

    def __init__(self, verbs: Verbs, client: Outbox, job_id: UUID) -> None:
        self._verbs = verbs
        self._client = client
        self._id = job_id

    async def present(self) -> None:
        await self._tell(whole=True)

    async def handle(self, action: str) -> bool:
        match action:
            case "status":
                await self._tell(whole=False)
            case "cancel":
                await self._cancel()
            case _:
                return False
        return True

    async def complain(self, message: str) -> None:
        if (job := await self._job()) is not None:
            now = self._verbs.progress(self._id)
            self._client.offer(Telling(text(render.complaint(message, job, now, self._client.ui))))

    async def _tell(self, whole: bool) -> None:
        """Changes that happen while the state is being read are told after it, those it contains are not."""
        self._client.hold()
        job = await self._job()
        if job is None:
            return
        now, ui = self._verbs.progress(self._id), self._client.ui
        messages: list[wire.Message] = [render.status_message(job, now, ui)]
        if whole and job.analysis is not None:
            messages.append(render.analysis_message(job, job.analysis, now, ui))
        if whole and now is not None and job.status is JobStatus.PROCESSING:
            messages.append(render.progress_message(job, now, ui))
        if whole and job.failure is not None and job.status is JobStatus.FAILED:
            messages.append(render.failure_message(job, ui))
        self._client.release([Telling(text(message)) for message in messages], {job.id: job.revision})

    async def _cancel(self) -> None:
        refused: RequestError | None = None
        try:
            job: Job | None = await self._verbs.cancel(self._id)
        except RequestError as error:
            refused = error
            job = await self._job()
        if job is not None:
            now = self._verbs.progress(self._id)
            answer = render.cancel_response(job, now, refused, self._client.ui)
            self._client.offer(Telling(text(answer)))

    async def _job(self) -> Job | None:
        try:
            return await self._verbs.job(self._id)
        except RequestError:
            self._client.finish(NO_SUCH_JOB, no_such_job(str(self._id), self._client.ui))
            return None


class ListTalk:
    """`/ws/jobs/`."""

    def __init__(self, verbs: Verbs, client: Outbox) -> None:
        self._verbs = verbs
        self._client = client

    async def present(self) -> None:
        self._client.hold()
        jobs = await self._verbs.overview()
        views = [render.job_view(job, self._verbs.progress(job.id)) for job in jobs]
        listing = Telling(text(wire.JobsList(views, self._verbs.queue_paused)), replaces="list")
        self._client.release([listing], {job.id: job.revision for job in jobs})

    async def handle(self, action: str) -> bool:
        if action != "refresh":
            return False
        await self.present()
        return True

    async def complain(self, message: str) -> None:
        self._client.offer(Telling(text(render.complaint(message, None, None, ui=False))))
