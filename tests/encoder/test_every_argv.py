"""Every command that any backend can be given, against the installed ffmpeg's own word on its options.

No graphics card is asked: what is proved is that ffmpeg knows each option and takes each value, not what comes out.
An encoder or a filter that this ffmpeg lacks is skipped by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

from mkv2castd.config import Quality
from mkv2castd.device import Backend
from mkv2castd.encoder import av1_levels, h264_levels, hevc_levels, vp9_levels
from mkv2castd.encoder.backends import GPU_ENCODERS, VIDEO_ENCODERS
from mkv2castd.encoder.command import convert_argv
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.media import Light
from mkv2castd.encoder.obstacles import obstacles
from mkv2castd.encoder.picture_options import upload
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.reach import REACHES, Reach, reach
from mkv2castd.encoder.targets import Means, VideoTarget
from tests.encoder.ffmpeg_options import argv_complaints, encoder_complaints, encoder_help, graph_complaints, surfaces
from tests.encoder.plans import FILTERS, GPUS, PLANS, SCREEN, laid_for, means

ENCODERS = (*VIDEO_ENCODERS, *GPU_ENCODERS)
KNOWN_LEVELS: dict[str, tuple[int, ...]] = {
    "h264": tuple(h264_levels.LEVELS),
    "hevc": tuple(hevc_levels.LEVELS),
    "vp8": (),
    "vp9": tuple(vp9_levels.LEVELS),
    "av1": tuple(av1_levels.LEVELS),
}
WAYS: dict[str, Callable[[Backend], Means]] = {
    "in memory": lambda backend: means(backend),
    "decoded there": lambda backend: means(backend, decode=True),
    "all there": lambda backend: means(backend, decode=True, proved=FILTERS),
}
_LACKING = re.compile(r"no filter \S+")


@pytest.mark.parametrize("row", ENCODERS, ids=lambda row: row.name)
def test_every_option_of_every_encoder_is_known_and_every_value_within_its_range(row: VideoEncoder) -> None:
    if encoder_help(row.name) is None:
        pytest.skip(f"this ffmpeg has no {row.name}")
    for quality in get_args(Quality):
        for level in (None, *KNOWN_LEVELS[row.codec]):
            for deep in (False, True):
                goal = VideoTarget(row.codec, 1920, 1080, level, deep=deep, mastering=SCREEN, light=Light(1000, 400))
                for rate in (None, Fraction(24000, 1001), Fraction(60)):
                    options = row.options(goal, rate, quality)
                    assert list(encoder_complaints(row.name, options)) == []
                    assert len(set(options[::2])) == len(options) // 2, "nothing is told twice"


@pytest.mark.parametrize("row", ENCODERS, ids=lambda row: row.name)
def test_every_encoder_takes_what_it_is_given(row: VideoEncoder) -> None:
    if encoder_help(row.name) is None:
        pytest.skip(f"this ffmpeg has no {row.name}")
    taken = surfaces(row.name)
    if row.backend is not Backend.CPU:
        way = reach(row.backend)
        if not taken:
            assert row.backend is Backend.V4L2M2M, "its driver tells, not ffmpeg"
            return
        assert way.surface is None or way.surface in taken
        if way.upload:
            return
    assert row.pixel_format in taken
    assert row.deep_format is None or row.deep_format in taken


CASES = [
    pytest.param(decision, WAYS[way](backend), id=f"{backend}, {way}: {name}")
    for backend in GPUS
    for way in WAYS
    for name, decision in PLANS.items()
    if not obstacles(decision, WAYS[way](backend))
]


@pytest.mark.parametrize(("decision", "by"), CASES)
def test_every_plan_makes_a_command_that_ffmpeg_understands(decision: Plan, by: Means) -> None:
    argv = convert_argv(decision, Path("/in"), Path("/out"), "1;1;1;1", laid_for(decision), by)
    encoder = argv[argv.index("-c:0") + 1]
    if encoder_help(encoder) is None:
        pytest.skip(f"this ffmpeg has no {encoder}")
    complaints = list(argv_complaints(argv))
    lacking = [told for told in complaints if _LACKING.fullmatch(told)]
    if lacking and lacking == complaints and _stays_there(argv):
        pytest.skip(f"this ffmpeg has {lacking[0]}")
    assert complaints == []


def _stays_there(argv: list[str]) -> bool:
    return any(word.startswith("-hwaccel_output_format") for word in argv)


@pytest.mark.parametrize("backend", GPUS, ids=str)
def test_no_plan_is_beyond_every_backend_but_for_what_its_rows_say(backend: Backend) -> None:
    able = {name for name, decision in PLANS.items() if not obstacles(decision, means(backend))}
    if backend is Backend.V4L2M2M:
        assert able == {"into mp4"}
        return
    hdr10 = {"HDR10 kept", "HDR10 kept and shrunk", "text drawn onto HDR10"}
    beyond = {
        Backend.VAAPI: set(),
        Backend.QSV: {*hdr10, "into webm"},
        Backend.NVENC: {*hdr10, "into webm"},
        Backend.AMF: {*hdr10, "into webm", "HLG kept"},
        Backend.VULKAN: {"into webm"},
    }
    assert set(PLANS) - able == beyond[backend]


@pytest.mark.parametrize("row", REACHES, ids=lambda row: row.backend)
def test_every_device_is_opened_and_decodes_by_options_that_ffmpeg_knows(row: Reach) -> None:
    gpu = GPUS[row.backend]
    for options in (row.options(gpu), row.decode(gpu), row.fetch(gpu)):
        assert list(argv_complaints(["ffmpeg", *options, "-i", "file:x", "file:y"])) == []
    goal = VideoTarget("h264", 640, 360)
    assert list(graph_complaints(upload(goal, Means(row.backend, gpu)).lstrip(",") or "null")) == []
