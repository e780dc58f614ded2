"""Hours of the day in which pictures may be encoded: `22:00-07:00`, by the clock on the wall."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_DAY = timedelta(days=1)
# Whatever opens or closes does so within a day of the wall's clock. A day that begins or ends summer time may be
# longer, and hours that the clock leaps over do not come that day.
_FURTHEST = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` up to but not including `end`, over midnight where `end` is the earlier one."""

    start: time
    end: time

    def holds(self, at: time) -> bool:
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def parse(text: str) -> Span:
    """Raises ValueError with a sentence for people."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} are no hours; allowed: HH:MM-HH:MM from 00:00 to 23:59, as in "22:00-07:00"')
    first, second, third, fourth = map(int, found.groups())
    span = Span(time(first, second), time(third, fourth))
    if span.start == span.end:
        raise ValueError(
            f"{text!r} ends when it begins; allowed: two different times, or no hours at all, which is always"
        )
    return span


def is_open(hours: Sequence[str], local: datetime) -> bool:
    """Whether the wall's clock stands within any of them; always, where there are none. Raises ValueError as
    `parse`."""
    return _holds([parse(text) for text in hours], local)


def next_change(hours: Sequence[str], moment: datetime) -> datetime | None:
    """When `is_open` will next be something else, after `moment` and in its time zone; None: never.

    moment: aware. Where its zone has summer time, hours that the clock leaps over do not come that day, and those
    that it repeats come twice. Raises ValueError as `parse`.
    """
    spans = [parse(text) for text in hours]
    zone = moment.tzinfo
    assert zone is not None, "the moment is aware"
    now = _holds(spans, moment)
    at = moment.astimezone(UTC).replace(microsecond=0)
    furthest = at + _FURTHEST
    while spans and at < furthest:
        at = _next_edge(spans, at, zone)
        if _holds(spans, at.astimezone(zone)) is not now:
            return at.astimezone(zone)
    return None


def _holds(spans: Sequence[Span], local: datetime) -> bool:
    return not spans or any(span.holds(local.time()) for span in spans)


def _next_edge(spans: Sequence[Span], at: datetime, zone: tzinfo) -> datetime:
    """When the clock next comes to the beginning or end of any, or is put forward or back."""
    local = at.astimezone(zone)
    since_midnight = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    edges = [timedelta(hours=one.hour, minutes=one.minute) for span in spans for one in (span.start, span.end)]
    edge = at + min((edge - since_midnight) % _DAY or _DAY for edge in edges)
    if edge.astimezone(zone).utcoffset() == local.utcoffset():
        return edge
    before, after = at, edge
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == local.utcoffset():
            before = middle
        else:
            after = middle
    return after
