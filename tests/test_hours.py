"""Hours of the day: how they are written, when they are open, and when that changes, summer time or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mkv2castd.hours import is_open, next_change, parse

BERLIN = ZoneInfo("Europe/Berlin")  # 29 March 2026: 02:00 is 03:00; 25 October 2026: 03:00 is 02:00
ZONES = tuple(map(ZoneInfo, ("UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu")))
NIGHT = ("22:00-07:00",)
START = datetime(2026, 1, 1, tzinfo=UTC)


def utc(moment: datetime | None) -> datetime | None:
    """Two moments of one zone are compared by what the wall's clock shows, which is the same twice a year."""
    return moment.astimezone(UTC) if moment is not None else None


def at(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


@pytest.mark.parametrize(
    "text",
    [
        *("", "22:00", "22:00-7:00", "22:00-24:00", "22:60-23:00", "22:00 - 07:00", "22:00-07:00\n", "22:00–07:00"),
        *("٢٢:٠٠-٠٧:٠٠", "-1:00-07:00", "22:00-07:00-08:00"),
    ],
)
def test_what_are_no_hours_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r'as in "22:00-07:00"'):
        parse(text)


@pytest.mark.parametrize("text", ["00:00-00:00", "07:30-07:30"])
def test_equal_ends_are_refused_since_nobody_knows_whether_they_mean_always_or_never(text: str) -> None:
    with pytest.raises(ValueError, match="ends when it begins"):
        parse(text)


@pytest.mark.parametrize(
    ("hours", "clock", "expected"),
    [
        ((), "12:00", True),
        (("08:00-17:30",), "07:59:59", False),
        (("08:00-17:30",), "08:00", True),
        (("08:00-17:30",), "17:29:59", True),
        (("08:00-17:30",), "17:30", False),
        (NIGHT, "21:59", False),
        (NIGHT, "22:00", True),
        (NIGHT, "00:00", True),
        (NIGHT, "06:59", True),
        (NIGHT, "07:00", False),
        (("22:00-00:00",), "23:59:59", True),
        (("22:00-00:00",), "00:00", False),
        (("22:00-02:00", "12:00-13:00"), "12:30", True),
        (("22:00-02:00", "12:00-13:00"), "14:00", False),
    ],
)
def test_they_are_open_from_their_beginning_up_to_their_end(
    hours: tuple[str, ...], clock: str, expected: bool
) -> None:
    assert is_open(hours, datetime.fromisoformat(f"2026-06-01T{clock}")) is expected


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        (NIGHT, at("2026-06-01T12:00"), at("2026-06-01T22:00")),
        (NIGHT, at("2026-06-01T22:00"), at("2026-06-02T07:00")),
        (NIGHT, at("2026-06-02T06:59:59.5"), at("2026-06-02T07:00")),
        (("22:00-02:00", "01:00-05:00"), at("2026-06-01T23:00"), at("2026-06-02T05:00")),
        ((), at("2026-06-01T12:00"), None),
        (("00:00-12:00", "12:00-00:00"), at("2026-06-01T12:00"), None),
        (("06:00-18:00", "17:00-07:00"), at("2026-06-01T12:00"), None),
    ],
)
def test_the_next_change(hours: tuple[str, ...], moment: datetime, expected: datetime | None) -> None:
    assert utc(next_change(hours, moment)) == utc(expected)


class TestSummerTime:
    def test_a_night_in_which_it_begins_is_an_hour_shorter(self) -> None:
        begin, end = at("2026-03-28T22:00"), next_change(NIGHT, at("2026-03-28T22:00"))
        assert end == at("2026-03-29T07:00")
        assert end is not None
        assert end.astimezone(UTC) - begin.astimezone(UTC) == timedelta(hours=8)

    def test_a_night_in_which_it_ends_is_an_hour_longer(self) -> None:
        begin, end = at("2026-10-24T22:00"), next_change(NIGHT, at("2026-10-24T22:00"))
        assert end == at("2026-10-25T07:00")
        assert end is not None
        assert end.astimezone(UTC) - begin.astimezone(UTC) == timedelta(hours=10)

    def test_hours_that_begin_in_the_gap_begin_when_the_clock_has_leapt(self) -> None:
        assert utc(next_change(("02:30-05:00",), at("2026-03-29T00:00"))) == utc(at("2026-03-29T03:00"))

    def test_hours_that_end_in_the_gap_end_when_the_clock_leaps(self) -> None:
        assert utc(next_change(("00:30-02:30",), at("2026-03-29T01:00"))) == utc(at("2026-03-29T03:00"))

    def test_hours_within_the_gap_do_not_come_that_day(self) -> None:
        assert utc(next_change(("02:15-02:45",), at("2026-03-28T03:00"))) == utc(at("2026-03-30T02:15"))

    def test_hours_that_the_clock_repeats_come_twice(self) -> None:
        moment: datetime | None = at("2026-10-25T00:00")
        found = []
        for _ in range(4):
            assert moment is not None
            moment = next_change(("02:15-02:45",), moment)
            assert moment is not None
            found.append(moment.astimezone(UTC).strftime("%H:%M"))
        assert found == ["00:15", "00:45", "01:15", "01:45"]

    def test_what_has_ended_is_open_again_when_the_clock_is_put_back_into_it(self) -> None:
        first = next_change(("01:00-02:30",), at("2026-10-25T01:30"))
        assert utc(first) == utc(at("2026-10-25T02:30"))
        assert utc(next_change(("01:00-02:30",), at("2026-10-25T02:30"))) == utc(at("2026-10-25T02:00", fold=1))


minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
spans = st.tuples(minutes, minutes).filter(lambda ends: ends[0] != ends[1]).map("-".join)
moments = st.integers(0, 2 * 365 * 24 * 3600).map(lambda second: START + timedelta(seconds=second))


@settings(deadline=None)
@given(hours=st.lists(spans, max_size=3), moment=moments, zone=st.sampled_from(ZONES))
def test_it_is_the_first_minute_in_which_they_are_something_else(
    hours: list[str], moment: datetime, zone: ZoneInfo
) -> None:
    moment = moment.astimezone(zone)
    minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
    now = is_open(hours, moment)
    following = (minute + timedelta(minutes=number) for number in range(1, 60 * 50) if hours)
    expected = next((one for one in following if is_open(hours, one.astimezone(zone)) is not now), None)
    assert utc(next_change(hours, moment)) == expected
