"""What a second of each device is worth, by what waits: so that a device is kept for films that it does better.

A film that only one card can encode must not wait behind films that others could have had. Prices say so: a device
is dear when more would go to it than to the others. They come near the dual of the linear programme in which films
may be cut into pieces, whose solution no schedule can beat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_ROUNDS = 25
# How clearly what is cheapest is preferred while prices are sought, and how far a price moves in one round.
_SHARPNESS = 8.0
_STEP = 0.3
# No device is worth nothing, or nobody would notice when there is something for it to do.
_LEAST = 1e-3
_LEAST_LOAD = 0.1


def prices(
    demands: Sequence[Mapping[str, float]],
    slots: Mapping[str, int],
    busy: Mapping[str, float],
    before: Mapping[str, float],
) -> dict[str, float]:
    """By device, above 0 and at most 1.

    demands: for each kind of work that waits, the seconds (above 0) that all of it would take on each device that
    can. slots: of each device, at least 1. busy: for how many seconds each of them is taken by what runs. before: the
    last prices, to begin with.
    """
    now = {device: before.get(device, 1.0) for device in slots}
    for _ in range(_ROUNDS):
        loads = _loads(demands, slots, busy, now)
        worth = {device: now[device] * slots[device] for device in now}
        mean = sum(loads[device] * worth[device] for device in now) / sum(worth.values())
        if mean <= 0:
            break
        moved = {device: now[device] * (max(loads[device] / mean, _LEAST_LOAD)) ** _STEP for device in now}
        most = max(moved.values())
        now = {device: max(price / most, _LEAST) for device, price in moved.items()}
    return now


def _loads(
    demands: Sequence[Mapping[str, float]],
    slots: Mapping[str, int],
    busy: Mapping[str, float],
    now: Mapping[str, float],
) -> dict[str, float]:
    """For how long each device is taken where everybody prefers what is cheap."""
    loads = {device: busy.get(device, 0.0) for device in slots}
    for seconds in demands:
        weights = {device: (now[device] * one) ** -_SHARPNESS for device, one in seconds.items()}
        whole = sum(weights.values())
        for device, weight in weights.items():
            loads[device] += seconds[device] * weight / whole / slots[device]
    return loads
