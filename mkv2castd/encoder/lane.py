"""One device's queue with what runs on it: when something in it is expected to begin and to end.

Times are seconds of whatever clock the caller goes by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from mkv2castd.device import Station
from mkv2castd.encoder.demands import Demand, Stations
from mkv2castd.encoder.queues import Queue, Waiting
from mkv2castd.encoder.speeds import Speeds
from mkv2castd.encoder.turns import Turn

# Up to so many turns of a rank are added up one by one; of more, a turn's share of them goes by its place.
_FEW = 16
# What runs longer than was expected will run longer still, by this share of the time that it has run.
_OVERDUE = 0.1
# Behind all others.
MOST_RANK = 1 << 30


@dataclass(slots=True)
class Run:
    """A turn that is being worked on. origin: the lane from which it was taken away, None: it waited for this one."""

    turn: Turn
    station: str
    begun: float
    ends: float
    origin: str | None = None

    def remaining(self, now: float) -> float:
        return max(self.ends - now, (now - self.begun) * _OVERDUE, 0.0)


class Lane:
    def __init__(self, station: Station, stations: Stations, speeds: Speeds) -> None:
        self.station = station
        self.queue = Queue(station.id)
        self.running: dict[UUID, Run] = {}
        self._stations = stations
        self._speeds = speeds
        self._version = -1
        # what waits, by rank: million pixels by kind of work, and how many seconds that is
        self._amounts: dict[int, dict[str, float]] = {}
        self._seconds: dict[int, float] = {}

    @property
    def id(self) -> str:
        return self.station.id

    @property
    def free(self) -> bool:
        return self.station.open and len(self.running) < self.station.slots

    @property
    def idle(self) -> bool:
        """Whether it would begin at once what is put there."""
        return not self.queue.count and self.free

    # What waits

    def add(self, one: Waiting) -> None:
        self.queue.add(one)
        self._count(one.turn.rank, one.demand, one.amount)

    def remove(self, one: Waiting) -> None:
        self.queue.remove(one)
        rank = one.turn.rank
        if rank in self.queue.ranks:
            self._count(rank, one.demand, -one.amount)
        else:
            del self._amounts[rank]
            self._seconds.pop(rank, None)

    def _count(self, rank: int, demand: Demand, amount: float) -> None:
        kinds = self._amounts.setdefault(rank, {})
        kinds[demand.kind] = kinds.get(demand.kind, 0.0) + amount
        self._seconds[rank] = self._seconds.get(rank, 0.0) + self.seconds(demand, amount)

    def give_up(self) -> Queue:
        """All that waits, which then belongs to nobody."""
        given, self.queue = self.queue, Queue(self.id)
        given.owner = None
        self._amounts.clear()
        self._seconds.clear()
        return given

    # When

    def work(self, now: float) -> float:
        """Seconds of one slot for all that waits and runs."""
        return sum(run.remaining(now) for run in self.running.values()) + self._load(MOST_RANK)

    def busy(self, now: float) -> float:
        """For how many seconds each slot is taken by what runs, on average."""
        return sum(run.remaining(now) for run in self.running.values()) / max(self.station.slots, 1)

    def seconds(self, demand: Demand, amount: float) -> float:
        """How long a slot is taken by so much of this."""
        return amount / self._stations.rate(demand.kind, self.station.id)

    def ends_if_put(self, demand: Demand, amount: float, rank: int, now: float) -> float:
        """When a turn would end that came last in its rank."""
        return now + self._wait(self._load(rank), now) + self.seconds(demand, amount)

    def ends_if_begun(self, demand: Demand, amount: float, now: float) -> float:
        return now + self.seconds(demand, amount)

    def ends_next(self, demand: Demand, amount: float, now: float) -> float:
        """When a turn would end that begins once a slot, on average, has done what runs on it."""
        return now + self.busy(now) + self.seconds(demand, amount)

    def ends(self, one: Waiting, now: float) -> float:
        """When a turn of this queue is expected to end."""
        return now + self._wait(self._ahead(one), now) + self.seconds(one.demand, one.amount)

    def _load(self, rank: int) -> float:
        """Seconds that one slot would need for what waits in this rank and in better ones."""
        version = self._speeds.versions.get(self.station.id, 0)
        if self._version != version:
            self._version = version
            self._add_up()
        load = 0.0
        for other, seconds in self._seconds.items():
            if other <= rank:
                load += seconds
        return load

    def _add_up(self) -> None:
        rate = self._stations.rate
        self._seconds = {
            rank: sum(amount / rate(kind, self.station.id) for kind, amount in kinds.items())
            for rank, kinds in self._amounts.items()
        }

    def _ahead(self, one: Waiting) -> float:
        rank, sequence = one.turn.rank, one.turn.sequence
        rows = self.queue.ranks[rank].values()
        better = self._load(rank - 1)
        count = sum(map(len, rows))
        if count <= _FEW:
            return better + sum(
                self.seconds(other.demand, other.amount)
                for other in chain.from_iterable(rows)
                if other.turn.sequence < sequence
            )
        own = self._load(rank) - better - self.seconds(one.demand, one.amount)
        return better + max(own, 0.0) * sum(row.before(sequence) for row in rows) / (count - 1)

    def _wait(self, load: float, now: float) -> float:
        """How long until a slot is free once this load is done before."""
        slots = max(self.station.slots, 1)
        if not self.running:
            return load / slots
        remaining = [run.remaining(now) for run in self.running.values()]
        if slots == 1:
            return load + max(remaining)
        return _level(sorted(remaining + [0.0] * (slots - len(remaining)))[-slots:], load)


def _level(remaining: Sequence[float], load: float) -> float:
    """When the first of the slots is free, each of which is free after its seconds, once they share the load."""
    level = 0.0
    for count in range(1, len(remaining) + 1):
        level = (load + sum(remaining[:count])) / count
        if count == len(remaining) or level <= remaining[count]:
            break
    return level
