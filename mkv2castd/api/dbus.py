"""The daemon on D-Bus: its objects are there, are kept true, and what happens is told."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Never
from uuid import UUID

from mkv2castd.api.bus import Bus
from mkv2castd.api.dbus_board import Board
from mkv2castd.api.dbus_manager import Methods
from mkv2castd.api.pace import Pace
from mkv2castd.api.permission import Allow
from mkv2castd.api.verbs import Verbs
from mkv2castd.events import (
    DeviceChanged,
    Event,
    FolderChanged,
    FolderRemoved,
    JobChanged,
    JobProgressed,
    JobRemoved,
    QueueChanged,
)

TELLING_SECONDS = 1.0
_LOOK_SECONDS = 30.0  # nothing tells that a device has come, or is set aside
_SETTLE_SECONDS = 1.0  # how long an answer waits for what it has led to
_MOST_WAITING = 100_000  # events; more are there only where this task has no turn at all
_AT_ONCE = 10  # events, some milliseconds; then the rest of the daemon has its turn
_NUMBERS = None  # the key of what is told of all jobs together


class FellBehind(Exception):
    """Too much has happened for this task: it has to begin anew with the present state."""


async def present(verbs: Verbs, bus: Bus, allow: Allow) -> Never:
    """Shows the daemon on the bus until cancelled; then its objects are gone again."""
    teller = _Teller(verbs)
    board = Board(verbs, bus, Methods(verbs, allow, bus, teller.settled))
    try:
        await teller.run(board)
    finally:
        teller.close()
        board.clear()


class _Teller:
    """Events are only put aside when they are published, and told by `run`: a mistake here must not meet whoever
    publishes, nor may a slow bus."""

    def __init__(self, verbs: Verbs) -> None:
        self._events: deque[Event | asyncio.Future[None]] = deque()
        self._due: set[UUID | None] = set()
        self._more = asyncio.Event()
        self._pace: Pace[UUID | None] = Pace(TELLING_SECONDS, self._is_due)
        self._stop = verbs.hub.listen(self._put_aside)

    def close(self) -> None:
        self._stop()
        self._pace.close()

    async def settled(self) -> None:
        """Waits until all that has happened so far is told: who changes something finds it changed."""
        mark: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put_aside(mark)
        await asyncio.wait([mark], timeout=_SETTLE_SECONDS)

    async def run(self, board: Board) -> Never:
        await board.begin()
        while True:
            if not self._events and not self._due:
                await self._wait(board)
            if len(self._events) > _MOST_WAITING:
                raise FellBehind(f"{len(self._events)} events wait")
            for _ in range(min(len(self._events), _AT_ONCE)):
                await self._tell(board, self._events.popleft())
            while self._due:
                await self._refresh(board, self._due.pop())
            await asyncio.sleep(0)

    async def _wait(self, board: Board) -> None:
        self._more.clear()
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._more.wait()
        except TimeoutError:
            board.look()

    async def _tell(self, board: Board, event: Event | asyncio.Future[None]) -> None:
        match event:
            case JobChanged(job, previous):
                if await board.changed(job, previous):
                    self._pace.soon(_NUMBERS)
                if board.works_on(job.id):
                    self._pace.soon(job.id)
                else:
                    self._pace.forget(job.id)
            case JobProgressed(job_id):
                if board.works_on(job_id):
                    self._pace.soon(job_id)
            case JobRemoved(job_id):
                board.removed(job_id)
                self._pace.soon(_NUMBERS)
            case QueueChanged():
                await board.count()
            case DeviceChanged() | FolderChanged() | FolderRemoved():
                board.look()
            case asyncio.Future():
                if not event.done():
                    event.set_result(None)

    async def _refresh(self, board: Board, key: UUID | None) -> None:
        if key is _NUMBERS:
            await board.count()
            board.look()
        else:
            board.tell(key)

    def _put_aside(self, event: Event | asyncio.Future[None]) -> None:
        if len(self._events) <= _MOST_WAITING:
            self._events.append(event)
        self._more.set()

    def _is_due(self, key: UUID | None) -> None:
        self._due.add(key)
        self._more.set()
