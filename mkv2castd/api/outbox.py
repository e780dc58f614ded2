"""One socket's bounded outbox: a producer that never waits, a reader that is cut off when it is too slow."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from aiohttp import web

GONE = 1000
DAEMON_STOPS = 1001
ABNORMAL = 1006
INTERNAL = 1011
TOO_SLOW = 1013
FOREIGN = 4003
NO_SUCH_JOB = 4004
_REASONS = MappingProxyType(
    {
        DAEMON_STOPS: b"the daemon stops",
        TOO_SLOW: b"not read fast enough: connect again for the present state",
        FOREIGN: b"foreign origin",
        NO_SUCH_JOB: b"no such job",
    }
)
_BREATHER = 64  # messages to one client before the others have a turn


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the server is. queue: unsent messages of a client; send_seconds: how long one send may block;
    linger_seconds: how long a closed socket may take to say goodbye; heartbeat_seconds: silence before a ping."""

    queue: int = 10_000
    send_seconds: float = 10.0
    linger_seconds: float = 5.0
    heartbeat_seconds: float = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """One message, serialised once for all its readers.

    job_id, revision: the state of the job it tells; None when it is no telling of a job's state. replaces: an
    unsent telling with the same value is dropped in favour of this one.
    """

    text: str
    job_id: UUID | None = None
    revision: int | None = None
    replaces: Hashable = None

    def newer_than(self, told: Mapping[UUID, int]) -> bool:
        if self.job_id is None or self.revision is None:
            return True
        return self.revision > told.get(self.job_id, -1)


class Outbox:
    """What one client has still to be sent. Used in the event loop's thread only; `pump` does the sending."""

    def __init__(self, limits: Limits, ui: bool = False) -> None:
        self.ui = ui
        self.close_code: int | None = None
        self.abort: Callable[[], None] = lambda: None
        self._limits = limits
        self._unsent: OrderedDict[Hashable, Telling] = OrderedDict()
        self._held: OrderedDict[Hashable, Telling] | None = None
        self._ready = asyncio.Event()
        self._sending: asyncio.Timeout | None = None

    def offer(self, telling: Telling) -> None:
        """Never waits. A client with too much unsent is cut off (1013)."""
        if self.close_code is not None:
            return
        box = self._unsent if self._held is None else self._held
        key = telling if telling.replaces is None else telling.replaces
        box.pop(key, None)
        if len(box) >= self._limits.queue:
            self.stop(TOO_SLOW)
            return
        box[key] = telling
        self._ready.set()

    def hold(self) -> None:
        """From now until `release`, what is offered waits: the present state is being read."""
        self._held = OrderedDict()

    def release(self, present: Iterable[Telling], told: Mapping[UUID, int]) -> None:
        """Tells the present state, then what was held and is newer. `told`: revision of each job in `present`."""
        held, self._held = self._held, None
        for telling in present:
            self.offer(telling)
        for telling in held.values() if held is not None else ():
            if telling.newer_than(told):
                self.offer(telling)

    def finish(self, code: int, last: Telling) -> None:
        """Sends what is unsent, then `last`, then closes."""
        self._held = None
        self.offer(last)
        if self.close_code is None:
            self.close_code = code
            self._ready.set()

    def stop(self, code: int) -> None:
        """Closes at once; what is unsent is dropped, a send that blocks is given up."""
        if self.close_code is None:
            self.close_code = code
        self._unsent.clear()
        self._held = None
        self._ready.set()
        if self._sending is not None:
            self._sending.reschedule(asyncio.get_running_loop().time())
            self._sending = None

    async def pump(self, socket: web.WebSocketResponse) -> None:
        """Sends until the client is stopped or finished, then closes the socket with its code. The connection is
        gone when this returns."""
        with suppress(ConnectionError):
            try:
                await self._send_all(socket)
            except TimeoutError:
                self.stop(TOO_SLOW)
            code = self.close_code if self.close_code is not None else GONE
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.linger_seconds):
                    await socket.close(code=code, message=_REASONS.get(code, b""), drain=False)
        if socket.close_code in (None, ABNORMAL):
            self.abort()  # it did not say goodbye: nothing that is still on its way may keep the connection

    async def _send_all(self, socket: web.WebSocketResponse) -> None:
        sent = 0
        while (telling := await self._next()) is not None:
            try:
                async with asyncio.timeout(self._limits.send_seconds) as self._sending:
                    await socket.send_str(telling.text)
            finally:
                self._sending = None
            sent += 1
            if sent % _BREATHER == 0:
                await asyncio.sleep(0)

    async def _next(self) -> Telling | None:
        while not self._unsent:
            if self.close_code is not None:
                return None
            self._ready.clear()
            await self._ready.wait()
        return self._unsent.popitem(last=False)[1]
