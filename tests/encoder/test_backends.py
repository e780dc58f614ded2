"""Every row of the table against the real encoder's own list of options."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from typing import get_args

import pytest

from mkv2castd.config import Quality
from mkv2castd.encoder.backends import AUDIO_ENCODERS, SUBTITLE_ENCODERS, VIDEO_ENCODERS, VideoEncoder, audio_encoder
from mkv2castd.encoder.backends import video_encoder as encoder_of
from mkv2castd.encoder.targets import AudioTarget, VideoTarget

TARGET = VideoTarget("h264", 1920, 1080, 41)
# Options of every encoder, which `-h encoder=` does not list.
GENERIC = {"-g", "-b", "-maxrate", "-bufsize", "-level", "-profile"}


def _help(encoder: str) -> str:
    argv = ["ffmpeg", "-hide_banner", "-h", f"encoder={encoder}"]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout


@pytest.mark.parametrize("row", VIDEO_ENCODERS, ids=lambda row: row.name)
def test_every_option_and_pixel_format_is_known_to_the_encoder(row: VideoEncoder) -> None:
    known = _help(row.name)
    assert f" {row.pixel_format}" in known
    for quality in get_args(Quality):
        for option in row.options(TARGET, Fraction(24), quality)[::2]:
            assert option in GENERIC or f"  {option} " in known, option


@pytest.mark.parametrize("name", [row.name for row in AUDIO_ENCODERS] + list(SUBTITLE_ENCODERS.values()))
def test_every_encoder_is_in_ffmpeg(name: str) -> None:
    assert _help(name).startswith("Encoder ")


def test_h264_is_bounded_by_its_level() -> None:
    options = encoder_of("h264").options(TARGET, Fraction(24), "balanced")
    pairs = dict(zip(options[::2], options[1::2], strict=True))
    assert (pairs["-level"], pairs["-maxrate"], pairs["-bufsize"]) == ("4.1", "62500k", "78125k")
    assert pairs["-g"] == "48"


def test_better_quality_costs_more_bits() -> None:
    def bits(quality: Quality) -> int:
        options = encoder_of("vp8").options(VideoTarget("vp8", 1920, 1080), None, quality)
        return int(options[options.index("-b") + 1])

    assert bits("fast") < bits("balanced") < bits("high")


def test_sound_is_encoded_as_asked() -> None:
    options = audio_encoder("aac").options(AudioTarget("aac", 2, 44100, 192))
    assert options == ["-b", "192k", "-ar", "44100", "-ac", "2"]


def test_what_nothing_encodes_is_told() -> None:
    with pytest.raises(LookupError, match="no av1 encoder on cpu"):
        encoder_of("av1")
    with pytest.raises(LookupError, match="no ac3 encoder"):
        audio_encoder("ac3")
