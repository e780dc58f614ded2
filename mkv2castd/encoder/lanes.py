"""The lanes: every device has its queue and its slots; a free slot gets the turn that the schedule has for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Never
from uuid import UUID

from mkv2castd.device import CPU, Station
from mkv2castd.encoder.ground import Ground
from mkv2castd.encoder.journey import Journey
from mkv2castd.encoder.running import Running
from mkv2castd.encoder.schedule import Schedule
from mkv2castd.encoder.turns import Turn
from mkv2castd.events import DeviceChanged

# An encode that takes longer than expected tells nobody; what waits behind it may be better off elsewhere by then.
_RECONSIDER_SECONDS = 30.0


@dataclass(slots=True)
class _Hand:
    """A job that has a slot, or goes from one to another. moving: gets the next one's device. again: its next turn,
    which comes once this one is over."""

    moving: asyncio.Future[str] | None = None
    again: Turn | None = None


class Lanes:
    def __init__(self, schedule: Schedule, ground: Ground) -> None:
        self._schedule = schedule
        self._ground = ground
        self._awake = asyncio.Event()
        self._hands: dict[UUID, _Hand] = {}
        self._stations: dict[str, Station] = {}
        self._settling = False
        self._turned = asyncio.Event()
        self.running: dict[UUID, Running] = {}
        ground.gate.attach(self)

    async def serve(self) -> Never:
        """Runs until cancelled; the journeys end with it."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._awake.clear()
                self._fill(group)
                self._turned.set()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_RECONSIDER_SECONDS if self._waits else None):
                        await self._awake.wait()
        raise AssertionError("lanes never end by themselves")

    @property
    def _waits(self) -> bool:
        return self._schedule.adrift > 0 or any(map(self._schedule.queued, self._stations))

    def _fill(self, group: asyncio.TaskGroup) -> None:
        """Gives each free slot its turn."""
        gate = self._ground.gate
        for station in tuple(self._stations):
            waits = self._settling and station == CPU
            while not (waits or gate.stands_still(station)):
                turn = self._schedule.take(station, gate.blocked, time.monotonic())
                if turn is None:
                    break
                hand = self._hands.setdefault(turn.job_id, _Hand())
                if hand.moving is not None:
                    hand.moving.set_result(station)
                    hand.moving = None
                else:
                    group.create_task(self._serve_turn(turn, station, hand))

    async def _serve_turn(self, turn: Turn, station: str, hand: _Hand) -> None:
        try:
            again = await Journey(turn, station, self._ground, self, self.running).go()
        finally:
            del self._hands[turn.job_id]
            self._release(turn.job_id)
            self.wake()
        following = hand.again if hand.again is not None else again
        if following is not None:
            self.put(following)

    def _release(self, job_id: UUID) -> None:
        """Its slot is free, of which whoever shows the devices hears."""
        freed = [station for station in self._stations if job_id in self._schedule.running(station)]
        self._schedule.release(job_id)
        for station in freed:
            self._ground.publish(DeviceChanged(station))

    def wake(self) -> None:
        self._awake.set()

    async def beat(self) -> None:
        """Comes back once free slots have been looked at again: a sign of life."""
        self._turned.clear()
        self.wake()
        await self._turned.wait()

    # The queues

    def put(self, turn: Turn) -> None:
        """Gives the job its place, or another one."""
        hand = self._hands.get(turn.job_id)
        if hand is not None:
            hand.again = turn
        else:
            self._schedule.put(turn, time.monotonic())
            self.wake()

    def discard(self, job_id: UUID) -> None:
        if (hand := self._hands.get(job_id)) is not None:
            hand.again = None
        else:
            self._schedule.discard(job_id)

    def use(self, stations: Iterable[Station], *, settling: bool) -> None:
        """The devices as they are now. settling: their trials are still under way, and the processor waits for what
        comes of them."""
        now = {station.id: station for station in stations}
        for gone in self._stations.keys() - now.keys():
            self._schedule.remove_station(gone)
        for station in now.values():
            if self._stations.get(station.id) != station:
                self._schedule.set_station(station)
        self._stations, self._settling = now, settling
        self.wake()

    # What a journey asks

    async def move(self, turn: Turn) -> str:
        hand = self._hands[turn.job_id]
        self._release(turn.job_id)
        hand.moving = asyncio.get_running_loop().create_future()
        self._schedule.put(turn, time.monotonic())
        self.wake()
        try:
            return await hand.moving
        except asyncio.CancelledError:
            hand.moving = None
            self._schedule.discard(turn.job_id)
            raise

    def beside(self, job_id: UUID) -> int:
        return next((len(there) - 1 for there in map(self._schedule.running, self._stations) if job_id in there), 0)

    def why(self, job_id: UUID) -> str:
        return self._schedule.why(job_id, time.monotonic())

    def expect(self, job_id: UUID, seconds: float) -> None:
        self._schedule.expect(job_id, time.monotonic() + seconds)

    # What is under way

    def pause_all(self, paused: bool) -> None:
        """Nothing new starts, and what runs is suspended; or the other way round."""
        self._ground.gate.set_paused(paused)
        self._heed()

    def set_open(self, open_: bool) -> None:
        """Likewise for encodes alone, by the hour."""
        self._ground.gate.set_open(open_)
        self._heed()

    def set_on_battery(self, on_battery: bool) -> None:
        """Likewise for everything, while a battery is to be spared."""
        self._ground.gate.set_on_battery(on_battery)
        self._heed()

    def _heed(self) -> None:
        for running in self.running.values():
            running.heed(self._ground.gate)

    def hold(self, job_id: UUID, held: bool) -> None:
        if (running := self.running.get(job_id)) is not None:
            running.held = held
            running.heed(self._ground.gate)
