"""What each device plays, and what plays on several."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mkv2castd.encoder.profiles import PROFILES, Limit, combine
from mkv2castd.errors import ErrorCode, RequestError


def _boxes(name: str, codec: str) -> set[tuple[int, int, int]]:
    row = PROFILES[name].video_row(codec)
    assert row is not None
    return {(box.width, box.height, int(box.rate)) for box in row.limits}


def test_the_documented_limits_of_each_device() -> None:
    assert _boxes("chromecast-1", "h264") == {(1920, 1080, 30), (1280, 720, 60)}
    assert _boxes("chromecast-3", "h264") == {(1920, 1080, 60)}
    assert _boxes("chromecast-3", "vp8") == {(1920, 1080, 30), (1280, 720, 60)}
    levels = {name: row.level for name, profile in PROFILES.items() if (row := profile.video_row("h264"))}
    assert (levels["chromecast"], levels["chromecast-1"], levels["chromecast-3"]) == (41, 41, 42)


def test_the_default_is_the_intersection_of_both_devices() -> None:
    both = combine(["chromecast-1", "chromecast-3"])
    default = combine(["chromecast"])
    assert (both.video, both.audio, both.containers) == (default.video, default.audio, default.containers)
    assert both.names == ("chromecast-1", "chromecast-3")


def test_the_order_of_devices_means_nothing() -> None:
    one, other = combine(["chromecast-1", "chromecast-3"]), combine(["chromecast-3", "chromecast-1"])
    assert (one.video, one.audio, one.containers) == (other.video, other.audio, other.containers)


def test_a_device_with_itself_is_itself() -> None:
    assert combine(["chromecast-1", "chromecast-1"]) is PROFILES["chromecast-1"]


def test_the_larger_picture_comes_first() -> None:
    row = PROFILES["chromecast-1"].video_row("h264")
    assert row is not None
    assert row.limits[0] == Limit(1920, 1080, Fraction(30))


def test_matroska_plays_in_practice_and_the_others_are_listed() -> None:
    listed = {row.name: row.listed for row in combine(["chromecast"]).containers}
    assert listed == {"mp4": True, "webm": True, "mpegts": True, "mkv": False}
    assert combine(["chromecast"]).container("avi") is None


def test_no_device_plays_dolby_or_dts() -> None:
    assert all(profile.audio_row(codec) is None for profile in PROFILES.values() for codec in ("ac3", "eac3", "dts"))


@pytest.mark.parametrize("names", [[], ["chromecast", "toaster"]])
def test_unknown_devices_are_named(names: list[str]) -> None:
    with pytest.raises(RequestError) as caught:
        combine(names)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
