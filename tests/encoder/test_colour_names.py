"""Every name that ffprobe has for colours (ITU-T H.273) is one that ffmpeg takes back, by option and by filter."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.colours import BT709, Colours, is_wide, tagged
from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.picture_options import chain, encode_pairs
from mkv2castd.encoder.pixels import is_rgb
from mkv2castd.encoder.profiles import combine
from mkv2castd.encoder.targets import StreamPlan, VideoTarget
from mkv2castd.encoder.video_rules import target
from mkv2castd.model import Action, Container
from tests.encoder.converting import convert, ffmpeg
from tests.encoder.films import video

# As they are numbered from 1 on, but for 2 (unsaid) and those that are reserved.
_GAMMAS = ("bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m")
PRIMARIES = (*_GAMMAS, "film", "bt2020", "smpte428", "smpte431", "smpte432", "ebu3213")
TRANSFERS = (
    *(*_GAMMAS, "linear", "log100", "log316", "iec61966-2-4", "bt1361e", "iec61966-2-1", "bt2020-10", "bt2020-12"),
    *("smpte2084", "smpte428", "arib-std-b67"),
)
MATRICES = (
    *("bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "ycgco", "bt2020nc", "bt2020c", "smpte2085"),
    *("chroma-derived-nc", "chroma-derived-c", "ictcp"),
)
_FIELDS = {"color_primaries": PRIMARIES, "color_transfer": TRANSFERS, "color_space": MATRICES}
ALL = [(field, name) for field, names in _FIELDS.items() for name in names]
# As other things are told, or nothing is.
BESIDE: list[dict[str, str]] = [
    {},
    {"color_primaries": "bt2020"},
    {"color_space": "bt2020nc"},
    {"color_transfer": "bt709"},
    {"color_transfer": "smpte2084"},
    {"color_transfer": "arib-std-b67"},
    {"color_primaries": "bt709", "color_transfer": "smpte2084"},
]


def _source(**facts: Any) -> VideoStream:
    return video(
        **{"codec": "prores", "profile": None, "level": None, "width": 64, "height": 64, "refs": None} | facts
    )


def _decided(stream: VideoStream, device: str = "chromecast", codec: str = "h264") -> VideoTarget:
    row = combine((device,)).video_row(codec)
    assert row is not None
    return target(stream, row, Settings(), "zscale")


def _run(graphs: Iterable[str]) -> None:
    """All of them in one ffmpeg, which fails when it cannot take one."""
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=64x64:r=10:d=0.1,format=yuv422p10le"]
    for graph in graphs:
        argv += ["-map", "0", "-vf", graph, "-f", "null", "-"]
    done = subprocess.run(argv, capture_output=True, timeout=90, text=True)
    assert done.returncode == 0, done.stderr


def _shown(path: Path) -> list[dict[str, Any]]:
    argv = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(path)]
    told = json.loads(subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout)
    return list(told["streams"])


@pytest.mark.parametrize(("field", "names"), _FIELDS.items(), ids=list(_FIELDS))
def test_options_and_tags_say_what_ffprobe_said(tmp_path: Path, field: str, names: tuple[str, ...]) -> None:
    """The numbers end up in the file, so that nothing is lost on the way from name to name."""
    argv = ["-f", "lavfi", "-i", "color=gray:s=64x64:r=10:d=0.1"]
    attribute = {"color_primaries": "primaries", "color_transfer": "transfer", "color_space": "matrix"}[field]
    for position, name in enumerate(names):
        colours = replace(BT709, **{attribute: name})
        goal = VideoTarget("h264", 64, 64, colours=colours)
        plan = StreamPlan(_source(**{field: name}), Action.TRANSCODE, "", "h264", video=goal)
        argv += ["-map", "0", f"-filter:{position}", tagged(colours, "tv"), f"-c:{position}", "ffv1"]
        for option, value in encode_pairs(plan, goal, Container.MKV, "fast"):
            argv += [f"{option}:{position}", value] if "color" in option else []
    ffmpeg(*argv, str(tmp_path / "all.mkv"))
    assert [stream.get(field) for stream in _shown(tmp_path / "all.mkv")] == list(names)


@pytest.mark.parametrize("beside", BESIDE, ids=lambda beside: "-".join(beside.values()) or "alone")
def test_every_colour_can_be_encoded_for_devices_without_hdr(beside: dict[str, str]) -> None:
    streams = [_source(pixel_format="yuv422p10le", **{**beside, field: name}) for field, name in ALL]
    _run(chain(stream, _decided(stream))[0] for stream in streams)


@pytest.mark.parametrize("beside", BESIDE, ids=lambda beside: "-".join(beside.values()) or "alone")
def test_every_colour_can_be_encoded_for_devices_with_hdr(beside: dict[str, str]) -> None:
    streams = [_source(pixel_format="yuv422p10le", **{**beside, field: name}) for field, name in ALL]
    _run(chain(stream, _decided(stream, "chromecast-ultra", "hevc"))[0] for stream in streams)


def test_every_matrix_that_rgb_is_given_is_one_that_swscale_has() -> None:
    sources = [_source(pixel_format="gbrp", color_space="gbr", **{field: name}) for field, name in ALL[:-12]]
    _run(f"format=gbrp,{chain(stream, _decided(stream))[0]}" for stream in sources)


@pytest.mark.parametrize("form", ["rgb24", "gbrp10le", "pal8", "gray10le", "yuvj422p", "nv12"])
def test_every_kind_of_frame_can_be_tone_mapped(form: str) -> None:
    stream = _source(pixel_format=form, color_transfer="smpte2084", color_space="gbr" if is_rgb(form) else None)
    goals = (_decided(stream), _decided(stream, "chromecast-ultra", "hevc"))
    _run(f"format={form},{chain(stream, goal)[0]}" for goal in goals)


def _grey(stream: VideoStream, goal: VideoTarget, luma: int) -> tuple[int, ...]:
    """What a grey of this luma (10 bits) comes out as: Y, Cb, Cr in 8 bits."""
    grey = f"color=black:s=64x64:r=10:d=0.1,format=yuv420p10le,geq=lum={luma}:cb=512:cr=512"
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", grey, "-vf", chain(stream, goal)[0], "-frames:v", "1"]
    raw = subprocess.run([*argv, "-f", "rawvideo", "-"], capture_output=True, check=True, timeout=90).stdout
    assert len(raw) == 64 * 64 * 3 // 2
    return raw[0], raw[64 * 64], raw[64 * 64 * 5 // 4]


@pytest.mark.parametrize("matrix", [None, "bt2020nc", "bt2020c", "ictcp", "smpte2085", "ycgco"])
@pytest.mark.parametrize("primaries", [None, "bt2020"])
def test_grey_is_as_bright_whatever_else_is_told(matrix: str | None, primaries: str | None) -> None:
    """Also of a matrix that only stands for the nearest one: grey has no colour in any of them."""
    facts = {"pixel_format": "yuv420p10le", "color_transfer": "smpte2084"}
    usual = _source(**facts, color_primaries="bt2020", color_space="bt2020nc")
    stream = _source(**facts, color_primaries=primaries, color_space=matrix)
    due, had = (_grey(one, _decided(one), 600) for one in (usual, stream))
    assert had == pytest.approx(due, abs=2)


def test_hdr_in_unusual_colours_that_is_kept_is_in_the_usual_ones_afterwards() -> None:
    unusual = _source(pixel_format="yuv420p10le", color_transfer="smpte2084", color_space="ictcp")
    goal = _decided(unusual, "chromecast-ultra", "hevc")
    assert (goal.converted, goal.colours) == (True, Colours("bt2020", "smpte2084", "bt2020nc"))
    plain = _source(pixel_format="yuv420p10le", color_transfer="smpte2084")
    assert not _decided(plain, "chromecast-ultra", "hevc").converted


def _pal(path: Path) -> Path:
    tags = ("-color_trc", "gamma28", "-color_primaries", "bt470bg", "-colorspace", "bt470bg")
    ffmpeg("-f", "lavfi", "-i", "smptehdbars=s=352x288:r=25:d=0.4", "-c:v", "mpeg2video", *tags, str(path))
    return path


def _only_a_transfer(name: str) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        tags = ("-color_trc", name)
        x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *tags)
        ffmpeg("-f", "lavfi", "-i", "smptehdbars=s=320x180:r=25:d=0.4", *x264, str(path))
        return path

    return make


@pytest.mark.parametrize(
    ("make", "suffix", "transfer"),
    [
        (_pal, "mpg", "bt470bg"),
        (_only_a_transfer("smpte2084"), "mkv", "bt709"),
        (_only_a_transfer("arib-std-b67"), "mkv", "bt709"),
    ],
    ids=["pal", "pq", "hlg"],
)
def test_a_film(tmp_path: Path, make: Callable[[Path], Path], suffix: str, transfer: str) -> None:
    made = convert(make(tmp_path / f"film.{suffix}"))
    assert not made.plan.copies_video
    assert made.picture.color_transfer == transfer


def test_what_needs_no_conversion_is_not_converted() -> None:
    assert not is_wide(_source(color_primaries="bt470bg", color_transfer="bt470bg", color_space="bt470bg"))
    assert "zscale" not in chain(_source(), _decided(_source()))[0]
