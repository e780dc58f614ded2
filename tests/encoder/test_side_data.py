"""What ffprobe tells beside a picture, and how it is handed on."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from mkv2castd.encoder.hdr import base, peak_nits, x265_mastering
from mkv2castd.encoder.media import Light
from mkv2castd.encoder.playable import Hdr
from mkv2castd.encoder.side_data import mirrored, side_facts
from tests.encoder.films import video

SCREEN = {
    "side_data_type": "Mastering display metadata",
    "red_x": "34000/50000",
    "red_y": "16000/50000",
    "green_x": "13250/50000",
    "green_y": "34500/50000",
    "blue_x": "7500/50000",
    "blue_y": "3000/50000",
    "white_point_x": "15635/50000",
    "white_point_y": "16450/50000",
    "min_luminance": "1/10000",
    "max_luminance": "10000000/10000",
}
LIGHT = {"side_data_type": "Content light level metadata", "max_content": 1000, "max_average": 400}


def test_an_hdr10_film_tells_how_it_was_graded() -> None:
    facts = side_facts([SCREEN, LIGHT])
    assert facts["light"] == Light(1000, 400)
    assert facts["mastering"].brightest == 1000
    assert x265_mastering(facts["mastering"]) == (
        "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"max_luminance": "0/10000"},
        {"max_luminance": "1000000000/10000"},
        {"min_luminance": None},
        {"red_x": "5/1"},
        {"red_x": "x"},
        {"blue_y": 7},
    ],
)
def test_a_screen_that_cannot_be_is_none(odd: dict[str, Any]) -> None:
    assert side_facts([SCREEN | odd]) == {}


def test_no_light_is_no_fact() -> None:
    assert side_facts([LIGHT | {"max_content": 0, "max_average": 0}]) == {}
    assert side_facts([LIGHT | {"max_content": "x"}]) == {}


def test_hdr10_plus_and_dolby_vision_are_seen() -> None:
    assert side_facts([{"side_data_type": "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)"}]) == {"hdr10_plus": True}
    record = {"side_data_type": "DOVI configuration record", "dv_profile": 8, "dv_bl_signal_compatibility_id": 1}
    assert side_facts([record]) == {"dolby_vision": 8, "dolby_vision_base": 1}
    frame = {"side_data_type": "Dolby Vision Metadata", "vdr_rpu_profile": 0, "bl_video_full_range_flag": 1}
    assert side_facts([frame]) == {"dolby_vision": 5, "dolby_vision_base": 0, "dolby_in_frames": True}
    assert side_facts([frame | {"vdr_rpu_profile": 1}]) == {}


@pytest.mark.parametrize(
    ("matrix", "is_mirrored"),
    [
        ((-1, 0, 0, 1), True),
        ((1, 0, 0, -1), True),
        ((0, 1, 1, 0), True),
        ((-1, 0, 0, -1), False),
        ((0, 1, -1, 0), False),
    ],
)
def test_a_matrix_that_mirrors_is_told_from_one_that_turns(matrix: tuple[int, ...], is_mirrored: bool) -> None:
    a, b, c, d = (65536 * cell for cell in matrix)
    text = f"\n00000000:  {a}  {b}  0\n00000001:  {c}  {d}  0\n00000002:  0  0  1073741824\n"
    assert mirrored([{"side_data_type": "Display Matrix", "displaymatrix": text}]) is is_mirrored
    assert not mirrored([{"displaymatrix": "\n00000000: 1 2\n"}, {"displaymatrix": 5}, {}])


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({}, None),
        ({"color_transfer": "smpte2084"}, Hdr.HDR10),
        ({"color_transfer": "arib-std-b67"}, Hdr.HLG),
        ({"dolby_vision": 5, "dolby_vision_base": 0}, Hdr.DOLBY_VISION),
        ({"dolby_vision": 5}, Hdr.DOLBY_VISION),
        ({"dolby_vision": 10, "dolby_vision_base": 0}, Hdr.DOLBY_VISION),
        ({"dolby_vision": 7, "dolby_vision_base": 6}, Hdr.HDR10),
        ({"dolby_vision": 8, "dolby_vision_base": 1, "color_transfer": "smpte2084"}, Hdr.HDR10),
        ({"dolby_vision": 8, "dolby_vision_base": 2}, None),
        ({"dolby_vision": 8, "dolby_vision_base": 4}, Hdr.HLG),
        ({"dolby_vision": 8, "color_transfer": "smpte2084"}, Hdr.HDR10),
    ],
)
def test_what_a_picture_is_without_dolby_vision(facts: dict[str, Any], kind: Hdr | None) -> None:
    assert base(video(**facts)) is kind


def test_the_peak_is_claimed_or_usual() -> None:
    pq = {"color_transfer": "smpte2084"}
    mastering = side_facts([SCREEN | {"max_luminance": "40000000/10000"}])["mastering"]
    assert peak_nits(video(**pq)) == 1000
    assert peak_nits(video(**pq, light=Light(600, 100))) == 600
    assert peak_nits(video(**pq, mastering=mastering)) == Fraction(4000)
    assert peak_nits(video(**pq, light=Light(0, 100), mastering=mastering)) == 4000
    assert peak_nits(video(color_transfer="arib-std-b67", mastering=mastering)) == 1000
