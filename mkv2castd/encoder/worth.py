"""What devices are worth by what waits for them and runs on them: the lanes, as prices.py reckons with them."""

from __future__ import annotations

from collections.abc import Sequence

from mkv2castd.encoder.demands import Stations
from mkv2castd.encoder.lane import Lane
from mkv2castd.encoder.prices import prices


def worth(stations: Stations, lanes: Sequence[Lane], now: float) -> dict[str, float]:
    """By device, above 0 and at most 1; where nothing waits, all are worth the same. lanes: the open ones."""
    amounts: dict[tuple[str, tuple[str, ...]], float] = {}
    for lane in lanes:
        for demand, rows in lane.queue.demands.items():
            key = demand.kind, stations.takers(demand)
            amounts[key] = amounts.get(key, 0.0) + sum(row.amount for row in rows.values())
    return prices(
        [
            {id_: amount / stations.rate(kind, id_) for id_ in takers}
            for (kind, takers), amount in amounts.items()
            if takers
        ],
        {lane.id: lane.station.slots for lane in lanes},
        {lane.id: lane.busy(now) for lane in lanes},
        stations.prices if amounts else {},
    )
