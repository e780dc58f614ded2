"""Whatever a picture is made of, it comes out with its colours, in its shape and upright."""

from __future__ import annotations

import struct
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.media import Scan, VideoStream
from mkv2castd.encoder.picture_options import chain
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.profiles import combine
from mkv2castd.encoder.targets import VideoTarget
from mkv2castd.encoder.tools import Tools
from mkv2castd.encoder.video_rules import target as decided
from mkv2castd.errors import MediaError
from mkv2castd.model import Container
from tests.clips import make_clip
from tests.encoder.converting import convert, described, ffmpeg
from tests.encoder.films import audio, film, video

FAST = Settings(quality="fast")
PATCHES = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255), "gray": (128,) * 3}
_SIDE = 64
_SWSCALE = {"bt709": "bt709", "bt470bg": "bt470", "smpte170m": "smpte170m"}


def patches(path: Path, filters: str, *options: str) -> Path:
    """A film of a patch of each colour, side by side."""
    sources = [f"color={name}:s={_SIDE}x{_SIDE}:r=10:d=0.3,format=rgb24[{name}]" for name in PATCHES]
    joined = "".join(f"[{name}]" for name in PATCHES)
    graph = f"{';'.join(sources)};{joined}hstack=inputs={len(PATCHES)},{filters}"
    ffmpeg("-filter_complex", graph, *options, str(path))
    return path


def colours(path: Path, picture: VideoStream) -> list[tuple[int, ...]]:
    """What is seen of each patch, by what the film says of its colours."""
    matrix = _SWSCALE[picture.color_space or ""]
    convert_ = f"scale=in_color_matrix={matrix}:in_range=tv:flags=accurate_rnd+full_chroma_int,format=rgb24"
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-vf", convert_, "-f", "rawvideo", "-"]
    raw = subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout
    row = _SIDE * len(PATCHES) * _SIDE // 2
    starts = [3 * (row + _SIDE * number + _SIDE // 2) for number in range(len(PATCHES))]
    return [tuple(raw[start : start + 3]) for start in starts]


# With ffmpeg 7, what frames say counts for more than an encoder's options, and its `scale` has them name the matrix.
_UNSAID = "setparams=colorspace=unknown"
_SAID = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"
# ffmpeg 5 goes by these alone
_709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
HD = "scale=out_color_matrix=bt709:out_range=tv"
HD_709 = f"{HD},{_SAID}"
SD = f"scale=out_color_matrix=smpte170m:out_range=tv,{_UNSAID}"
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:crf=4")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4")


@pytest.mark.parametrize(
    ("filters", "options"),
    [
        (f"{HD_709},format=yuv420p10le", (*X264, *_709)),
        (f"{HD_709},format=yuv422p", (*X264, *_709)),
        (f"{HD_709},format=yuv444p10le", ("-c:v", "ffv1", *_709)),
        (f"{SD},format=yuv444p", X264),
        (f"{SD},format=yuv422p", ("-c:v", "ffv1")),
        (f"{SD},format=yuv420p", ("-c:v", "mpeg2video", "-q:v", "2")),
        (f"scale=out_color_matrix=bt709:out_range=pc,{_SAID},format=yuvj420p", ("-c:v", "mpeg4", "-q:v", "2", *_709)),
        (f"scale=out_color_matrix=smpte170m:out_range=pc,{_UNSAID},format=yuvj422p", ("-c:v", "mjpeg", "-q:v", "2")),
        ("format=gbrp", ("-c:v", "ffv1")),
        ("format=gbrp10le", ("-c:v", "ffv1")),
        ("format=rgb24", ("-c:v", "png")),
        ("format=bgr0", ("-c:v", "libx264rgb", "-qp", "0")),
        ("format=rgba", ("-c:v", "png")),
        ("format=pal8", ("-c:v", "png")),
        (f"{SD},format=yuva444p", ("-c:v", "ffv1")),
    ],
    ids=lambda value: value.rpartition("=")[2] if isinstance(value, str) else value[1],
)
def test_colours_are_those_of_the_film(tmp_path: Path, filters: str, options: tuple[str, ...]) -> None:
    source = patches(tmp_path / "film.mkv", filters, *options)
    made = convert(source, FAST)
    assert not made.plan.copies_video
    for had, due in zip(colours(made.path, made.picture), PATCHES.values(), strict=True):
        assert had == pytest.approx(due, abs=45 if "pal8" in filters else 14)
    told = made.picture
    assert None not in (told.color_primaries, told.color_transfer, told.color_space)
    assert (told.color_range, told.pixel_format, told.profile) == ("tv", "yuv420p", "High")


@pytest.mark.parametrize(
    ("form", "options"),
    [("gray", ("-c:v", "ffv1")), ("gray10le", ("-c:v", "ffv1")), ("ya8", ("-c:v", "png")), ("gray", X265)],
)
def test_gray_is_neither_darker_nor_brighter(tmp_path: Path, form: str, options: tuple[str, ...]) -> None:
    # HEVC's gray is of limited range unless it says otherwise, everybody else's of full range
    limited = "scale=out_range=tv,format=yuv420p,extractplanes=y," if options is X265 else ""
    source = patches(tmp_path / "film.mkv", f"{limited}format={form}", *options)
    shown = colours(convert(source, FAST).path, video(color_space="smpte170m"))
    assert shown[3] == pytest.approx((255,) * 3, abs=4)
    assert shown[4] == pytest.approx((128,) * 3, abs=4)


def test_a_picture_that_shrinks_across_720_lines_keeps_its_colours(tmp_path: Path) -> None:
    """Players take untagged pictures for BT.709 from 720 lines on, and for BT.601 below: what ours are, they say."""
    wide = f"scale={_SIDE * len(PATCHES)}:720:flags=neighbor,{HD},{_UNSAID},format=yuv420p"
    source = patches(tmp_path / "film.mkv", wide, *X264)
    assert described(source).pictures[0].color_space is None
    made = convert(source, Settings(max_height=360, quality="fast"))
    assert (made.picture.height, made.picture.color_space) == (360, "bt709")


def _mirrored(clip: Path, matrix: tuple[int, ...]) -> Path:
    raw = bytearray(clip.read_bytes())
    at = raw.index(b"tkhd") + 44
    struct.pack_into(">9i", raw, at, *matrix)
    clip.write_bytes(raw)
    return clip


@pytest.mark.parametrize(
    ("cells", "filters"),
    [((-1, 0, 0, 1), "hflip"), ((1, 0, 0, -1), "vflip"), ((0, 1, 1, 0), "transpose=cclock_flip")],
)
def test_a_mirrored_film_comes_out_upright(tmp_path: Path, cells: tuple[int, ...], filters: str) -> None:
    clip = make_clip(tmp_path / "clip.mp4", audio=("aac",), seconds=0.2)
    a, b, c, d = (65536 * cell for cell in cells)
    turned = _mirrored(clip, (a, b, 0, c, d, 0, 320 << 16 if a < 0 else 0, 180 << 16 if d < 0 else 0, 1 << 30))
    made = convert(turned, FAST)
    assert made.source.picture is not None
    assert made.source.picture.mirrored
    assert not made.picture.mirrored
    assert made.picture.rotation == 0
    compared = ["-filter_complex", f"[1:v]{filters}[due];[0:v][due]psnr", "-f", "null", "-"]
    argv = ["ffmpeg", "-i", str(made.path), "-noautorotate", "-i", str(turned), *compared]
    told = subprocess.run(argv, capture_output=True, check=True, timeout=90, text=True).stderr
    assert float(told.rpartition("average:")[2].split()[0]) > 30


def test_odd_sizes_lose_a_line_and_are_not_blurred(tmp_path: Path) -> None:
    source = tmp_path / "film.mkv"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "mandelbrot=s=321x179:r=10,trim=duration=0.3",
        "-pix_fmt",
        "yuv444p",
        "-c:v",
        "ffv1",
        str(source),
    )
    made = convert(source, FAST)
    assert (made.picture.width, made.picture.height) == (320, 178)
    assert made.plan.picture.video is not None
    assert (made.plan.picture.video.crop, made.plan.picture.video.scale) == (True, False)


@pytest.mark.parametrize(("size", "becomes"), [("10x12", (16, 18)), ("16x16", (16, 16)), ("7680x64", (1920, 16))])
def test_small_and_long_pictures(tmp_path: Path, size: str, becomes: tuple[int, int]) -> None:
    source = tmp_path / "film.mkv"
    ffmpeg("-f", "lavfi", "-i", f"color=red:s={size}:r=10:d=0.3", "-c:v", "ffv1", str(source))
    made = convert(source, FAST)
    assert (made.picture.width, made.picture.height) == becomes


def test_a_single_frame(tmp_path: Path) -> None:
    source = tmp_path / "film.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=10", "-frames:v", "1", "-c:v", "ffv1", str(source))
    made = convert(source, FAST)
    argv = ["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"]
    told = subprocess.run([*argv, str(made.path)], capture_output=True, check=True, text=True, timeout=90).stdout
    assert told.strip() == "1"


def _decided(**facts: Any) -> tuple[VideoStream, VideoTarget]:
    stream = video(codec="mpeg2video", profile="Main", width=320, height=180, refs=1, **facts)
    row = combine(("chromecast",)).video_row("h264")
    assert row is not None
    return stream, decided(stream, row, Settings(), None)


def _run(stream: VideoStream, goal: VideoTarget, source: str) -> tuple[int, str]:
    """How many frames come out of the filters, and what idet says of them."""
    filters, _ = chain(stream, goal)
    argv = ["ffmpeg", "-hide_banner", "-f", "lavfi", "-i", source, "-vf", f"{filters},idet", "-f", "null", "-"]
    told = subprocess.run(argv, capture_output=True, check=True, timeout=90, text=True).stderr
    frames = [line.split("frame=")[-1].split()[0] for line in told.splitlines() if "frame=" in line]
    return int(frames[-1]), told[told.rindex("Multi frame detection") :]


def _count(told: str, what: str) -> int:
    return int(told.split(f"{what}:")[1].split()[0])


def test_telecine_is_undone() -> None:
    stream, goal = _decided(frame_rate=Fraction(30000, 1001), field_order="tt", scan=Scan.TELECINED)
    assert (goal.telecined, goal.deinterlace, goal.rate) == (True, False, Fraction(24000, 1001))
    filters, _ = chain(stream, goal)
    even = "settb=1/24000,setpts=N*1001"
    graph = (
        "mandelbrot=s=320x180:r=24000/1001,trim=duration=2,format=yuv420p,split[film][reference];"
        f"[film]telecine=pattern=23,{filters},{even}[made];[reference]{even}[due];[made][due]psnr"
    )
    argv = ["ffmpeg", "-hide_banner", "-filter_complex", graph, "-f", "null", "-"]
    told = subprocess.run(argv, capture_output=True, check=True, timeout=90, text=True).stderr
    # deinterlacing alone comes to 36 dB
    assert float(told.rpartition("average:")[2].split()[0]) > 45
    assert int(told.rpartition("frame=")[2].split()[0]) == pytest.approx(48, abs=1)


def test_a_film_some_of_whose_frames_are_missing_keeps_the_others() -> None:
    stream, goal = _decided(frame_rate=Fraction(24), peak_rate=Fraction(25), field_order="progressive")
    assert goal.rate == 25
    # each frame has a brightness of its own, and the one of a missing frame is that of the one before
    numbered = "color=black:s=320x180:r=25:d=4,format=yuv420p,geq=lum=16+2*N:cb=128:cr=128"
    graph = f"{numbered},select=mod(n\\,25)-7,{chain(stream, goal)[0]}"
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", graph, "-f", "framehash", "-hash", "md5", "-"]
    told = subprocess.run(argv, capture_output=True, check=True, timeout=90, text=True).stdout
    shown = [line.rpartition(",")[2] for line in told.splitlines() if not line.startswith("#")]
    assert (len(shown), len(set(shown))) == (100, 96)


@pytest.mark.parametrize(("scan", "first"), [(Scan.TOP_FIRST, "tff"), (Scan.BOTTOM_FIRST, "bff")])
def test_fields_that_no_frame_tells_of_are_woven_in_the_right_order(scan: Scan, first: str) -> None:
    stream, goal = _decided(frame_rate=Fraction(25), field_order="progressive", scan=scan)
    assert goal.deinterlace
    mode = "interleave_top" if scan is Scan.TOP_FIRST else "interleave_bottom"
    moving = f"mandelbrot=s=320x180:r=50,trim=duration=2,format=yuv420p,tinterlace={mode},setfield=prog"
    frames, told = _run(stream, goal, moving)
    assert frames == 50
    # fine patterns flicker a little, as much one way as the other; before, it was all of them one way
    assert max(_count(told, "TFF"), _count(told, "BFF")) <= 10
    assert f"parity={first}" in chain(stream, goal)[0]


class TestWhichPicture:
    def test_a_preview_is_not_the_film(self) -> None:
        preview = video(index=0, codec="mjpeg", frame_rate=Fraction(1), dispositions=frozenset({"default"}))
        media = film(preview, video(index=1), audio(2))
        decision = plan(media, FAST)
        assert isinstance(decision, Plan)
        assert decision.picture.index == 1

    def test_the_default_one_comes_first_then_the_largest_and_longest(self) -> None:
        small = video(index=0, width=640, height=360)
        large, short = video(index=1), video(index=2, duration=5.0)
        assert film(small, large, short).picture is large
        marked = video(index=3, width=640, height=360, dispositions=frozenset({"default"}))
        assert film(small, large, marked).picture is marked

    def test_slides_alone_are_a_film(self) -> None:
        slides = video(codec="mjpeg", frame_rate=Fraction(1))
        assert film(slides, audio()).picture is slides


@pytest.mark.parametrize(
    ("profile", "container", "facts", "codec", "size"),
    [
        ("chromecast", Container.MKV, {"width": 3840, "height": 2160}, "h264", (1920, 1080)),
        ("chromecast-ultra", Container.MKV, {"width": 3840, "height": 2160}, "hevc", (3840, 2160)),
        ("chromecast-ultra", Container.MP4, {"width": 7680, "height": 4320}, "hevc", (3840, 2160)),
        ("chromecast-ultra", Container.MKV, {"width": 1920, "height": 1080}, "h264", (1920, 1080)),
        ("google-tv-streamer", Container.MKV, {"width": 3840, "height": 2160}, "hevc", (3840, 2160)),
        ("chromecast-ultra", Container.WEBM, {"width": 3840, "height": 2160}, "vp9", (3840, 2160)),
        ("chromecast", Container.WEBM, {"width": 3840, "height": 2160}, "vp8", (1920, 1080)),
        ("nest-hub", Container.WEBM, {"width": 3840, "height": 2160}, "vp9", (1280, 720)),
        # 60 frames a second of full HD are more than its H.264 is listed for, and not more than its HEVC
        ("chromecast-google-tv", Container.MKV, {"frame_rate": Fraction(60)}, "hevc", (1920, 1080)),
        ("chromecast-ultra", Container.MKV, {"width": 1080, "height": 1920}, "hevc", (1080, 1920)),
    ],
)
def test_what_a_film_is_encoded_to(
    profile: str, container: Container, facts: dict[str, Any], codec: str, size: tuple[int, int]
) -> None:
    source = film(video(codec="prores", profile=None, level=None, pixel_format="yuv422p10le", **facts), audio())
    decision = plan(source, Settings(profile=(profile,), container=container))
    assert isinstance(decision, Plan)
    goal = decision.picture.video
    assert goal is not None
    assert (goal.codec, goal.width, goal.height, goal.rate) == (codec, *size, None)
    assert goal.deep is (codec in ("hevc", "vp9") and profile != "nest-hub")


def test_an_ffmpeg_without_an_encoder_does_without_it_or_says_so() -> None:
    source = film(video(codec="prores", profile=None, level=None, width=3840, height=2160), audio())
    ultra = Settings(profile=("chromecast-ultra",))
    only = plan(source, ultra, Tools(encoders=frozenset({"libx264", "aac"})))
    assert isinstance(only, Plan)
    assert (only.picture.target, only.picture.video and only.picture.video.width) == ("h264", 1920)
    with pytest.raises(MediaError, match="libx264 or libx265"):
        plan(source, ultra, Tools(encoders=frozenset({"aac"})))
