"""Every row of the table against the real encoder's own list of options."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

from mkv2castd.config import Quality
from mkv2castd.encoder.backends import AUDIO_ENCODERS, SUBTITLE_ENCODERS, VIDEO_ENCODERS, audio_encoder
from mkv2castd.encoder.backends import video_encoder as encoder_of
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.media import Light, Mastering
from mkv2castd.encoder.sizes import smallest
from mkv2castd.encoder.targets import AudioTarget, VideoTarget
from tests.encoder.converting import described

_F = Fraction
SCREEN = Mastering(
    *((_F(34, 50), _F(16, 50)), (_F(265, 1000), _F(69, 100)), (_F(15, 100), _F(6, 100))),
    white=(_F(3127, 10000), _F(329, 1000)),
    darkest=_F(1, 10000),
    brightest=_F(1000),
)
TARGET = VideoTarget("h264", 1920, 1080, 41)
# Options of every encoder, which `-h encoder=` does not list.
GENERIC = {"-g", "-b", "-maxrate", "-bufsize", "-level", "-profile"}


def _help(encoder: str) -> str:
    argv = ["ffmpeg", "-hide_banner", "-h", f"encoder={encoder}"]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=90).stdout


@pytest.mark.parametrize("row", VIDEO_ENCODERS, ids=lambda row: row.name)
def test_every_option_and_pixel_format_is_known_to_the_encoder(row: VideoEncoder) -> None:
    known = _help(row.name)
    forms = known.partition("Supported pixel formats:")[2].partition("\n")[0].split()
    assert row.pixel_format in forms
    assert row.deep_format is None or row.deep_format in forms
    level = {"h264": 41, "hevc": 153, "vp9": 51}.get(row.codec)
    for quality in get_args(Quality):
        options = row.options(VideoTarget(row.codec, 1920, 1080, level), Fraction(24), quality)
        for option in options[::2]:
            assert option in GENERIC or f"  {option} " in known, option


@pytest.mark.parametrize("row", VIDEO_ENCODERS, ids=lambda row: row.name)
@pytest.mark.parametrize("deep", [False, True])
def test_every_encoder_takes_all_that_it_is_told(row: VideoEncoder, deep: bool, tmp_path: Path) -> None:
    level = {"h264": 41, "hevc": 153, "vp9": 51}.get(row.codec)
    goal = VideoTarget(row.codec, 64, 64, level, deep=deep, mastering=SCREEN, light=Light(1000, 400))
    argv = ["ffmpeg", "-v", "warning", "-y", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=0.2"]
    for quality in get_args(Quality):
        told = row.options(goal, Fraction(25), quality)
        options = [f"{word}:v" if place % 2 == 0 else word for place, word in enumerate(told)]
        made = ["-c:v", row.name, "-pix_fmt", row.format(goal), *options, str(tmp_path / "out.mkv")]
        done = subprocess.run([*argv, *made], capture_output=True, text=True, timeout=90)
        assert (done.returncode, done.stderr) == (0, "")
    shown = described(tmp_path / "out.mkv").picture
    assert shown is not None
    assert shown.pixel_format == row.format(goal)
    if level is not None and shown.level is not None:
        assert shown.level <= level


@pytest.mark.parametrize("name", [row.name for row in AUDIO_ENCODERS] + list(SUBTITLE_ENCODERS.values()))
def test_every_encoder_is_in_ffmpeg(name: str) -> None:
    assert _help(name).startswith("Encoder ")


@pytest.mark.parametrize("row", VIDEO_ENCODERS, ids=lambda row: row.name)
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (120, 1)])
def test_small_and_long_pictures_crash_no_encoder(row: VideoEncoder, shape: tuple[int, int], tmp_path: Path) -> None:
    width, height = (smallest(row.codec) * side for side in shape)
    level = {"h264": 41, "hevc": 153, "vp9": 51}.get(row.codec)
    told = row.options(VideoTarget(row.codec, width, height, level), Fraction(25), "fast")
    options = [f"{word}:v" if place % 2 == 0 else word for place, word in enumerate(told)]
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        f"testsrc2=s={width}x{height}:r=25:d=0.2",
        "-c:v",
        row.name,
    ]
    target = tmp_path / "out.mkv"
    subprocess.run([*argv, *options, "-pix_fmt", "yuv420p", str(target)], check=True, timeout=90)
    shown = described(target).picture
    assert shown is not None
    assert (shown.width, shown.height) == (width, height)


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
