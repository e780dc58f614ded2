"""Which device encodes which film, and what a free one does next: decisions without clock or I/O.

Each open device has a lane. A turn is put where it is expected to end first, among those devices that are not worth
more to other films. A free slot takes the first turn of its own lane; where there is none, one that would end earlier
here than where it waits. Turns whose lane has closed, or that nobody can take, are adrift: they belong to no lane
until it is their turn.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from mkv2castd.device import REMUX, Station
from mkv2castd.encoder.demands import Demand, Stations
from mkv2castd.encoder.explaining import Prospect, of_choice, of_run, of_waiting
from mkv2castd.encoder.lane import Lane, Run
from mkv2castd.encoder.queues import Queue, Waiting
from mkv2castd.encoder.speeds import Speeds
from mkv2castd.encoder.stealing import Loot, best_loot
from mkv2castd.encoder.turns import Turn
from mkv2castd.encoder.worth import worth
from mkv2castd.work import Place, Work

# How many turns are given another place, at most, before one is taken.
_MOST_MOVES = 64
# After how many decisions what devices are worth is reckoned anew: after this part of those that wait, so many at
# most; but where very many wait, which are not another mixture so soon, after that small a part of them.
_REVALUE_PART, _REVALUE, _REVALUE_LEAST_PART = 8, 64, 256
# By how much of its own time a turn has to end earlier elsewhere, so that it is moved there.
_CLEARLY = 0.1


class Schedule:
    def __init__(self, speeds: Speeds) -> None:
        self._speeds = speeds
        self._stations = Stations(speeds)
        self._lanes: dict[str, Lane] = {}
        self._waiting: dict[UUID, Waiting] = {}
        self._runs: dict[UUID, Run] = {}
        self._adrift: list[Queue] = []
        self._stuck = Queue()
        self._unvalued = 0
        # the open lanes in which something is encoded, and how many slots they have together
        self._encoding: tuple[Lane, ...] = ()
        self._slots = 1

    def __contains__(self, job_id: UUID) -> bool:
        """Whether the job waits; one that runs does not."""
        return job_id in self._waiting

    # Devices

    def set_station(self, station: Station) -> None:
        """A new device, or what has become of one."""
        self._stations.update(station)
        if station.id in self._lanes:
            self._lanes[station.id].station = station
        else:
            lane = self._lanes[station.id] = Lane(station, self._stations, self._speeds)
            lane.running = {id_: run for id_, run in self._runs.items() if run.station == station.id}
        self._reconsider()

    def remove_station(self, station_id: str) -> None:
        """What runs there goes on until it is released."""
        self._stations.remove(station_id)
        lane = self._lanes.pop(station_id, None)
        if lane is not None:
            self._let_go(lane)
        self._reconsider()

    def _reconsider(self) -> None:
        """Queues whose device does not take all of them any more are set adrift, as are turns that nobody could take
        and somebody might by now."""
        self._encoding = tuple(lane for lane in self._lanes.values() if lane.station.open and lane.id != REMUX)
        self._slots = max(sum(lane.station.slots for lane in self._encoding), 1)
        for lane in self._lanes.values():
            takers = map(self._stations.takers, lane.queue.demands)
            if not lane.station.open or not all(lane.id in ids for ids in takers):
                self._let_go(lane)
        self._set_adrift(self._stuck)
        self._stuck = Queue()

    def _let_go(self, lane: Lane) -> None:
        self._set_adrift(lane.give_up())

    def _set_adrift(self, queue: Queue) -> None:
        if queue.count:
            self._adrift.append(queue)
        while len(self._adrift) > _MOST_MOVES:
            self._adrift.sort(key=lambda one: one.count)
            least = self._adrift.pop(0)
            for waiting in tuple(least):
                least.remove(waiting)
                self._adrift[0].add(waiting)

    # Turns

    def put(self, turn: Turn, now: float) -> None:
        """Gives the turn its place; a job that waits already gets a new one. One that runs is released before."""
        assert turn.job_id not in self._runs, "a job that runs does not wait"
        self.discard(turn.job_id)
        waiting = Waiting(turn, self._stations.demand(turn))
        self._waiting[turn.job_id] = waiting
        self._value(now)
        self._place(waiting, now)

    def discard(self, job_id: UUID) -> bool:
        """True if the job was waiting."""
        waiting = self._waiting.pop(job_id, None)
        if waiting is None:
            return False
        self._remove(waiting)
        return True

    def take(self, station_id: str, blocked_folders: Collection[str], now: float) -> Turn | None:
        """What a free slot of this device does next; from now on it runs there, until it is released."""
        lane = self._lanes.get(station_id)
        if lane is None or not lane.free:
            return None
        self._value(now)
        self._land(lane, blocked_folders, now)
        own = self._own(lane, blocked_folders, now)
        others = self._others(lane, blocked_folders, own)
        if others:
            loot = best_loot(self._stations, lane, others, blocked_folders, own, self._level(now), now)
            if loot is not None:
                return self._begin(lane, loot.waiting, now, loot)
        return self._begin(lane, own, now, None) if own is not None else None

    def release(self, job_id: UUID) -> None:
        """The job runs no longer, whether it has ended or not; nothing happens where it did not run."""
        run = self._runs.pop(job_id, None)
        if run is not None and run.station in self._lanes:
            self._lanes[run.station].running.pop(job_id, None)

    def expect(self, job_id: UUID, ends_at: float) -> None:
        """When the job, which runs, is expected to end by now."""
        if (run := self._runs.get(job_id)) is not None:
            run.ends = ends_at

    def _level(self, now: float) -> float:
        """When all devices would be done if they shared all that waits."""
        return now + sum(lane.work(now) for lane in self._encoding) / self._slots

    def _others(self, lane: Lane, blocked: Collection[str], own: Waiting | None) -> list[Lane]:
        """Lanes from which this one might take something before its own first turn."""
        lanes = [other for other in self._lanes.values() if other is not lane and other.queue.count]
        return lanes if own is None else [one for one in lanes if one.queue.any_before(own.turn.rank, blocked)]

    def _place(self, waiting: Waiting, now: float) -> None:
        lane = self._best(waiting.demand, waiting.amount, waiting.turn.rank, now)
        if lane is None:
            self._stuck.add(waiting)
        else:
            lane.add(waiting)

    def _best(self, demand: Demand, amount: float, rank: int, now: float) -> Lane | None:
        """Where it is expected to end first. Where it would have to wait, and is not urgent, devices are left out
        that are worth more to others: they are kept for what only they do well."""
        takers = [self._lanes[id_] for id_ in self._stations.takers(demand)]
        if rank < 0 or any(lane.idle for lane in takers):
            first = _soonest(takers, demand, amount, rank, now)
            if rank < 0 or first is None or first.idle:
                return first
        cheap = self._stations.cheap(demand)
        return _soonest([lane for lane in takers if lane.id in cheap], demand, amount, rank, now)

    def _value(self, now: float) -> None:
        """Reckons what devices are worth by what waits and runs, now and then."""
        self._unvalued += 1
        waiting = len(self._waiting)
        if self._unvalued < max(min(_REVALUE, waiting // _REVALUE_PART), waiting // _REVALUE_LEAST_PART):
            return
        self._unvalued = 0
        self._stations.value(worth(self._stations, self._encoding, now))

    def _land(self, lane: Lane, blocked: Collection[str], now: float) -> None:
        """Gives turns that are adrift a lane, as long as they come before what this one would take."""
        for _ in range(_MOST_MOVES):
            self._adrift = [queue for queue in self._adrift if queue.count]
            firsts = [first for queue in self._adrift if (first := queue.first(blocked)) is not None]
            if not firsts:
                return
            first, own = min(firsts), lane.queue.first(blocked)
            if own is not None and own < first:
                return
            self._remove(first)
            self._place(first, now)

    def _own(self, lane: Lane, blocked: Collection[str], now: float) -> Waiting | None:
        """The first of the lane's own queue, once those are moved that would end clearly earlier elsewhere."""
        for _ in range(_MOST_MOVES):
            first = lane.queue.first(blocked)
            if first is None:
                return None
            better = self._better(lane, first, now)
            if better is None:
                return first
            self._remove(first)
            better.add(first)
        return lane.queue.first(blocked)

    def _better(self, lane: Lane, first: Waiting, now: float) -> Lane | None:
        """Where the lane's first turn had better wait instead of beginning here; None: nowhere."""
        demand, amount, rank = first.demand, first.amount, first.turn.rank
        ends = lane.ends_if_begun(demand, amount, now)
        soon = ends - _CLEARLY * (ends - now)
        best = self._best(demand, amount, rank, now)
        if best is not None and best is not lane:
            dear = rank >= 0 and self._stations.too_dear(demand, lane.id)
            if dear or best.ends_if_put(demand, amount, rank, now) < soon:
                return best
        if (ends - now) * self._slots <= lane.work(now) or ends <= self._level(now):
            return None
        # it would be the last of all: whoever does it sooner is soon free for it, others taking what is there
        others = [self._lanes[id_] for id_ in self._stations.takers(demand) if id_ != lane.id]
        last = min(others, key=lambda one: one.ends_next(demand, amount, now), default=None)
        return last if last is not None and last.ends_next(demand, amount, now) < soon else None

    def _remove(self, waiting: Waiting) -> None:
        queue = waiting.queue
        assert queue is not None, "what waits has its place"
        if queue.owner is not None:
            self._lanes[queue.owner].remove(waiting)
        else:
            queue.remove(waiting)

    def _begin(self, lane: Lane, waiting: Waiting, now: float, loot: Loot | None) -> Turn:
        turn = waiting.turn
        self._remove(waiting)
        del self._waiting[turn.job_id]
        run = Run(turn, lane.id, now, lane.ends_if_begun(waiting.demand, waiting.amount, now))
        if loot is not None:
            run.origin = loot.lane.id
        lane.running[turn.job_id] = self._runs[turn.job_id] = run
        return turn

    # What is told

    def running(self, station_id: str) -> tuple[UUID, ...]:
        lane = self._lanes.get(station_id)
        return tuple(lane.running) if lane is not None else ()

    def queued(self, station_id: str) -> int:
        """How many turns wait for this device."""
        lane = self._lanes.get(station_id)
        return lane.queue.count if lane is not None else 0

    @property
    def adrift(self) -> int:
        """How many turns wait for no particular device."""
        return self._stuck.count + sum(queue.count for queue in self._adrift)

    def place(self, job_id: UUID, now: float) -> Place | None:
        """Where a job waits, and why there; None where it does not wait."""
        waiting = self._waiting.get(job_id)
        if waiting is None or waiting.queue is None:
            return None
        lane = waiting.queue.owner
        if lane is None:
            return self._choose(waiting, now)
        return of_waiting(lane, waiting.turn.pin, self._prospects(waiting, now))

    def choose(self, work: Work | None, pin: str | None, now: float) -> Place:
        """Where a film would go that came now."""
        turn = Turn(0, 0, UUID(int=0), "", work, pin)
        return self._choose(Waiting(turn, self._stations.demand(turn)), now)

    def why(self, job_id: UUID, now: float) -> str:
        """Why a job runs where it does."""
        run = self._runs[job_id]
        demand = self._stations.demand(run.turn)
        waiting = Waiting(run.turn, demand)
        return of_run(run, self._prospects(waiting, now), now)

    def _choose(self, waiting: Waiting, now: float) -> Place:
        lane = self._best(waiting.demand, waiting.amount, waiting.turn.rank, now)
        return of_choice(lane.id if lane is not None else None, waiting.turn.pin, self._prospects(waiting, now))

    def _prospects(self, waiting: Waiting, now: float) -> tuple[Prospect, ...]:
        return tuple(self._prospect(lane, waiting, now) for lane in self._lanes.values())

    def _prospect(self, lane: Lane, waiting: Waiting, now: float) -> Prospect:
        station, demand = lane.station, waiting.demand
        if lane.id not in self._stations.takers(demand):
            return Prospect(station, None, self._stations.obstacle(station, demand))
        if waiting.queue is lane.queue:
            return Prospect(station, lane.ends(waiting, now) - now)
        return Prospect(station, lane.ends_if_put(demand, waiting.amount, waiting.turn.rank, now) - now)


def _soonest(lanes: Sequence[Lane], demand: Demand, amount: float, rank: int, now: float) -> Lane | None:
    """Where a turn ends first that is put there; of equals, the first by name."""
    if len(lanes) < 2:
        return lanes[0] if lanes else None
    return min(lanes, key=lambda lane: (lane.ends_if_put(demand, amount, rank, now), lane.id))
