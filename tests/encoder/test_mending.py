"""What is wrong about a picture's flags is mended in its bitstream: the same frames, told rightly."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.bsf import bitstream_filters
from mkv2castd.encoder.targets import Mend
from mkv2castd.model import Container
from tests.clips import make_clip
from tests.encoder.converting import Made, convert, ffmpeg
from tests.matrix.patches import without_sets

ULTRA = ("chromecast-ultra",)


def frames(path: Path) -> bytes:
    """What every frame decodes to, and nothing of its time."""
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v:0", "-f", "framehash", "-hash", "md5", "-"]
    told = subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout
    rows = [line for line in told.splitlines() if not line.startswith(b"#")]
    return b"\n".join(row.rpartition(b",")[2] for row in rows)


def mended(film: Path, container: Container, profile: tuple[str, ...] = ("chromecast",)) -> Made:
    made = convert(film, Settings(container=container, profile=profile))
    assert made.plan.copies_video, made.plan.picture.reason
    assert made.plan.picture.mend is not None
    assert frames(made.path) == frames(film)
    return made


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
@pytest.mark.parametrize(
    ("codec", "stated", "true", "profile"),
    [("h264", "5.2", 41, ("chromecast",)), ("h264", "1", 12, ("chromecast",)), ("hevc", "6.2", 153, ULTRA)],
)
def test_a_level_that_is_not_true(
    tmp_path: Path, codec: str, stated: str, true: int, profile: tuple[str, ...], container: Container
) -> None:
    clip, film = make_clip(tmp_path / "clip.mkv", codec, seconds=0.4), tmp_path / "film.mkv"
    ffmpeg("-i", str(clip), "-c", "copy", "-bsf:v", f"{codec}_metadata=level={stated}", str(film))
    made = mended(film, container, profile)
    assert made.source.picture is not None
    assert made.source.picture.level != true
    assert made.picture.level == true


@pytest.mark.parametrize(("size", "true"), [("704x480", 30), ("1920x1080", 40)])
def test_a_level_with_nothing_behind_the_dot(tmp_path: Path, size: str, true: int) -> None:
    """That is where a level's name and its number may be taken for each other."""
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-refs", "1", "-pix_fmt", "yuv420p")
    film = tmp_path / "film.mkv"
    pattern = f"smptehdbars=s={size}:r=24:d=0.3"
    ffmpeg("-f", "lavfi", "-i", pattern, *x264, "-bsf:v", "h264_metadata=level=11", str(film))
    assert mended(film, Container.MKV).picture.level == true


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
@pytest.mark.parametrize(("codec", "profile"), [("h264", ("chromecast",)), ("hevc", ULTRA)])
def test_a_transfer_that_cannot_be(
    tmp_path: Path, codec: str, profile: tuple[str, ...], container: Container
) -> None:
    # ffmpeg 5 goes by the encoder's options alone, ffmpeg 7 by the frames' word
    said = ("-vf", "setparams=color_primaries=bt709:color_trc=smpte2084:colorspace=bt709")
    tags = (*said, "-color_primaries", "bt709", "-color_trc", "smpte2084", "-colorspace", "bt709")
    film = make_clip(tmp_path / "film.mkv", codec, seconds=0.4, extra=tags)
    made = mended(film, container, profile)
    assert made.source.picture is not None
    assert made.source.picture.hdr
    assert made.picture.color_transfer == "bt709"
    # the container's own note, beside that of the bitstream
    raw = made.path.read_bytes()
    note = b"\x55\xba\x81" if container is Container.MKV else b"colrnclx\x00\x01\x00"
    assert raw[raw.index(note) + len(note)] == 1


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
@pytest.mark.parametrize(("codec", "profile"), [("h264", ("chromecast",)), ("hevc", ULTRA)])
def test_pixels_that_no_screen_has_are_square(
    tmp_path: Path, codec: str, profile: tuple[str, ...], container: Container
) -> None:
    film = make_clip(tmp_path / "film.mkv", codec, seconds=0.4, extra=("-aspect", "300:1"))
    made = mended(film, container, profile)
    assert made.source.picture is not None
    assert made.source.picture.pixel_aspect is not None
    assert made.source.picture.pixel_aspect > 100
    assert made.picture.pixel_aspect == Fraction(1)


def test_anamorphic_pixels_stay_as_they_are(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mkv", audio=("ac3",), seconds=0.4, extra=("-aspect", "64:27"))
    made = convert(film)
    assert made.plan.copies_video
    assert made.plan.picture.mend is None
    assert made.picture.pixel_aspect == Fraction(4, 3)


def test_a_matrix_of_rgb_in_a_picture_that_is_none(tmp_path: Path) -> None:
    clip, film = make_clip(tmp_path / "clip.mkv", seconds=0.4), tmp_path / "film.mkv"
    ffmpeg("-i", str(clip), "-c", "copy", "-bsf:v", "h264_metadata=matrix_coefficients=0", str(film))
    made = mended(film, Container.MKV)
    assert made.source.picture is not None
    assert made.source.picture.color_space == "gbr"
    assert made.picture.color_space == "bt470bg"


def test_what_does_not_fit_is_encoded_whatever_it_claims(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mkv", size="2048x1152", seconds=0.1, extra=("-level", "4.1"))
    assert not convert(film).plan.copies_video


@pytest.mark.parametrize("container", [Container.MP4, Container.MKV])
def test_parameter_sets_that_come_with_the_frames_only(tmp_path: Path, container: Container) -> None:
    """MP4's muxer makes a record out of the first frame; Matroska's writes it before there is one."""
    repeated = ("-x265-params", "log-level=none:repeat-headers=1:keyint=5")
    clip, film = make_clip(tmp_path / "clip.mkv", "hevc", seconds=0.8, extra=repeated), tmp_path / "film.mp4"
    ffmpeg("-i", str(clip), "-c", "copy", "-tag:v", "hev1", "-movflags", "+faststart", str(film))
    film.write_bytes(without_sets(film.read_bytes()))
    made = convert(film, Settings(container=container, profile=ULTRA, quality="fast"))
    assert made.source.picture is not None
    assert made.source.picture.bare
    assert made.plan.copies_video is (container is Container.MP4)
    assert "parameter sets" in made.plan.picture.reason
    assert not made.picture.bare
    if made.plan.copies_video:
        assert frames(made.path) == frames(film)


def test_several_things_are_mended_at_once() -> None:
    mend = Mend(level=153, aspect=Fraction(1), transfer="bt709", matrix="bt709", without_dolby=True)
    assert bitstream_filters("hevc", mend) == (
        "filter_units=remove_types=62-63,"
        "hevc_metadata=level=153:sample_aspect_ratio=1/1:transfer_characteristics=1:matrix_coefficients=1"
    )
    assert bitstream_filters("vp9", Mend(aspect=Fraction(1))) == ""
    assert bitstream_filters("hevc", Mend(level=153, sets=True)) == "hevc_mp4toannexb,hevc_metadata=level=153"


def test_hevc_in_mp4_has_the_name_that_receivers_know(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv", "hevc", seconds=0.4)
    film = tmp_path / "film.mp4"
    ffmpeg("-i", str(clip), "-c", "copy", "-tag:v", "hev1", "-movflags", "+faststart", str(film))
    made = convert(film, Settings(container=Container.MP4, profile=ULTRA))
    assert made.source.picture is not None
    assert (made.source.picture.codec_tag, made.picture.codec_tag) == ("hev1", "hvc1")
    assert frames(made.path) == frames(film)
