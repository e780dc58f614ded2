"""The REST verbs: each handler asks `Verbs` and answers with an object of `wire`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from aiohttp import web
from msgspec import Struct

from mkv2castd.api import render, requests, rest_views, wire
from mkv2castd.api.encoder_views import device_view
from mkv2castd.api.verbs import Verbs
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.model import Job
from mkv2castd.queries import DeviceFacts

MAX_BODY = 64 * 1024


class Rest:
    """Handlers; every RequestError that they raise is answered by http's middleware."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def routes(self) -> list[tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]]:
        """(method, address, handler); addresses end in a slash, and work without it."""
        verbs = self._verbs
        return [
            ("GET", "/api/jobs/", self.list_jobs),
            ("POST", "/api/jobs/", self.submit),
            ("GET", "/api/jobs/{id}/", self.show),
            ("DELETE", "/api/jobs/{id}/", self.remove),
            ("POST", "/api/jobs/{id}/cancel/", self._verb(verbs.cancel)),
            ("POST", "/api/jobs/{id}/pause/", self._verb(verbs.pause)),
            ("POST", "/api/jobs/{id}/resume/", self._verb(verbs.resume)),
            ("POST", "/api/jobs/{id}/retry/", self._verb(verbs.retry)),
            ("POST", "/api/jobs/{id}/priority/", self.set_priority),
            ("GET", "/api/jobs/{id}/log/", self.log),
            ("POST", "/api/queue/pause/", self.pause_queue),
            ("POST", "/api/queue/resume/", self.resume_queue),
            ("GET", "/api/devices/", self.list_devices),
            ("GET", "/api/devices/{id}/", self.show_device),
            ("POST", "/api/devices/{id}/enable/", self._switch(verbs.enable_device)),
            ("POST", "/api/devices/{id}/disable/", self._switch(verbs.disable_device)),
            ("GET", "/api/folders/", self.list_folders),
            ("POST", "/api/folders/", self.add_folder),
            ("POST", "/api/folders/{name}/scan/", self.scan_folder),
            ("GET", "/api/profiles/", self.list_profiles),
            ("POST", "/api/analyze/", self.analyze),
            ("GET", "/api/stats/", self.stats),
            ("GET", "/healthz/", self.health),
            ("GET", "/api/messages.schema.json/", self.schema),
        ]

    async def list_jobs(self, request: web.Request) -> web.Response:
        asked = requests.job_query(list(request.query.items()))
        page = await self._verbs.jobs(asked.jobs)
        shown = [render.job_view(job, self._verbs.progress(job.id)) for job in page.jobs]
        more = asked.page * asked.page_size < page.total
        return answer(
            wire.JobPageView(
                count=page.total,
                next=_page_address(request, asked.page + 1) if more else None,
                previous=_page_address(request, asked.page - 1) if asked.page > 1 else None,
                results=shown,
            )
        )

    async def submit(self, request: web.Request) -> web.Response:
        body = requests.parse(await request.read(), requests.Submit)
        job = await self._verbs.submit(
            requests.source_path(body.path),
            profile=body.profile,
            container=body.container,
            priority=body.priority,
            device=body.device,
        )
        response = self._job_answer(job, status=201)
        response.headers["Location"] = f"/api/jobs/{job.id}/"
        return response

    async def show(self, request: web.Request) -> web.Response:
        job = await self._verbs.job(_job_id(request))
        attempts = await self._verbs.attempts(job.id)
        return answer(render.job_view(job, self._verbs.progress(job.id), attempts))

    async def remove(self, request: web.Request) -> web.Response:
        await self._verbs.remove(_job_id(request))
        return web.Response(status=204)

    async def set_priority(self, request: web.Request) -> web.Response:
        job_id = _job_id(request)
        body = requests.parse(await request.read(), requests.SetPriority)
        return self._job_answer(await self._verbs.set_priority(job_id, body.priority))

    async def log(self, request: web.Request) -> web.Response:
        job_id = _job_id(request)
        return answer(rest_views.LogView(str(job_id), await self._verbs.log(job_id)))

    async def pause_queue(self, request: web.Request) -> web.Response:
        await self._verbs.pause_queue()
        return answer(rest_views.QueueView(self._verbs.queue_paused))

    async def resume_queue(self, request: web.Request) -> web.Response:
        await self._verbs.resume_queue()
        return answer(rest_views.QueueView(self._verbs.queue_paused))

    async def list_devices(self, request: web.Request) -> web.Response:
        return answer([device_view(facts) for facts in self._verbs.devices()])

    async def show_device(self, request: web.Request) -> web.Response:
        device_id = request.match_info["id"]
        for facts in self._verbs.devices():
            if facts.id == device_id:
                return answer(device_view(facts))
        raise RequestError(ErrorCode.NO_SUCH_DEVICE, f"there is no device {device_id}")

    async def list_folders(self, request: web.Request) -> web.Response:
        return answer([rest_views.folder_view(facts) for facts in self._verbs.folders()])

    async def add_folder(self, request: web.Request) -> web.Response:
        path, settings = requests.folder_settings(await request.read())
        return answer(rest_views.folder_view(await self._verbs.add_folder(path, settings)), status=201)

    async def scan_folder(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        await self._verbs.scan_folder(name)
        (facts,) = (facts for facts in self._verbs.folders() if facts.name == name)
        return answer(rest_views.folder_view(facts))

    async def list_profiles(self, request: web.Request) -> web.Response:
        return answer([render.profile_view(facts) for facts in self._verbs.profiles()])

    async def analyze(self, request: web.Request) -> web.Response:
        body = requests.parse(await request.read(), requests.Analyze)
        path = requests.source_path(body.path)
        analysis = await self._verbs.analyze(path, profile=body.profile, container=body.container)
        return answer(render.analysis_view(analysis))

    async def health(self, request: web.Request) -> web.Response:
        health = self._verbs.health()
        return answer(rest_views.HealthView(health.ok, list(health.problems)), status=200 if health.ok else 503)

    async def stats(self, request: web.Request) -> web.Response:
        return answer(rest_views.stats_view(await self._verbs.counts(), self._verbs.pause_reason))

    async def schema(self, request: web.Request) -> web.Response:
        return web.json_response(wire.schema())

    def _verb(self, verb: Callable[[UUID], Awaitable[Job]]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handler(request: web.Request) -> web.Response:
            return self._job_answer(await verb(_job_id(request)))

        return handler

    def _switch(
        self, verb: Callable[[str], Awaitable[DeviceFacts]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handler(request: web.Request) -> web.Response:
            return answer(device_view(await verb(request.match_info["id"])))

        return handler

    def _job_answer(self, job: Job, status: int = 200) -> web.Response:
        return answer(render.job_view(job, self._verbs.progress(job.id)), status)


def answer(value: Struct | Sequence[Struct], status: int = 200) -> web.Response:
    return web.Response(body=wire.encode(value), status=status, content_type="application/json", charset="utf-8")


def _job_id(request: web.Request) -> UUID:
    text = request.match_info["id"]
    job_id = requests.job_uuid(text)
    if job_id is None:
        raise RequestError(ErrorCode.NO_SUCH_JOB, f"there is no job {text}: a job's id is a UUID")
    return job_id


def _page_address(request: web.Request, page: int) -> str:
    return str(request.url.update_query(page=str(page)))
