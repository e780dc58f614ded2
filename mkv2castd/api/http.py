"""The HTTP server: addresses → handlers, one table of errors, the page, and its life from bind to shutdown."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from aiohttp import web
from msgspec import UNSET

from mkv2castd.api import wire
from mkv2castd.api.guard import refused
from mkv2castd.api.hub import Fanout
from mkv2castd.api.listen import BACKLOG, Bound, bind
from mkv2castd.api.outbox import Limits
from mkv2castd.api.rest import MAX_BODY, Rest, answer
from mkv2castd.api.verbs import Verbs
from mkv2castd.api.websocket import Sockets
from mkv2castd.boundary import contained
from mkv2castd.errors import SURFACES, ErrorCode, Mkv2castdError, RequestError

LOG = logging.getLogger(__name__)
WEB = Path(__file__).parent / "web"
DEFAULT_LIMITS = Limits()
_STOP_SECONDS = 0.5  # for requests that are being answered when the daemon stops
_TYPES = MappingProxyType({".html": "text/html", ".css": "text/css", ".js": "text/javascript"})
_PAGE_HEADERS = MappingProxyType(
    {
        # the page's console may open sockets of any loopback address: people paste the reference's example there
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
            "connect-src 'self' ws://localhost:* ws://127.0.0.1:*; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_FORESEEN = (Mkv2castdError, web.HTTPException, ConnectionError)  # the last: a caller that went away


@dataclass(frozen=True, slots=True)
class Served:
    """A running server. `addresses`: "http://host:port" with the real port, or "unix:/path"."""

    addresses: tuple[str, ...]


@asynccontextmanager
async def serve(
    verbs: Verbs, listen: Sequence[str], limits: Limits = DEFAULT_LIMITS, given: Sequence[Bound] = ()
) -> AsyncIterator[Served]:
    """Serves until the block is left; then every socket is closed with 1001 and nothing listens any more. given:
    sockets that are open already, which are served in the place of `listen`.

    Raises ConfigError: an address is malformed, not loopback, taken, or not allowed. No address: serves nothing.
    """
    bound = given or bind(listen)
    runner = web.AppRunner(
        make_app(verbs, limits, names={one.name for one in bound if one.name is not None}),
        access_log=None,
        logger=_callers_log(),
        shutdown_timeout=_STOP_SECONDS,
    )
    try:
        await runner.setup()
        for sock in (sock for one in bound for sock in one.sockets):
            await web.SockSite(runner, sock, backlog=BACKLOG).start()
        yield Served(tuple(one.address for one in bound))
    finally:
        await runner.cleanup()
        _close_all(bound)


def make_app(verbs: Verbs, limits: Limits = DEFAULT_LIMITS, names: Collection[str] = ()) -> web.Application:
    """The application. `names`: host names that the server listens on, beside the loopback ones."""

    def unwelcome(request: web.Request) -> str | None:
        headers = request.headers
        return refused(headers.get("Host"), headers.get("Origin"), names, unix=_over_unix(request))

    fanout = Fanout(verbs, limits)
    sockets = Sockets(verbs, fanout, unwelcome)
    app = web.Application(middlewares=[_errors, _guarding(unwelcome)], client_max_size=MAX_BODY)
    for method, address, handler in Rest(verbs).routes():
        _route(app, method, address, handler)
    _route(app, "GET", "/ws/jobs/", sockets.jobs)
    _route(app, "GET", "/ws/conversion/{job_id}/", sockets.conversion)
    app.router.add_get("/", _file(WEB / "index.html"))
    for path in sorted(WEB.iterdir()):
        if path.suffix in _TYPES:
            app.router.add_get(f"/web/{path.name}", _file(path))
    app.on_startup.append(fanout.start)
    app.on_shutdown.append(fanout.close)
    return app


@web.middleware
async def _errors(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """The one place where a fault becomes an answer."""
    mistake = RequestError(ErrorCode.INTERNAL_ERROR, "the daemon made a mistake; its log says which")
    try:
        with contained(f"{request.method} {request.path}", mistake, _FORESEEN):
            return await handler(request)
    except Mkv2castdError as error:
        return _failure(SURFACES[error.code].http, error.code, error.message, error.details)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = _failure(error.status, ErrorCode.INVALID_REQUEST, _sentence(request, error))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response


def _guarding(unwelcome: Callable[[web.Request], str | None]) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
        # a socket is refused by its handler, with a close code that a browser can see
        if not request.path.startswith("/ws/") and (why := unwelcome(request)) is not None:
            return _failure(403, ErrorCode.NOT_AUTHORIZED, why)
        return await handler(request)

    return guard


def _sentence(request: web.Request, error: web.HTTPException) -> str:
    match error:
        case web.HTTPNotFound():
            return f"there is nothing at {request.path}"
        case web.HTTPMethodNotAllowed():
            return f"{request.method} does not work at {request.path}; allowed: {error.headers['Allow']}"
        case web.HTTPRequestEntityTooLarge():
            return f"the body is too large: at most {MAX_BODY} bytes"
        case _:
            return error.text or error.reason


def _failure(status: int, code: ErrorCode, message: str, details: str | None = None) -> web.Response:
    return answer(wire.Failure(code.value, message, details if details is not None else UNSET), status)


def _route(app: web.Application, method: str, address: str, handler: _Handler) -> None:
    for path in (address, address.removesuffix("/")):
        app.router.add_route(method, path, handler)


def _file(path: Path) -> _Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        headers = {**_PAGE_HEADERS, "Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8"}
        return web.FileResponse(path, headers=headers)

    return handler


def _callers_log() -> logging.Logger:
    """aiohttp's own log. What gets there is a caller's fault (a line too long, a connection lost in mid-request),
    since ours end in `_errors`: a line is enough."""
    log = LOG.getChild("callers")
    log.addFilter(_without_traceback)
    return log


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info and (fault := record.exc_info[1]) is not None:
        lines = str(fault).split("\n")
        record.msg, record.args = f"{record.getMessage()}: {' '.join(line.strip() for line in lines)}", ()
        record.levelno, record.levelname, record.exc_info = logging.INFO, "INFO", None
    return True


def _over_unix(request: web.Request) -> bool:
    transport = request.transport
    return transport is not None and isinstance(transport.get_extra_info("sockname"), str)


def _close_all(bound: Sequence[Bound]) -> None:
    for one in bound:
        one.close()
