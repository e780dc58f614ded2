"""Why a film waits for its device, or runs on it, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mkv2castd.device import CPU, REMUX, Station
from mkv2castd.encoder.lane import Run
from mkv2castd.work import Place

_COPIES = "copies the picture"
_ASKED = "asked for"


@dataclass(frozen=True, slots=True)
class Prospect:
    """What becomes of a film on a device: in how many seconds it would end there; None: it cannot go there, for this
    obstacle, or because that is not this device's business."""

    station: Station
    seconds: float | None
    obstacle: str | None = None


def of_choice(lane: str | None, pin: str | None, prospects: Sequence[Prospect]) -> Place:
    """lane: where it would go; None: it has to wait until a device takes it."""
    if lane is not None:
        return of_waiting(lane, pin, prospects)
    asked = next((one.station for one in prospects if one.station.id == pin), None)
    if asked is not None and not asked.enabled:
        return Place(asked.id, "waits: its device is disabled")
    if asked is not None and asked.untried:
        return Place(asked.id, "waits: its device has not been tried yet")
    told = "; ".join(_obstacles(prospects))
    copied = any(one.station.id == REMUX and one.obstacle is not None for one in prospects)
    return Place(REMUX if copied else CPU, f"waits: no device takes it now: {told}" if told else "waits for a device")


def of_waiting(lane: str, pin: str | None, prospects: Sequence[Prospect]) -> Place:
    """lane: where it waits."""
    if lane == REMUX:
        return Place(lane, _COPIES)
    if lane == pin:
        return Place(lane, _ASKED)
    here = next(one for one in prospects if one.station.id == lane)
    others = sorted((one.seconds, one.station.id) for one in prospects if one.seconds is not None and one is not here)
    refused = "; ".join(_obstacles(prospects))
    if not others or here.seconds is None:
        return Place(lane, "the only device that can" + (f": {refused}" if refused else ""))
    first = here.seconds <= others[0][0]
    told = f"{lane} is expected to end it{' first' if first else ''}, in {duration(here.seconds)}"
    told += "" if first else ", and faster ones are kept for films that they do better"
    told += "".join(f"; {other} in {duration(seconds)}" for seconds, other in others)
    return Place(lane, told + (f"; {refused}" if refused else ""))


def of_run(run: Run, prospects: Sequence[Prospect], now: float) -> str:
    """Why it has the slot that it has."""
    own = tuple(
        Prospect(one.station, run.remaining(now)) if one.station.id == run.station else one for one in prospects
    )
    told = of_waiting(run.station, run.turn.pin, own).why if any(p.station.id == run.station for p in own) else ""
    taken = f"taken from {run.origin}, where it would have ended later" if run.origin is not None else ""
    return "; ".join(part for part in (taken, told) if part)


def duration(seconds: float) -> str:
    """In words, as precise as it is worth."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes and hours < 24 else f"{hours} h"


def _obstacles(prospects: Sequence[Prospect]) -> Iterator[str]:
    for one in prospects:
        if one.obstacle is not None:
            yield f"{one.station.id} cannot: {one.obstacle}"
