"""What turns ask of a device, and which devices there are to give it."""

from __future__ import annotations

from collections.abc import Mapping

from mkv2castd.device import CPU, REMUX, Station, alone
from mkv2castd.encoder.ladder import lacks, rungs
from mkv2castd.encoder.speeds import COPY_SECONDS, Speeds
from mkv2castd.encoder.turns import Turn
from mkv2castd.work import Shape, Work

_KEPT = 1000
# How much dearer than the cheapest a device may be for a film that is put there, and for one that is there already:
# prices rise and fall a little all the time, and whole queues would move to and fro with them.
_DEARER, _TOO_DEAR = 0.1, 0.25


class Demand:
    """What a turn asks, apart from how much of it; turns that ask the same share one.

    kind: of work, "" of copies. takers: the open stations that may do it, as of `version` of the stations. cheap,
    dear: those of them on which it costs little or too much, as of `valued`. waiting: how many turns ask it.
    """

    __slots__ = ("cheap", "dear", "kind", "pin", "shape", "shunned", "takers", "valued", "version", "waiting")

    def __init__(self, shape: Shape | None, pin: str | None, shunned: frozenset[str]) -> None:
        self.shape = shape
        self.pin = pin
        self.shunned = shunned
        self.kind = shape.kind if shape is not None else ""
        self.takers: tuple[str, ...] = ()
        self.version = -1
        self.cheap: frozenset[str] = frozenset()
        self.dear: frozenset[str] = frozenset()
        self.valued = (-1, -1)
        self.waiting = 0


class Stations:
    """The devices as they are now, and what may be asked of them."""

    def __init__(self, speeds: Speeds) -> None:
        self.all: dict[str, Station] = {}
        self.version = 0
        self._speeds = speeds
        self._demands: dict[tuple[Shape | None, str | None, frozenset[str]], Demand] = {}
        self._kept = _KEPT
        self._able: dict[tuple[str, Shape], bool] = {}
        # by device: of which version of what is expected of it, and by kind of work
        self._rates: dict[str, tuple[int, dict[str, float]]] = {}
        # by device, what a second of it is worth at the moment (prices.py); of those not named, as much as any
        self.prices: Mapping[str, float] = {}
        self._valued = 0

    @property
    def alone(self) -> bool:
        return alone(self.all.values())

    def update(self, station: Station) -> None:
        before, was_alone = self.all.get(station.id), self.alone
        self.all[station.id] = station
        self._changed({station.id} if before is None or before.device != station.device else set(), was_alone)

    def remove(self, station_id: str) -> None:
        was_alone = self.alone
        if self.all.pop(station_id, None) is not None:
            self._changed({station_id}, was_alone)

    def _changed(self, others: set[str], was_alone: bool) -> None:
        if self.alone != was_alone:
            others = set(self.all) | others
        self._able = {key: able for key, able in self._able.items() if key[0] not in others}
        self.version += 1

    def demand(self, turn: Turn) -> Demand:
        return self.of(turn.work, turn.pin, turn.shunned)

    def of(self, work: Work | None, pin: str | None, shunned: frozenset[str]) -> Demand:
        shape = work.shape if work is not None else None
        found = self._demands.get((shape, pin, shunned))
        if found is None:
            if len(self._demands) >= self._kept:
                self._demands = {key: one for key, one in self._demands.items() if one.waiting}
                self._kept = 2 * len(self._demands) + _KEPT
            found = self._demands[shape, pin, shunned] = Demand(shape, pin, shunned)
        return found

    def takers(self, demand: Demand) -> tuple[str, ...]:
        """The open stations that may do it, in the order in which they came: so equal questions have equal answers,
        whatever the process."""
        if demand.version != self.version:
            demand.takers = tuple(id_ for id_ in self.allowed(demand) if self.all[id_].open)
            demand.version = self.version
        return demand.takers

    def allowed(self, demand: Demand) -> tuple[str, ...]:
        """The stations that may do it once they are open. A device that was asked for is waited for, also for its
        first trial, unless it is broken, cannot do it, or has failed this job."""
        pinned = self.all.get(demand.pin) if demand.pin is not None else None
        if pinned is not None and self._is_waited_for(pinned, demand):
            return (pinned.id,)
        return tuple(station.id for station in self.all.values() if self._may(station, demand))

    def _is_waited_for(self, pinned: Station, demand: Demand) -> bool:
        if pinned.untried:
            return pinned.id not in demand.shunned
        return pinned.problem is None and self._may(pinned, demand)

    def _may(self, station: Station, demand: Demand) -> bool:
        return station.id not in demand.shunned and self.can(station, demand.shape)

    def can(self, station: Station, shape: Shape | None) -> bool:
        """Whether the device is able to, open or not. shape: None where the picture is copied."""
        if shape is None or station.id == REMUX:
            return shape is None and station.id == REMUX
        if station.id == CPU:
            return True
        key = station.id, shape
        if key not in self._able:
            device = station.device
            self._able[key] = device is not None and bool(rungs(shape, device, alone=self.alone))
        return self._able[key]

    def obstacle(self, station: Station, demand: Demand) -> str | None:
        """Why the station is not among the takers; None where it is not its business: it copies and this has to be
        encoded, or the other way round, or another device was asked for and is waited for."""
        if (demand.shape is None) != (station.id == REMUX):
            return None
        if station.id in demand.shunned:
            return "it has failed this film"
        if station.problem is not None:
            return station.problem
        if demand.shape is not None and station.device is not None and not self.can(station, demand.shape):
            return lacks(demand.shape, station.device, alone=self.alone)
        if station.id not in self.allowed(demand):
            return None
        return "it is disabled" if not station.enabled else "it has no slots"

    def value(self, prices: Mapping[str, float]) -> None:
        """What a second of each device is worth from now on."""
        self.prices = prices
        self._valued += 1

    def cheap(self, demand: Demand) -> frozenset[str]:
        """The takers that are hardly dearer than the cheapest."""
        self._weigh(demand)
        return demand.cheap

    def too_dear(self, demand: Demand, station_id: str) -> bool:
        """Whether what is asked is better taken away from this device, one of the takers."""
        self._weigh(demand)
        return station_id in demand.dear

    def _weigh(self, demand: Demand) -> None:
        version = self.version, self._valued
        if demand.valued != version:
            costs = {taker: self._cost(demand, taker) for taker in self.takers(demand)}
            least = min(costs.values(), default=0.0)
            demand.cheap = frozenset(taker for taker, cost in costs.items() if cost <= least * (1 + _DEARER))
            demand.dear = frozenset(taker for taker, cost in costs.items() if cost > least * (1 + _TOO_DEAR))
            demand.valued = version

    def fit(self, demand: Demand, station_id: str) -> float:
        """How well the device, one of the takers, suits the demand beside all that waits: 1 is best, above 0."""
        least = min(self._cost(demand, taker) for taker in self.takers(demand))
        return least / self._cost(demand, station_id)

    def _cost(self, demand: Demand, station_id: str) -> float:
        return self.prices.get(station_id, 1.0) / self.rate(demand.kind, station_id)

    def rate(self, kind: str, station_id: str) -> float:
        """Expected million pixels a second; of copies, copies a second."""
        version = self._speeds.versions.get(station_id, 0)
        known = self._rates.get(station_id)
        if known is None or known[0] != version:
            known = self._rates[station_id] = version, {}
        rate = known[1].get(kind)
        if rate is None:
            rate = known[1][kind] = self._speeds.speed(station_id, kind) if kind else 1 / COPY_SECONDS
        return rate
