"""How much of the picture is left at each quality level, and that encoders keep to their level's rates."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from mkv2castd.config import Quality
from mkv2castd.encoder.backends import VIDEO_ENCODERS, video_encoder
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.levels import rates
from mkv2castd.encoder.targets import VideoTarget
from tests.encoder.converting import ffmpeg

SIZE = (320, 180)
LEVELS = {"h264": 41, "hevc": 153, "vp9": 51}
# The least that may be left of a detailed, moving picture (1: all of it).
LEAST: dict[Quality, float] = {"fast": 0.95, "balanced": 0.97, "high": 0.975}


@pytest.fixture(scope="module")
def detailed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fine patterns that move, with a little grain."""
    film = tmp_path_factory.mktemp("quality") / "film.mkv"
    drawn = f"mandelbrot=s={SIZE[0]}x{SIZE[1]}:r=25:start_scale=0.5,trim=duration=1,noise=alls=4:allf=t"
    ffmpeg("-f", "lavfi", "-i", drawn, "-pix_fmt", "yuv420p", "-c:v", "ffv1", str(film))
    return film


def encode(row: VideoEncoder, quality: Quality, source: Path, target: Path, level: int | None = None) -> int:
    """Bytes of the picture."""
    goal = VideoTarget(row.codec, *SIZE, level=level if level is not None else LEVELS.get(row.codec))
    options = [f"{word}:v" if place % 2 == 0 else word for place, word in enumerate(row.options(goal, None, quality))]
    argv = ["ffmpeg", "-v", "warning", "-y", "-i", str(source), "-pix_fmt", row.pixel_format, "-c:v", row.name]
    done = subprocess.run([*argv, *options, str(target)], capture_output=True, check=True, timeout=90)
    assert done.stderr == b"", "encoders are quiet where nothing is wrong"
    return target.stat().st_size


def ssim(made: Path, source: Path) -> float:
    argv = ["ffmpeg", "-i", str(made), "-i", str(source), "-lavfi", "ssim", "-f", "null", "-"]
    told = subprocess.run(argv, capture_output=True, check=True, timeout=90, text=True).stderr
    found = re.search(r"SSIM .*All:([0-9.]+)", told)
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize("row", VIDEO_ENCODERS, ids=lambda row: row.name)
def test_better_quality_leaves_more_of_the_picture(row: VideoEncoder, detailed: Path, tmp_path: Path) -> None:
    left, sizes = {}, {}
    for quality in get_args(Quality):
        made = tmp_path / f"{quality}.mkv"
        sizes[quality] = encode(row, quality, detailed, made)
        left[quality] = ssim(made, detailed)
    print(row.name, left, sizes)
    for quality, least in LEAST.items():
        assert left[quality] >= least, left
    assert left["fast"] < left["balanced"] < left["high"], left
    assert sizes["high"] < 8 * sizes["fast"], "and not at any price"


@pytest.mark.parametrize(("codec", "level"), [("h264", 12), ("hevc", 63)])
def test_the_rates_of_the_level_are_kept(codec: str, level: int, tmp_path: Path) -> None:
    noise = tmp_path / "noise.mkv"
    drawn = f"nullsrc=s={SIZE[0]}x{SIZE[1]}:r=25:d=3,geq=random(1)*255:128:128"
    ffmpeg("-f", "lavfi", "-i", drawn, "-pix_fmt", "yuv420p", "-c:v", "ffv1", str(noise))
    row = video_encoder(codec)
    most, buffer = rates(codec, level)
    size = encode(row, "fast", noise, tmp_path / "out.mkv", level)
    assert size * 8 / 1000 <= most * 3 + buffer, "what the buffer holds, and what comes in over the film's length"
    unbound = encode(row, "fast", noise, tmp_path / "free.mkv")
    assert unbound > 1.5 * size, "the film needs more than the level allows"


@cache
def _keyframes(path: Path) -> list[float]:
    argv = ["ffprobe", "-v", "error", "-show_packets", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0"]
    told = subprocess.run([*argv, str(path)], capture_output=True, check=True, timeout=90, text=True).stdout
    return [float(line.split(",")[0]) for line in told.splitlines() if ",K" in line]


@pytest.mark.parametrize("row", VIDEO_ENCODERS, ids=lambda row: row.name)
def test_a_receiver_finds_a_keyframe_every_two_seconds_and_at_cuts(row: VideoEncoder, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    # four pictures that move, after a cut at 2.6 seconds four others
    cut = "color=red:s=160x90:r=25:d=2.6[a];mandelbrot=s=160x90:r=25,trim=duration=2.6[b];[a][b]concat=n=2"
    ffmpeg("-filter_complex", cut, "-pix_fmt", "yuv420p", "-c:v", "ffv1", str(film))
    encode(row, "fast", film, tmp_path / "out.mkv")
    found = _keyframes(tmp_path / "out.mkv")
    assert all(later - earlier <= 2.01 for earlier, later in zip(found, [*found[1:], 5.2], strict=True)), found
    if row.codec in ("h264", "hevc"):
        assert any(abs(time - 2.6) < 0.05 for time in found), found
