"""Why a film waits where it waits, in sentences that people read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mkv2castd.device import CPU, REMUX, Station
from mkv2castd.encoder.explaining import Prospect, duration, of_choice, of_waiting
from mkv2castd.work import Place

CARD = Station("pci-0000_03_00_0", "a card", 1)
PROCESSOR = Station(CPU, "the processor", 1)
COPIES = Station(REMUX, "copies", 2)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "1 s"),
        (59.0, "59 s"),
        (90.0, "2 min"),
        (3540.0, "59 min"),
        (3600.0, "1 h"),
        (6000.0, "1 h 40 min"),
        (90_000.0, "25 h"),
    ],
)
def test_times_are_told_as_precisely_as_they_are_worth(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_the_first_to_end_is_told_with_the_others() -> None:
    place = of_waiting(CARD.id, None, (Prospect(CARD, 720.0), Prospect(PROCESSOR, 6000.0), Prospect(COPIES, None)))
    assert place == Place(CARD.id, f"{CARD.id} is expected to end it first, in 12 min; cpu in 1 h 40 min")


def test_who_cannot_is_told_with_the_reason() -> None:
    prospects = (Prospect(CARD, None, "it does not encode hevc in 10 bits"), Prospect(PROCESSOR, 60.0))
    assert of_waiting(CPU, None, prospects).why == (
        f"the only device that can: {CARD.id} cannot: it does not encode hevc in 10 bits"
    )


def test_who_was_asked_for_and_what_copies_need_no_reckoning() -> None:
    assert of_waiting(CARD.id, CARD.id, (Prospect(CARD, 9.0), Prospect(PROCESSOR, 1.0))).why == "asked for"
    assert of_waiting(REMUX, None, (Prospect(COPIES, 9.0),)) == Place(REMUX, "copies the picture")


def test_what_nobody_takes_now_says_what_it_waits_for() -> None:
    off, untried = replace(CARD, enabled=False), replace(CARD, problem="not proved yet", untried=True)
    asked = of_choice(None, CARD.id, (Prospect(off, None, "it is disabled"), Prospect(PROCESSOR, None)))
    assert asked == Place(CARD.id, "waits: its device is disabled")
    early = of_choice(None, CARD.id, (Prospect(untried, None, "not proved yet"), Prospect(PROCESSOR, None)))
    assert early == Place(CARD.id, "waits: its device has not been tried yet")
    other = of_choice(None, None, (Prospect(PROCESSOR, None, "it has no slots"),))
    assert other == Place(CPU, "waits: no device takes it now: cpu cannot: it has no slots")


def test_who_is_not_the_first_to_end_it_says_what_the_faster_ones_are_kept_for() -> None:
    told = of_waiting(CPU, None, (Prospect(CARD, 60.0), Prospect(PROCESSOR, 90.0))).why
    assert told == (
        "cpu is expected to end it, in 2 min, and faster ones are kept for films that they do better; "
        f"{CARD.id} in 1 min"
    )
