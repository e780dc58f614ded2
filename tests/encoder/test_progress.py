"""ffmpeg's progress lines → what people are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.encoder.progress import Meter, ProgressReader, Reading
from mkv2castd.model import Stage

BLOCK = """frame=250
fps=41.50
stream_0_0_q=28.0
bitrate=1311.5kbits/s
total_size=1638400
out_time_us=10000000
out_time_ms=10000000
out_time=00:00:10.000000
dup_frames=0
drop_frames=0
speed=1.66x
progress=continue"""


def read(text: str) -> list[Reading]:
    reader = ProgressReader()
    return [reading for line in text.split("\n") if (reading := reader.feed(line)) is not None]


def test_a_block_is_one_reading() -> None:
    assert read(BLOCK) == [Reading(position=10.0, frame=250, fps=41.5, size=1638400, bitrate_kbps=1311.5)]


def test_carriage_returns_do_no_harm() -> None:
    assert read(BLOCK.replace("\n", "\r\n")) == read(BLOCK)


def test_nothing_known_yet_is_nothing_told() -> None:
    text = "frame=0\nfps=0.00\nbitrate=N/A\ntotal_size=N/A\nout_time_us=N/A\nout_time_ms=N/A\nprogress=continue"
    assert read(text) == [Reading(frame=0)]
    assert read("out_time_us=-9223372036854775808\nprogress=continue") == [Reading()]


def test_older_versions_say_microseconds_by_another_name() -> None:
    assert read("out_time_ms=2500000\nprogress=end") == [Reading(position=2.5, end=True)]


def test_a_block_does_not_remember_the_one_before() -> None:
    assert read(f"{BLOCK}\nprogress=continue")[1] == Reading()


@given(st.lists(st.text() | st.sampled_from(["progress=", "frame=x", "=", "out_time_us=nan", "progress=end"])))
def test_no_line_raises(lines: list[str]) -> None:
    reader = ProgressReader()
    meter = Meter(10.0, Stage.TRANSCODING)
    for number, line in enumerate(lines):
        reading = reader.feed(line)
        if reading is not None:
            meter.update(reading, float(number))


def test_a_steady_encode_has_a_steady_eta() -> None:
    meter = Meter(100.0, Stage.TRANSCODING)
    for second in range(1, 11):
        told = meter.update(Reading(position=second * 2.0, frame=second, size=second), float(second))
    assert (told.percent, told.position, told.stage) == (20.0, 20.0, Stage.TRANSCODING)
    assert told.speed == pytest.approx(2.0)
    assert told.eta == pytest.approx(40.0)
    assert (told.frame, told.size) == (10, 10)


def test_a_change_of_speed_is_noticed_within_the_window() -> None:
    meter = Meter(10_000.0, Stage.TRANSCODING)
    position = 0.0
    for half in range(200):
        position += 0.5 * (1 if half < 100 else 10)
        told = meter.update(Reading(position=position), half / 2)
    assert told.speed == pytest.approx(10.0)


def test_nothing_is_promised_before_it_is_measured() -> None:
    meter = Meter(100.0, Stage.REMUXING)
    first = meter.update(Reading(), 0.5)
    assert (first.percent, first.eta, first.speed) == (0.0, None, None)


def test_the_first_position_tells_of_ffmpegs_start_and_promises_nothing() -> None:
    meter = Meter(100.0, Stage.REMUXING)
    first = meter.update(Reading(position=5.0, frame=50), 0.5)
    assert (first.percent, first.eta, first.speed, first.fps) == (5.0, None, None, 100.0)
    second = meter.update(Reading(position=15.0), 1.0)
    assert (second.eta, second.speed) == (4.25, 20.0)


def test_a_film_that_took_a_moment_has_its_overall_speed() -> None:
    only = Meter(10.0, Stage.REMUXING).update(Reading(position=10.0, end=True), 0.5)
    assert (only.eta, only.speed) == (0.0, 20.0)


@pytest.mark.parametrize("duration", [None, 0.0])
def test_without_a_duration_there_is_no_percentage_and_no_eta(duration: float | None) -> None:
    meter = Meter(duration, Stage.TRANSCODING)
    for second in range(5):
        told = meter.update(Reading(position=float(second)), float(second))
    assert (told.percent, told.eta) == (0.0, None)
    assert told.speed == pytest.approx(1.0)


def test_a_standstill_has_no_eta() -> None:
    meter = Meter(100.0, Stage.TRANSCODING)
    for second in range(40):
        told = meter.update(Reading(position=10.0), float(second))
    assert (told.speed, told.eta) == (None, None)


@given(st.lists(st.tuples(st.none() | st.floats(0, 1000), st.floats(0, 5))))
def test_the_percentage_never_falls_and_never_says_done(steps: list[tuple[float | None, float]]) -> None:
    meter = Meter(500.0, Stage.TRANSCODING)
    before, elapsed = 0.0, 0.0
    for position, seconds in steps:
        elapsed += seconds
        told = meter.update(Reading(position=position), elapsed)
        assert before <= told.percent <= 99.9
        assert told.eta is None or told.eta >= 0
        before = told.percent
