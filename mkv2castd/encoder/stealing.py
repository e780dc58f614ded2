"""What a free slot takes away from other lanes: only what ends earlier by it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mkv2castd.encoder.demands import Stations
from mkv2castd.encoder.lane import Lane
from mkv2castd.encoder.queues import Waiting


@dataclass(frozen=True, slots=True)
class Loot:
    """advantage: how well the taker suits it beside all that waits, 1 at best."""

    waiting: Waiting
    lane: Lane
    advantage: float


def best_loot(
    stations: Stations,
    taker: Lane,
    others: Iterable[Lane],
    blocked: Collection[str],
    own: Waiting | None,
    level: float,
    now: float,
) -> Loot | None:
    """level: when all devices would be done if they shared all that waits.

    What goes before the taker's own first turn: anything where it has none, else only what is more urgent.

    The first turn of another lane, if it ends earlier here: so the order of arrival is kept where a fast device
    stands beside slow ones. Else the last of its best rank: a slow device takes what the fast one would come to last.
    """
    firsts: list[Loot] = []
    lasts: list[Loot] = []
    for lane in others:
        first = _first(stations, taker, lane, blocked)
        if first is None or (own is not None and first.turn.rank >= own.turn.rank):
            continue
        if _sooner(taker, lane, first, level, now):
            firsts.append(_loot(stations, taker, lane, first))
        elif own is None:
            lasts += _lasts(stations, taker, lane, blocked, level, now)
    if firsts:
        return min(firsts, key=lambda loot: (loot.waiting.turn.rank, -loot.advantage))
    return min(lasts, key=lambda loot: (loot.waiting.turn.rank, -loot.advantage)) if lasts else None


def _first(stations: Stations, taker: Lane, lane: Lane, blocked: Collection[str]) -> Waiting | None:
    first = lane.queue.first(blocked)
    if first is None or taker.id in stations.takers(first.demand):
        return first
    found = None
    for demand in lane.queue.demands:
        if taker.id in stations.takers(demand):
            one = lane.queue.first_of(demand, blocked)
            if one is not None and (found is None or one < found):
                found = one
    return found


def _lasts(
    stations: Stations, taker: Lane, lane: Lane, blocked: Collection[str], level: float, now: float
) -> list[Loot]:
    found = []
    for demand in lane.queue.demands:
        if taker.id in stations.takers(demand):
            last = lane.queue.last_of(demand, blocked)
            if last is not None and _sooner(taker, lane, last, level, now):
                found.append(_loot(stations, taker, lane, last))
    return found


def _sooner(taker: Lane, lane: Lane, one: Waiting, level: float, now: float) -> bool:
    """Where its own lane has much else to do, others take of that: so it may come earlier than its place says."""
    there = lane.ends_next(one.demand, one.amount, now)
    return taker.ends_if_begun(one.demand, one.amount, now) < min(lane.ends(one, now), max(level, there))


def _loot(stations: Stations, taker: Lane, lane: Lane, one: Waiting) -> Loot:
    return Loot(one, lane, stations.fit(one.demand, taker.id))
