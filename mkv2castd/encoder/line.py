"""A line of jobs and the workers that serve it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Never, Protocol
from uuid import UUID

from mkv2castd.device import REMUX
from mkv2castd.encoder.turns import Turn, TurnQueue

HOLD_SECONDS = 15.0


class Waked(Protocol):
    """Looks for work again when it is told that there may be some."""

    def wake(self) -> None: ...


class Gate:
    """What holds lines back: a paused queue, a battery that is to be spared, hours in which nothing is encoded,
    folders that are away, and folders that are held for a while."""

    def __init__(self, paused: bool = False) -> None:
        self.paused = paused
        self.open = True
        self.on_battery = False
        self._away: set[str] = set()
        self._held: dict[str, asyncio.TimerHandle] = {}
        self._lines: list[Waked] = []

    @property
    def blocked(self) -> frozenset[str]:
        """The folders whose jobs are not taken now."""
        return frozenset(self._away | self._held.keys())

    @property
    def reason(self) -> str | None:
        """What holds encoding back, a person's pause first."""
        if self.paused:
            return "requested"
        if self.on_battery:
            return "battery"
        return None if self.open else "hours"

    def attach(self, line: Waked) -> None:
        self._lines.append(line)

    def stands_still(self, lane: str) -> bool:
        """Nothing goes on there, neither new work nor what is under way: copying is no encoding, but drains a battery
        as well."""
        return self.paused or self.on_battery or (not self.open and lane != REMUX)

    def set_open(self, open_: bool) -> None:
        """Whether anything may be encoded at this hour."""
        self.open = open_
        self._changed()

    def set_on_battery(self, on_battery: bool) -> None:
        """Whether the battery has to be spared."""
        self.on_battery = on_battery
        self._changed()

    def set_paused(self, paused: bool) -> None:
        self.paused = paused
        self._changed()

    def block(self, folder: str) -> None:
        """The folder is away, until `unblock`."""
        self._away.add(folder)

    def unblock(self, folder: str) -> None:
        self._away.discard(folder)
        self._changed()

    def hold(self, folder: str, seconds: float = HOLD_SECONDS) -> None:
        """Takes no job of this folder for a while: what is in the way is not told when it goes away."""
        if (timer := self._held.pop(folder, None)) is not None:
            timer.cancel()
        self._held[folder] = asyncio.get_running_loop().call_later(seconds, self._release, folder)

    def release_held(self) -> None:
        """What was in the way may be gone: it is tried at once."""
        for timer in self._held.values():
            timer.cancel()
        self._held.clear()
        self._changed()

    def _release(self, folder: str) -> None:
        self._held.pop(folder, None)
        self._changed()

    def _changed(self) -> None:
        for line in self._lines:
            line.wake()


class Line:
    """Hands turns, in their order, to `slots` workers; blocked folders' keep their place."""

    def __init__(
        self,
        name: str,
        slots: int,
        work: Callable[[Turn], Awaitable[None]],
        gate: Gate,
    ) -> None:
        self.name = name
        self.slots = slots
        self._work = work
        self._gate = gate
        self._queue = TurnQueue()
        self._awake = asyncio.Event()
        gate.attach(self)

    def __len__(self) -> int:
        return len(self._queue)

    def __contains__(self, job_id: UUID) -> bool:
        return job_id in self._queue

    def put(self, turn: Turn) -> None:
        self._queue.put(turn)
        self.wake()

    def discard(self, job_id: UUID) -> bool:
        return self._queue.discard(job_id)

    def wake(self) -> None:
        self._awake.set()

    async def serve(self) -> Never:
        """Runs until cancelled; the workers end with it."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.slots):
                group.create_task(self._serve_slot())
            await asyncio.Event().wait()
        raise AssertionError("the workers never end by themselves")

    async def _serve_slot(self) -> Never:
        while True:
            turn = await self._next()
            await self._work(turn)

    async def _next(self) -> Turn:
        while True:
            if (turn := self._queue.take(self._gate.blocked)) is not None:
                return turn
            self._awake.clear()
            await self._awake.wait()
