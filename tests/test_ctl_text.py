"""Text for people: what may be shown of any name, and numbers as people read them."""

from __future__ import annotations

import unicodedata
from datetime import timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.ctl_text import length, local_time, safe, short_ids, size


@given(st.text() | st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = safe(text)
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Amélie – 東京 (2001).mkv", "Amélie – 東京 (2001).mkv"),
        ("👨\u200d👩\u200d👧.mkv", "👨\u200d👩\u200d👧.mkv"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("a\u202eb", "a\\u202eb"),
        ("a\U000e0041b", "a\\U000e0041b"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_is_harmless_stays_and_the_rest_is_spelled_out(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_a_log_keeps_its_lines() -> None:
    assert safe("a\tb\n\x1bc\n", lines=True) == "a\tb\n\\x1bc\n"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1_048_575, "1.0 MiB"),
        (943_718_400, "900.0 MiB"),
        (2**50, "1024.0 TiB"),
    ],
)
def test_sizes(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(-1, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3723, "1:02:03")])
def test_durations(seconds: float, shown: str) -> None:
    assert length(seconds) == shown


def test_times_are_those_of_the_clock_on_the_wall() -> None:
    assert local_time("2026-11-23T22:30:00.250Z", timezone(timedelta(hours=2))) == "2026-11-24 00:30:00"


@given(st.sets(st.uuids().map(str)))
def test_short_ids_are_unique_and_long_enough(ids: set[str]) -> None:
    shown = short_ids(ids)
    assert set(shown) == ids
    assert len(set(shown.values())) == len(ids)
    assert all(one.startswith(short) and len(short) >= 8 for one, short in shown.items())


def test_ids_that_are_alike_are_shown_as_long_as_it_takes() -> None:
    alike = [str(UUID(int=number)) for number in (1, 2)]
    assert list(short_ids(alike).values()) == alike
