"""Levels: what a picture needs, and whether its claim is true."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from mkv2castd.encoder import av1_levels, hevc_levels, vp9_levels
from mkv2castd.encoder.levels import held, level_name, misstated, needed, rates
from tests.encoder.films import video

HEVC = {"codec": "hevc", "profile": "Main", "refs": 1}
UHD = {"width": 3840, "height": 2160}


@pytest.mark.parametrize(
    ("codec", "level", "name"),
    [
        ("h264", 41, "4.1"),
        ("h264", 9, "1b"),
        ("hevc", 153, "5.1"),
        ("hevc", 30, "1.0"),
        ("vp9", 51, "5.1"),
        ("av1", 13, "5.1"),
        ("av1", 99, "99"),
    ],
)
def test_levels_are_called_as_their_standards_call_them(codec: str, level: int, name: str) -> None:
    assert level_name(codec, level) == name


@pytest.mark.parametrize("table", [hevc_levels.LEVELS, vp9_levels.LEVELS, av1_levels.LEVELS])
def test_a_higher_level_holds_no_less(table: Any) -> None:
    rows = [table[level] for level in sorted(table)]
    for lower, higher in pairwise(rows):
        assert lower.picture <= higher.picture
        assert lower.second <= higher.second
        assert lower.max_kbps <= higher.max_kbps


@pytest.mark.parametrize(
    ("facts", "most", "least"),
    [
        ({"width": 1280, "height": 720, "refs": 1}, 41, 31),
        ({"width": 1920, "height": 1080, "refs": 4}, 41, 40),
        ({"width": 1920, "height": 1080, "refs": 5}, 41, None),
        ({"width": 1920, "height": 1080, "frame_rate": Fraction(60), "refs": 4}, 41, None),
        ({**HEVC, **UHD, "frame_rate": Fraction(60)}, 153, 153),
        ({**HEVC, **UHD, "frame_rate": Fraction(24)}, 153, 150),
        ({**HEVC, "width": 7680, "height": 4320}, 153, None),
        ({**HEVC, "width": 9000, "height": 64}, 153, None),
        ({"codec": "vp9", "width": 1280, "height": 720, "frame_rate": Fraction(60)}, 40, 40),
        ({"codec": "vp9", **UHD}, 40, None),
        ({"codec": "av1", **UHD, "frame_rate": Fraction(60)}, 13, 13),
        ({"codec": "av1", **UHD, "frame_rate": None}, 13, 12),
        ({"codec": "vp8"}, 40, None),
    ],
)
def test_what_a_picture_needs(facts: dict[str, Any], most: int, least: int | None) -> None:
    assert needed(video(**facts), most, bitrate=None) == least


@pytest.mark.parametrize(
    ("facts", "most", "fault", "written"),
    [
        ({"level": 40}, 41, None, None),
        ({"level": 52}, 41, None, 41),
        ({"level": 30}, 41, None, 40),  # full HD is more than level 3 holds: what is written is true
        ({"level": 40, "refs": 16}, 41, "needs more than level 4.1", None),
        ({"level": 52, "refs": None}, 41, "level 5.2 is above 4.1", None),
        ({"level": 52, "frame_rate": None}, 41, "level 5.2 is above 4.1", None),
        ({"level": 52, "bitrate": 80_000_000}, 41, "needs more than level 4.1", None),
        ({"level": 40, "bitrate": 80_000_000}, 41, None, None),
        ({**HEVC, "level": 186}, 153, None, 153),
        ({**HEVC, **UHD, "level": 156}, 153, None, 153),
        # level 6.2 keeps up to 16 frames of this size, 5.1 only 6: how many are needed, nobody tells
        ({**HEVC, **UHD, "level": 186}, 153, "level 6.2 is above 5.1", None),
        ({**HEVC, "level": 93}, 153, None, 120),
        ({**HEVC, "level": None}, 153, None, None),
        ({"codec": "av1", "level": 19}, 13, "level 6.3 is above 5.1", None),
        ({"codec": "av1", "level": 4}, 13, None, None),
        # VP9's bitstream has no level: a container's claim is judged by size and rate
        ({"codec": "vp9", "level": 62}, 51, None, None),
        ({"codec": "vp9", "level": 62, **UHD, "frame_rate": Fraction(120)}, 51, "needs more than level 5.1", None),
    ],
)
def test_claims(facts: dict[str, Any], most: int, fault: str | None, written: int | None) -> None:
    assert misstated(video(**facts), most) == (fault, written)


def test_a_size_is_shrunk_to_what_a_level_holds() -> None:
    assert held("h264", 41, (1920, 1080), Fraction(30)) == (1920, 1080)
    width, height = held("h264", 31, (1920, 1080), Fraction(30))
    assert needed(video(width=width, height=height, frame_rate=Fraction(30), refs=1), 31, bitrate=None) == 31
    assert width / height == pytest.approx(16 / 9, rel=0.02)
    assert held("h264", 10, (16, 16), Fraction(10**6)) == (16, 16)
    assert held("vp8", 41, (1920, 1080), None) == (1920, 1080)


def test_rates_are_those_of_the_tables() -> None:
    assert rates("h264", 41) == (62_500, 78_125)
    assert rates("hevc", 153) == (40_000, 40_000)
    with pytest.raises(KeyError):
        rates("hevc", 41)
