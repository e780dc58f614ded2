"""What no schedule can beat."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.world import Film, Station, World

_ROUNDS = 400


def lower_bound(world: World) -> float:
    """Seconds until all films are done, at least.

    Films that come at `r` or later cannot begin before, so that r + (the bound for them alone) is a bound for all;
    the best of a few r is taken. No failure is counted in: a bound of a house in which nothing fails.
    """
    arrivals = sorted({film.arrives for film in world.films})
    begins = arrivals[:: max(len(arrivals) // 10, 1)]
    return max(begin + _at_once(world.stations, [f for f in world.films if f.arrives >= begin]) for begin in begins)


def _at_once(stations: Sequence[Station], films: Sequence[Film]) -> float:
    longest = max(min(film.seconds.values()) for film in films)
    return max(longest, _shared(stations, films))


def _shared(stations: Sequence[Station], films: Sequence[Film]) -> float:
    """Why it is one: let T be when the last film ends, and let a second of a slot of device d cost λ_d, the prices of
    all slots together being 1. Until T all slots together cost T. Film j, wherever it is encoded, takes there at
    least min_d λ_d p_jd of that, and no two films share a second of a slot: so Σ_j min_d λ_d p_jd ≤ T, for whatever
    prices.
    (It is the dual of the linear programme in which films may be cut in pieces.) The best prices are sought by making
    dearer what would get more than its share of films.
    """
    slots = {station.id: station.slots for station in stations}
    usable = sorted({id_ for film in films for id_ in film.seconds})
    prices = dict.fromkeys(usable, 1.0)
    best = 0.0
    rows = [tuple(film.seconds.items()) for film in films]
    for number in range(_ROUNDS):
        whole = sum(price * slots[id_] for id_, price in prices.items())
        prices = {id_: price / whole for id_, price in prices.items()}
        loads, total = dict.fromkeys(prices, 0.0), 0.0
        for row in rows:
            cost, seconds, id_ = min((prices[id_] * seconds, seconds, id_) for id_, seconds in row)
            total += cost
            loads[id_] += seconds / slots[id_]
        best = max(best, total)
        step = 1.0 / (1 + number / 8)
        prices = {id_: price * math.exp(step * (loads[id_] / best - 1)) for id_, price in prices.items()}
    return best
