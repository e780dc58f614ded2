"""Keeps the hours in which pictures may be encoded, by the clock on the wall."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Never

from mkv2castd.hours import is_open, next_change

_log = logging.getLogger(__name__)
# The wall's clock may be set, and the machine may sleep, which no timer hears of.
_AT_MOST_SECONDS = 60.0


def _on_the_wall() -> datetime:
    return datetime.now().astimezone()


async def keep_hours(
    hours: Callable[[], tuple[str, ...]],
    changed: asyncio.Event,
    set_open: Callable[[bool], None],
    now: Callable[[], datetime] = _on_the_wall,
) -> Never:
    """Tells whether encoding is open: at once, and whenever that changes.

    hours: those of the configuration as it is now. changed: set by whoever has changed them, cleared here. set_open:
    must be quick, and is called with something new only, the first time with what holds then. now: the local time,
    aware.
    """
    told: bool | None = None
    while True:
        changed.clear()
        times, moment = hours(), now()
        is_now = is_open(times, moment)
        if is_now is not told:
            _report(times, moment, is_now, told)
            set_open(is_now)
            told = is_now
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_pause(times, moment)):
                await changed.wait()


def _pause(times: tuple[str, ...], moment: datetime) -> float | None:
    """Seconds until the next look; None: until the configuration is changed."""
    if not times:
        return None
    change = next_change(times, moment)
    if change is None:
        return _AT_MOST_SECONDS
    return min(_AT_MOST_SECONDS, (change - moment).total_seconds())


def _report(times: tuple[str, ...], moment: datetime, is_now: bool, told: bool | None) -> None:
    change = next_change(times, moment)
    if not is_now and change is not None:
        _log.info("no picture is encoded until %s, as [queue] hours says", change.strftime("%H:%M"))
    elif is_now and told is False:
        _log.info("pictures are encoded again")
