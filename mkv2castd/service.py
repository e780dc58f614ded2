"""The daemon as a service: what the service manager is told of it, and when."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Never

from mkv2castd.notify import Notifier, Supervision

_log = logging.getLogger(__name__)

Turn = Callable[[], Awaitable[object]]

# The start may take long (a large database is checked, many folders are found), but not for ever.
_STARTING_EVERY = 10.0
_STARTING_AT_MOST = 900.0
# What belongs to being ready, but without which films are converted all the same.
_CONDITION_SECONDS = 20.0
_STATUS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Service:
    """beats: by its name, what has to come back for the daemon to be alive. conditions: by its name, what has to
    come back before it is ready. status: the line that tells what goes on. listen: calls back on every change of
    that, until the call that it returns."""

    supervision: Supervision
    beats: Mapping[str, Turn]
    status: Callable[[], Awaitable[str]]
    listen: Callable[[Callable[[object], None]], Callable[[], None]]
    conditions: Mapping[str, Turn] = field(default_factory=dict)
    condition_seconds: float = _CONDITION_SECONDS

    async def serve(self) -> None:
        """Says that we are ready once we are, then feeds the watchdog and tells what goes on, until cancelled."""
        if not self.supervision.notifier.heard:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._get_ready())
            group.create_task(self._tell_status())
            if self.supervision.watchdog_seconds is not None:
                group.create_task(feed(self.supervision.notifier, self.supervision.watchdog_seconds, self.beats))

    async def _get_ready(self) -> None:
        """A condition that does not come about is told and not waited for any longer; without its beats the daemon is
        never ready."""
        for beat in self.beats.values():
            await beat()
        missing = await _unanswered(self.conditions, self.condition_seconds)
        for name in missing:
            _log.warning("started without %s: still waited for", name)
        self.supervision.notifier.ready()

    async def _tell_status(self) -> Never:
        changed = asyncio.Event()
        changed.set()
        forget = self.listen(lambda _: changed.set())
        told: str | None = None
        try:
            while True:
                await changed.wait()
                changed.clear()
                if (text := await self.status()) != told:
                    self.supervision.notifier.status(text)
                    told = text
                await asyncio.sleep(_STATUS_SECONDS)
        finally:
            forget()


async def feed(notifier: Notifier, seconds: float, beats: Mapping[str, Turn]) -> Never:
    """Feeds a watchdog that bites after `seconds`, as long as all beats come back within half of that."""
    while True:
        stalled = await _unanswered(beats, seconds / 2)
        if stalled:
            _log.error("no sign of life of %s for %.0f s", " and ".join(stalled), seconds / 2)
        else:
            notifier.alive()
        await asyncio.sleep(seconds / 4)


@asynccontextmanager
async def starting(notifier: Notifier) -> AsyncIterator[Callable[[], object]]:
    """The service manager is patient, for a quarter of an hour at most, until the start is over: that is told by the
    call which is handed out, or by the end of the block."""

    async def extend() -> None:
        for _ in range(round(_STARTING_AT_MOST / _STARTING_EVERY)):
            notifier.extend(3 * _STARTING_EVERY)
            await asyncio.sleep(_STARTING_EVERY)

    task = asyncio.create_task(extend())
    try:
        yield task.cancel
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _unanswered(turns: Mapping[str, Turn], seconds: float) -> list[str]:
    """The names of those that have not come back in time. Raises what they raise."""

    async def answers(turn: Turn) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await turn()
        except TimeoutError:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        asked = {name: group.create_task(answers(turn)) for name, turn in turns.items()}
    return [name for name, task in asked.items() if not task.result()]
