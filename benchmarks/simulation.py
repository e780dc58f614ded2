"""A house at work by a clock of its own: films are begun, fail, end, and devices go and come back."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from benchmarks.world import Film, World
from mkv2castd.device import CPU, Station
from mkv2castd.encoder.schedule import Schedule
from mkv2castd.encoder.speeds import Speeds
from mkv2castd.encoder.turns import Turn

# At which shares of an encode its end is told anew, and how far off that may be.
_TOLD = (0.05, 0.25, 0.5, 0.75)
_TOLD_SPREAD = 0.05


class Rules(Protocol):
    """Who encodes what: the schedule, or a simpler way to compare it with."""

    def set_station(self, station: Station) -> None: ...

    def put(self, turn: Turn, now: float) -> None: ...

    def take(self, station_id: str, blocked_folders: Collection[str], now: float) -> Turn | None: ...

    def release(self, job_id: UUID) -> None: ...

    def expect(self, job_id: UUID, ends_at: float) -> None: ...

    def learn(self, station_id: str, turn: Turn, seconds: float) -> None: ...


class Scheduled(Schedule):
    """The schedule, which learns."""

    def __init__(self) -> None:
        self.speeds = Speeds({})
        super().__init__(self.speeds)

    def learn(self, station_id: str, turn: Turn, seconds: float) -> None:
        assert turn.work is not None
        self.speeds.learn(station_id, turn.work.shape.kind, turn.work.megapixels / seconds)


@dataclass(frozen=True)
class Trouble:
    """failing: the share of attempts that die half way. outage: the hour for which the first card is out, from its
    beginning; None: it is not."""

    failing: float = 0.0
    outage: float | None = None


def run(world: World, rules: Rules, trouble: Trouble = Trouble(), seed: int = 0) -> float:
    """When the last film is done, in seconds. A film that fails on a card is shunned there; on the processor it is
    tried again."""
    return _House(world, rules, trouble, random.Random(f"house {seed}")).work()


class _House:
    def __init__(self, world: World, rules: Rules, trouble: Trouble, dice: random.Random) -> None:
        self._world = world
        self._rules = rules
        self._trouble = trouble
        self._dice = dice
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        self._films = {film.turn.job_id: film for film in world.films}
        self._done: set[UUID] = set()
        self._end = 0.0

    def work(self) -> float:
        for station in self._world.stations:
            self._rules.set_station(station)
        for film in self._world.films:
            self._at(film.arrives, lambda now, turn=film.turn: self._rules.put(turn, now))
        if self._trouble.outage is not None and len(self._world.stations) > 1:
            self._outage(self._world.stations[1], self._trouble.outage)
        while self._events:
            now = self._events[0][0]
            while self._events and self._events[0][0] == now:
                heapq.heappop(self._events)[2](now)
            self._fill(now)
        assert len(self._done) == len(self._films), "every film is done"
        return self._end

    def _at(self, when: float, what: Callable[[float], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (when, self._count, what))

    def _outage(self, station: Station, begin: float) -> None:
        self._at(begin, lambda _now: self._rules.set_station(replace(station, problem="out")))
        self._at(begin + 3600, lambda _now: self._rules.set_station(station))

    def _fill(self, now: float) -> None:
        for station in self._world.stations:
            while (turn := self._rules.take(station.id, (), now)) is not None:
                self._begin(station.id, turn, now)

    def _begin(self, station: str, turn: Turn, now: float) -> None:
        seconds = self._films[turn.job_id].seconds[station]
        fails = self._dice.random() < self._trouble.failing
        last = 0.5 if fails else 1.0
        for share in _TOLD:
            if share < last:
                left = seconds * (1 - share) * math.exp(self._dice.gauss(0.0, _TOLD_SPREAD))
                self._at(
                    now + share * seconds,
                    lambda when, left=left: self._rules.expect(turn.job_id, when + left),
                )
        ended = self._failed if fails else self._ended
        self._at(now + last * seconds, lambda when: ended(station, turn, seconds, when))

    def _ended(self, station: str, turn: Turn, seconds: float, now: float) -> None:
        assert turn.job_id not in self._done, "no film is made twice"
        self._done.add(turn.job_id)
        self._rules.release(turn.job_id)
        self._rules.learn(station, turn, seconds)
        self._end = now

    def _failed(self, station: str, turn: Turn, _seconds: float, now: float) -> None:
        self._rules.release(turn.job_id)
        shunned = turn.shunned | ({station} if station != CPU else set())
        self._rules.put(replace(turn, shunned=shunned), now)


# Simpler ways


class SharedQueue:
    """One queue; whoever is free takes the first film that it can encode."""

    def __init__(self, world: World) -> None:
        self._films = {film.turn.job_id: film for film in world.films}
        self._stations: dict[str, Station] = {}
        self._queue: list[Turn] = []
        self._running: dict[UUID, str] = {}

    def set_station(self, station: Station) -> None:
        self._stations[station.id] = station

    def put(self, turn: Turn, now: float) -> None:
        self._queue.append(turn)
        self._queue.sort()

    def take(self, station_id: str, blocked_folders: Collection[str], now: float) -> Turn | None:
        station = self._stations[station_id]
        if not station.open or sum(where == station_id for where in self._running.values()) >= station.slots:
            return None
        for turn in self._queue:
            if self.may(station_id, turn):
                self._queue.remove(turn)
                self._running[turn.job_id] = station_id
                return turn
        return None

    def may(self, station_id: str, turn: Turn) -> bool:
        return station_id in self._films[turn.job_id].seconds and station_id not in turn.shunned

    def release(self, job_id: UUID) -> None:
        del self._running[job_id]

    def expect(self, job_id: UUID, ends_at: float) -> None:
        pass

    def learn(self, station_id: str, turn: Turn, seconds: float) -> None:
        pass


class Assigned(SharedQueue):
    """Each film belongs to one device from the moment it comes: in turn, or to the one that would have the least to
    do by nominal speeds."""

    def __init__(self, world: World, nominal: Callable[[str, Film], float] | None = None) -> None:
        super().__init__(world)
        self._nominal = nominal
        self._lane: dict[UUID, str] = {}
        self._loads: dict[str, float] = {}
        self._next = 0

    def put(self, turn: Turn, now: float) -> None:
        film = self._films[turn.job_id]
        able = [id_ for id_ in self._stations if id_ in film.seconds and id_ not in turn.shunned]
        if self._nominal is None:
            lane = able[self._next % len(able)]
            self._next += 1
        else:
            nominal = self._nominal
            costs = {id_: self._loads.get(id_, 0.0) + nominal(id_, film) / self._stations[id_].slots for id_ in able}
            lane = min(able, key=lambda id_: costs[id_])
            self._loads[lane] = costs[lane]
        self._lane[turn.job_id] = lane
        super().put(turn, now)

    def may(self, station_id: str, turn: Turn) -> bool:
        return self._lane[turn.job_id] == station_id
