"""How long a device is expected to take: guessed, then learned."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.device import CPU, Station
from mkv2castd.encoder.speeds import Seen, Speeds
from mkv2castd.work import Shape, Work

PROCESSOR = Station(CPU, "the processor", 1)
CARD = Station("card", "a card", 1)
FULL = Work(Shape("h264", 1920, 1080, "mkv", "balanced", source_codec="hevc"), 3600.0, 25.0)
KIND = FULL.shape.kind


def work(**changes: object) -> Work:
    shape = {"codec": "h264", "width": 1920, "height": 1080, "container": "mkv", "quality": "balanced"}
    return Work(Shape(**{**shape, **changes}), 3600.0, 25.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("station", [PROCESSOR, CARD])
@pytest.mark.parametrize(
    ("longer", "shorter"),
    [
        (work(width=3840, height=2160), work()),
        (work(codec="hevc"), work()),
        (work(codec="hevc", deep=True), work(codec="hevc")),
        (work(quality="high"), work()),
        (work(), work(quality="fast")),
        (work(steps=("tone-map",)), work()),
        (Work(FULL.shape, 7200.0, 25.0), FULL),
        (Work(FULL.shape, 3600.0, 50.0), FULL),
    ],
)
def test_what_is_more_work_is_guessed_to_take_longer(station: Station, longer: Work, shorter: Work) -> None:
    speeds = Speeds({})
    assert speeds.seconds(station, longer) > speeds.seconds(station, shorter)


def test_a_card_is_guessed_to_be_faster_than_the_processor() -> None:
    speeds = Speeds({})
    assert speeds.seconds(CARD, FULL) < speeds.seconds(PROCESSOR, FULL)


def test_after_one_film_its_speed_is_believed() -> None:
    speeds = Speeds({})
    assert speeds.learn("card", KIND, FULL.megapixels / 100) == Seen(FULL.megapixels / 100, 1)
    assert speeds.seconds(CARD, FULL) == pytest.approx(100)


def test_what_was_learned_of_one_kind_corrects_the_guesses_of_the_others() -> None:
    other = work(codec="hevc")
    speeds = Speeds({})
    before = speeds.seconds(CARD, other)
    speeds.learn("card", KIND, FULL.megapixels / (2 * speeds.seconds(CARD, FULL)))
    assert speeds.seconds(CARD, other) == pytest.approx(2 * before)
    assert speeds.seconds(PROCESSOR, other) == Speeds({}).seconds(PROCESSOR, other), "another device's own affair"


def test_one_outlier_does_not_rule() -> None:
    speeds = Speeds({("card", KIND): Seen(100.0, 10)})
    now = speeds.learn("card", KIND, 100_000.0)
    assert 100.0 < now.speed < 150.0


def test_a_device_that_has_become_slower_is_believed_after_some_films() -> None:
    speeds = Speeds({("card", KIND): Seen(100.0, 10)})
    for _ in range(12):
        now = speeds.learn("card", KIND, 50.0)
    assert now.speed == pytest.approx(50.0, rel=0.1)


@pytest.mark.parametrize("nonsense", [0.0, -1.0, math.inf, math.nan])
def test_what_cannot_be_is_not_learned(nonsense: float) -> None:
    speeds = Speeds({("card", KIND): Seen(100.0, 3)})
    assert speeds.learn("card", KIND, nonsense) == Seen(100.0, 3)
    assert Speeds({("card", KIND): Seen(nonsense, 3)}).seconds(CARD, FULL) == Speeds({}).seconds(CARD, FULL)


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=20))
def test_what_is_believed_lies_within_what_was_seen(seen: list[float]) -> None:
    speeds = Speeds({})
    for speed in seen:
        now = speeds.learn("card", KIND, speed)
    assert min(seen) * 0.999 <= now.speed <= max(seen) * 1.001
    assert now.count == len(seen)


def test_a_film_of_unknown_length_and_rate_is_still_some_work() -> None:
    assert Work(FULL.shape).megapixels > 0
    assert Work(FULL.shape, 0.0, 0.0).megapixels > 0


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (
            Shape(
                "h264",
                1920,
                1080,
                "mkv",
                "balanced",
                source_codec="hevc",
                source_deep=True,
                source_pixels=3840 * 2160,
                steps=("scale", "tone-map"),
            ),
            "hevc-10bit uhd → h264 fhd balanced scale tone-map",
        ),
        (Shape("hevc", 1280, 720, "mp4", "high", deep=True), "unknown hd → hevc-10bit hd high"),
        (Shape("vp9", 720, 576, "webm", "fast", source_codec="mpeg2video"), "mpeg2video sd → vp9 sd fast"),
    ],
)
def test_a_kind_of_work_names_what_makes_it_slow(shape: Shape, kind: str) -> None:
    assert shape.kind == kind
