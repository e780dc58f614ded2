"""Sizes, rates, colours, interlacing and turned pictures, each through real ffmpeg."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.probe import probe
from mkv2castd.model import Container
from tests.clips import make_clip
from tests.encoder.converting import convert, ffmpeg
from tests.matrix.patches import turned

Make = Callable[[Path], Path]


def _filmed(options: tuple[str, ...], size: str = "320x180", rate: str = "25", seconds: str = "0.2") -> Make:
    def make(path: Path) -> Path:
        ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}", *options, "-f", "matroska", str(path))
        return path

    return make


X264 = ("-c:v", "libx264", "-preset", "ultrafast")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")


def _wide(transfer: str) -> tuple[str, ...]:
    """Said twice: ffmpeg 5 goes by the encoder's options alone, ffmpeg 7 by the frames' word."""
    said = f"format=yuv420p10le,setparams=color_primaries=bt2020:colorspace=bt2020nc:color_trc={transfer}"
    tags = ("-color_primaries", "bt2020", "-colorspace", "bt2020nc", "-color_trc", transfer)
    return (*X265, "-vf", said, *tags)


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
@pytest.mark.parametrize(
    ("make", "size", "rate"),
    [
        (_filmed(_wide("smpte2084")), (320, 180), 25),
        (_filmed(_wide("arib-std-b67")), (320, 180), 25),
        (_filmed(_wide("bt2020-10")), (320, 180), 25),
        (_filmed((*X264, "-pix_fmt", "yuv444p")), (320, 180), 25),
        (_filmed((*X264, "-pix_fmt", "yuv422p10le")), (320, 180), 25),
        (_filmed(("-c:v", "libx264rgb", "-preset", "ultrafast", "-pix_fmt", "bgr0")), (320, 180), 25),
        (_filmed(("-c:v", "mjpeg", "-pix_fmt", "yuvj422p")), (320, 180), 25),
        (_filmed((*X265, "-pix_fmt", "yuv444p"), size="321x179"), (320, 178), 25),
        (_filmed(("-c:v", "mpeg2video", "-aspect", "16:9"), size="720x576"), (1024, 576), 25),
        (_filmed((*X264, "-pix_fmt", "yuv420p"), size="1920x1080", rate="60"), (1920, 1080), 30),
        (_filmed((*X264, "-pix_fmt", "yuv420p"), size="3840x1600", rate="24", seconds="0.1"), (1920, 800), 24),
        (_filmed((*X264, "-pix_fmt", "yuv420p"), size="1080x1920", rate="24", seconds="0.1"), (606, 1080), 24),
    ],
    ids=[
        "pq",
        "hlg",
        "wide",
        "444",
        "422-10",
        "rgb",
        "full-range",
        "odd",
        "anamorphic",
        "1080p60",
        "2160p",
        "portrait",
    ],
)
def test_pictures(tmp_path: Path, make: Make, size: tuple[int, int], rate: int, container: Container) -> None:
    picture = convert(make(tmp_path / "film.mkv"), Settings(container=container, quality="fast")).picture
    assert (picture.width, picture.height) == size
    assert picture.frame_rate is not None
    assert abs(picture.frame_rate - rate) < 1
    assert (picture.codec, picture.profile, picture.pixel_format) == ("h264", "High", "yuv420p")
    assert picture.pixel_aspect in (None, Fraction(1))
    assert picture.color_range != "pc"


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67", "bt2020-10"])
def test_what_leaves_bt2020_says_so(tmp_path: Path, transfer: str) -> None:
    picture = convert(_filmed(_wide(transfer))(tmp_path / "film.mkv")).picture
    assert (picture.color_transfer, picture.color_primaries, picture.color_space) == ("bt709", "bt709", "bt709")


def _grey(path: Path) -> float:
    """Mean brightness (0…255) of the first frame."""
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-vf", "format=gray", "-f", "rawvideo", "-"]
    raw = subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout
    return sum(raw) / len(raw)


def test_tone_mapped_pictures_are_neither_black_nor_white(tmp_path: Path) -> None:
    made = convert(_filmed(_wide("smpte2084"))(tmp_path / "film.mkv"))
    assert 20 < _grey(made.path) < 235


def test_rgb_keeps_its_colours(tmp_path: Path) -> None:
    red = tmp_path / "red.mkv"
    source = ("-f", "lavfi", "-i", "color=red:s=64x64:d=0.2,format=gbrp")
    ffmpeg(*source, "-c:v", "ffv1", "-f", "matroska", str(red))
    made = convert(red)
    argv = ["ffmpeg", "-v", "error", "-i", str(made.path), "-frames:v", "1", "-vf", "scale=in_color_matrix=bt709"]
    raw = subprocess.run([*argv, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    assert (raw[0] > 240, raw[1] < 15, raw[2] < 15) == (True, True, True)
    assert made.picture.color_space == "bt709"


def test_frames_at_uneven_times_get_an_even_rate(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    frames = "settb=1/9000,setpts=N*300+75*mod(N\\,2)"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        f"testsrc2=s=160x90:r=30:d=1,{frames}",
        "-vsync",
        "vfr",
        "-enc_time_base",
        "1/9000",
        "-c:v",
        "mpeg4",
        str(film),
    )
    made = convert(film)
    assert made.source.picture is not None
    assert made.source.picture.peak_rate is not None
    assert made.source.picture.peak_rate > 60
    assert made.picture.frame_rate == made.picture.peak_rate
    assert made.picture.frame_rate is not None
    # of a clip this short, the length of the last frame counts
    assert made.source.picture.frame_rate is not None
    assert 29 < made.source.picture.frame_rate <= made.picture.frame_rate < 31


def _sizes(film: Path) -> list[str]:
    argv = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=width,height", "-of", "csv=p=0"]
    told = subprocess.run([*argv, str(film)], capture_output=True, check=True, timeout=90, text=True).stdout
    return [line.strip(",") for line in told.split()]


def _recording(path: Path, codec: str) -> Path:
    """A broadcast that goes on in another size."""
    small = make_clip(path.with_name("small.ts"), codec, ("ac3",), seconds=0.8)
    later = ("-output_ts_offset", "0.8")
    large = make_clip(path.with_name("large.ts"), codec, ("ac3",), seconds=0.8, size="640x360", extra=later)
    path.write_bytes(small.read_bytes() + large.read_bytes())
    return path


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
@pytest.mark.parametrize(("codec", "profile"), [("h264", "chromecast"), ("hevc", "chromecast-ultra")])
def test_a_size_that_changes_in_the_middle_stays_so(
    tmp_path: Path, codec: str, profile: str, container: Container
) -> None:
    film = _recording(tmp_path / "film.ts", codec)
    made = convert(film, Settings(container=container, profile=(profile,)))
    assert made.plan.copies_video
    assert _sizes(made.path) == ["320,180"] * 20 + ["640,360"] * 20


def test_an_encoded_film_has_one_size(tmp_path: Path) -> None:
    made = convert(_recording(tmp_path / "film.ts", "mpeg2"), Settings(quality="fast"))
    assert not made.plan.copies_video
    assert set(_sizes(made.path)) == {"320,180"}


def test_interlaced_pictures_become_progressive(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "f.mpg", "mpeg2", ("mp3",), extra=("-flags", "+ildct+ilme", "-top", "1"))
    made = convert(film)
    assert made.source.picture is not None
    assert made.source.picture.interlaced
    assert made.picture.field_order == "progressive"


def test_an_overstated_level_is_rewritten_in_the_copied_stream(tmp_path: Path) -> None:
    for container in (Container.MKV, Container.MP4):
        film = make_clip(tmp_path / "film.mkv", extra=("-level", "5.2"))
        made = convert(film, Settings(container=container))
        assert made.plan.copies_video
        assert made.picture.level == 41


def test_high_quality_keeps_to_the_references_of_its_level(tmp_path: Path) -> None:
    film = _filmed((*X265,), size="1920x1080", rate="24", seconds="0.2")(tmp_path / "film.mkv")
    picture = asyncio.run(probe(convert(film, Settings(quality="high")).path)).picture
    assert picture is not None
    assert picture.level == 41
    assert picture.refs is not None
    assert picture.refs <= 4


def test_webm_pictures_shrink_too(tmp_path: Path) -> None:
    film = _filmed((*X264, "-pix_fmt", "yuv420p"), size="2560x1440", rate="50", seconds="0.1")(tmp_path / "film.mkv")
    picture = convert(film, Settings(container=Container.WEBM, quality="fast")).picture
    assert (picture.codec, picture.width, picture.height) == ("vp8", 1920, 1080)


def test_a_turned_film_is_turned_or_stays_marked(tmp_path: Path) -> None:
    clip, film = make_clip(tmp_path / "clip.mp4", audio=("ac3",)), tmp_path / "film.mp4"
    film.write_bytes(turned(90)(clip.read_bytes()))
    into_mkv, into_mp4 = convert(film), convert(film, Settings(container=Container.MP4), tmp_path / "out2")
    assert (into_mkv.picture.width, into_mkv.picture.height, into_mkv.picture.rotation) == (180, 320, 0)
    assert into_mp4.plan.copies_video
    assert into_mp4.source.picture is not None
    assert into_mp4.picture.rotation == into_mp4.source.picture.rotation != 0
