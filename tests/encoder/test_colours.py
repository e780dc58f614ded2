"""Which colours a picture is in, and which claims cannot be true."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from mkv2castd.encoder.colours import Colours, assumed, is_full_range, is_wide, true_flags
from mkv2castd.encoder.media import Light
from mkv2castd.encoder.pixels import is_deep, is_full, is_gray, is_rgb
from tests.encoder.films import video

SDR = {"color_primaries": "bt709", "color_space": "bt709"}
PQ = {"color_transfer": "smpte2084"}


@pytest.mark.parametrize(
    ("facts", "true"),
    [
        ({**SDR, **PQ}, {"color_transfer": "bt709"}),
        ({**SDR, "color_transfer": "arib-std-b67"}, {"color_transfer": "bt709"}),
        ({**SDR, **PQ, "pixel_format": "yuv420p10le"}, {}),
        ({**SDR, **PQ, "light": Light(1000, 400)}, {}),
        ({**SDR, **PQ, "color_primaries": "bt2020"}, {}),
        ({**PQ, "color_primaries": "bt709"}, {}),
        ({**PQ, "dolby_vision": 8, "dolby_vision_base": 2}, {"color_transfer": "bt709"}),
        ({"color_space": "gbr"}, {"color_space": "bt709"}),
        ({"color_space": "gbr", "height": 480, "frame_rate": Fraction(30)}, {"color_space": "smpte170m"}),
        ({"color_space": "gbr", "pixel_format": "gbrp"}, {}),
        ({"pixel_aspect": Fraction(1, 1000)}, {"pixel_aspect": Fraction(1)}),
        ({"pixel_aspect": Fraction(255)}, {"pixel_aspect": Fraction(1)}),
        ({"pixel_aspect": Fraction(64, 45)}, {}),
    ],
)
def test_only_what_is_certainly_false_is_corrected(facts: dict[str, Any], true: dict[str, Any]) -> None:
    stream = video(**facts)
    assert true_flags(stream) == replace(stream, **true)
    assert true_flags(true_flags(stream)) == true_flags(stream)


@pytest.mark.parametrize(
    ("facts", "colours"),
    [
        ({"height": 1080}, ("bt709", "bt709", "bt709")),
        ({"height": 720}, ("bt709", "bt709", "bt709")),
        ({"height": 480, "frame_rate": Fraction(30000, 1001)}, ("smpte170m", "smpte170m", "smpte170m")),
        ({"height": 576, "frame_rate": Fraction(24)}, ("bt470bg", "smpte170m", "bt470bg")),
        ({"height": 400, "frame_rate": Fraction(25)}, ("bt470bg", "smpte170m", "bt470bg")),
        ({"height": 480, "color_space": "bt709"}, ("bt709", "bt709", "bt709")),
        ({"height": 1080, "color_primaries": "smpte170m"}, ("smpte170m", "smpte170m", "smpte170m")),
        ({"height": 480, "pixel_format": "rgb24", "color_space": "gbr"}, ("bt709", "bt709", "bt709")),
        ({"color_transfer": "iec61966-2-1"}, ("bt709", "iec61966-2-1", "bt709")),
        ({"color_primaries": "reserved"}, ("bt709", "bt709", "bt709")),
    ],
)
def test_what_is_not_said_is_assumed_as_players_do(facts: dict[str, Any], colours: tuple[str, str, str]) -> None:
    assert assumed(video(**facts)) == Colours(*colours)


def test_gray_is_of_full_range_but_for_broadcast_codecs() -> None:
    assert is_full_range(video(codec="png", pixel_format="gray"))
    assert not is_full_range(video(codec="h264", pixel_format="gray"))
    assert is_full_range(video(codec="h264", pixel_format="gray", color_range="pc"))
    assert is_full_range(video(pixel_format="yuvj420p"))
    assert not is_full_range(video(pixel_format="yuvj420p", color_range="tv"))


def test_wide_colours_are_known() -> None:
    assert is_wide(video(color_primaries="bt2020"))
    assert is_wide(video(color_primaries="smpte432"))
    assert is_wide(video(color_space="bt2020nc"))
    assert not is_wide(video(**SDR))
    assert not is_wide(video(color_primaries="bt2020", pixel_format="gbrp"))


@pytest.mark.parametrize(
    ("name", "deep", "rgb", "gray"),
    [
        ("yuv420p", False, False, False),
        ("yuvj444p", False, False, False),
        ("nv12", False, False, False),
        ("yuv420p10le", True, False, False),
        ("yuv422p12le", True, False, False),
        ("yuv444p16be", True, False, False),
        ("yuva444p10le", True, False, False),
        ("p010le", True, False, False),
        ("gray", False, False, True),
        ("gray10le", True, False, True),
        ("ya8", False, False, True),
        ("ya16le", True, False, True),
        ("rgb24", False, True, False),
        ("rgb48le", True, True, False),
        ("rgba64be", True, True, False),
        ("bgr0", False, True, False),
        ("pal8", False, True, False),
        ("gbrp", False, True, False),
        ("gbrp10le", True, True, False),
        ("gbrpf32le", True, True, False),
        ("x2rgb10le", True, True, False),
        ("monob", False, False, True),
        (None, False, False, False),
    ],
)
def test_pixel_formats(name: str | None, deep: bool, rgb: bool, gray: bool) -> None:
    assert (is_deep(name), is_rgb(name), is_gray(name)) == (deep, rgb, gray)
    assert is_full(name) is (name == "yuvj444p")
