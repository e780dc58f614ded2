"""The two sockets, `/ws/conversion/{job_id}/` and `/ws/jobs/`: their opening, listening and closing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from aiohttp import WSMessage, WSMsgType, web

from mkv2castd.api import render
from mkv2castd.api.hub import Fanout, no_such_job, text
from mkv2castd.api.outbox import ABNORMAL, FOREIGN, GONE, INTERNAL, NO_SUCH_JOB, Outbox, Telling
from mkv2castd.api.requests import Action, job_uuid, parse
from mkv2castd.api.talks import JobTalk, ListTalk, Talk
from mkv2castd.api.verbs import Verbs
from mkv2castd.errors import ErrorCode, RequestError

MAX_MESSAGE = 64 * 1024
_BURST = 20  # messages of one client that are answered at once; after these:
_PER_SECOND = 10


class Sockets:
    """The handlers. `refused` says why a request may not speak to us, or None."""

    def __init__(self, verbs: Verbs, fanout: Fanout, refused: Callable[[web.Request], str | None]) -> None:
        self._verbs = verbs
        self._fanout = fanout
        self._refused = refused

    async def conversion(self, request: web.Request) -> web.StreamResponse:
        socket = await self._open(request)
        name = request.match_info["job_id"]
        client = Outbox(self._fanout.limits, ui=request.query.get("dialect") == "ui")
        job_id = job_uuid(name)
        if (why := self._refused(request)) is not None:
            client.finish(FOREIGN, _foreign(why, client.ui))
        elif job_id is None:
            client.finish(NO_SUCH_JOB, no_such_job(name, client.ui))
        else:
            return await self._serve(request, socket, client, job_id, JobTalk(self._verbs, client, job_id))
        return await self._serve(request, socket, client)

    async def jobs(self, request: web.Request) -> web.StreamResponse:
        socket = await self._open(request)
        client = Outbox(self._fanout.limits)
        if (why := self._refused(request)) is not None:
            client.finish(FOREIGN, _foreign(why, client.ui))
            return await self._serve(request, socket, client)
        return await self._serve(request, socket, client, None, ListTalk(self._verbs, client))

    async def _open(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(
            heartbeat=self._fanout.limits.heartbeat_seconds,
            timeout=self._fanout.limits.linger_seconds,
            max_msg_size=MAX_MESSAGE,
            compress=False,  # a compressor for each client would take more memory than all the rest
        )
        if not socket.can_prepare(request):
            raise RequestError(
                ErrorCode.INVALID_REQUEST, f"{request.path} is a WebSocket: open it with ws:// instead of http://"
            )
        await socket.prepare(request)
        return socket

    async def _serve(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        client: Outbox,
        job_id: UUID | None = None,
        talk: Talk | None = None,
    ) -> web.StreamResponse:
        """One socket's life. Without `talk` it is refused: the client is told why, and closed."""
        client.abort = lambda: _cut(request)
        self._fanout.join(client)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(client.pump(socket))
                if talk is not None:
                    client.hold()
                    self._fanout.follow(client, job_id)
                    await talk.present()
                    await _listen(socket, talk)
                    client.stop(GONE)
        finally:
            if not socket.closed:  # a fault of ours is on its way to http's boundary
                await socket.close(code=INTERNAL, message=b"internal error", drain=False)
            self._fanout.leave(client, job_id)
            if socket.close_code in (None, ABNORMAL):
                _cut(request)
        return socket


class Pace:
    """How long to wait before the next message of a client is looked at: a flood must not take the daemon's time,
    and its socket stays open."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._interval = 1 / per_second
        self._burst = burst * self._interval
        self._due = 0.0

    def delay(self, now: float) -> float:
        self._due = max(self._due, now - self._burst) + self._interval
        return max(0.0, self._due - now)


async def _listen(socket: web.WebSocketResponse, talk: Talk) -> None:
    """Answers until the socket is closed by either side."""
    pace = Pace(_BURST, _PER_SECOND)
    clock = asyncio.get_running_loop().time
    async for message in socket:
        if message.type is WSMsgType.ERROR:
            return
        await asyncio.sleep(pace.delay(clock()))
        try:
            action = _action(message)
            known = await talk.handle(action)
        except RequestError as error:
            await talk.complain(error.message)
        else:
            if not known:
                await talk.complain(f"there is no action {action[:40]!r} on this socket")


def _action(message: WSMessage) -> str:
    if message.type is not WSMsgType.TEXT:
        raise RequestError(ErrorCode.INVALID_REQUEST, 'send text like {"action": "status"}, not binary frames')
    return parse(message.data, Action).action


def _foreign(why: str, ui: bool) -> Telling:
    return Telling(text(render.refusal(ErrorCode.NOT_AUTHORIZED, why, None, ui)))


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
