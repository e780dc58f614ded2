"""Whether a picture plays as it is, and if not, what it has to become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.config import Settings
from mkv2castd.encoder.h264_levels import fits, level_name
from mkv2castd.encoder.media import Scan, VideoStream
from mkv2castd.encoder.profiles import Hdr, Limit, VideoRow
from mkv2castd.encoder.targets import VideoTarget

# Measured rates are a little off (30.03 for 30): that much above a limit is no fault.
_SLACK = Fraction(101, 100)
_SMALLEST = 16
# Rates that films have; one with frames at uneven times gets one of them.
_USUAL_RATES = (
    *(Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)),
    *(Fraction(50), Fraction(60000, 1001), Fraction(60)),
)
_HDR = MappingProxyType({"smpte2084": Hdr.HDR10, "arib-std-b67": Hdr.HLG})
_NAMES = MappingProxyType(
    {
        "h264": "H.264",
        "hevc": "HEVC",
        "mpeg2video": "MPEG-2",
        "mpeg4": "MPEG-4",
        "vp8": "VP8",
        "vp9": "VP9",
        "av1": "AV1",
        "vc1": "VC-1",
        "wmv3": "WMV 9",
    }
)


@dataclass(frozen=True, slots=True)
class VideoVerdict:
    """faults: why it does not play as it is; empty: it does, once its level is rewritten to `relevel` if given."""

    faults: tuple[str, ...]
    relevel: int | None = None


def describe(stream: VideoStream) -> str:
    """ "H.264 High level 4.0, 1920×1080 at 24 fps" """
    words = [_NAMES.get(stream.codec or "", stream.codec or "unknown codec")]
    if stream.profile is not None and not stream.profile.isdecimal():
        words.append(stream.profile)
    if stream.level is not None and stream.codec == "h264":
        words.append(f"level {level_name(stream.level)}")
    size = f"{stream.width}×{stream.height}"
    return f"{' '.join(words)}, {size}{_at(stream.frame_rate)}"


def judge(stream: VideoStream, row: VideoRow | None, keeps_rotation: bool, settings: Settings) -> VideoVerdict:
    """Whether `stream` plays as it is on devices that `row` stands for (None: they do not take the codec).

    keeps_rotation: the container can tell players to turn the picture.
    """
    if row is None:
        return VideoVerdict(("the devices do not play this codec",))
    faults = [*_form_faults(stream, row), *_size_faults(stream, row, settings)]
    if stream.rotation and not keeps_rotation:
        faults.append(f"turned by {stream.rotation}°, which the container cannot tell the player")
    relevel = None
    if row.level is not None and not faults:
        if row.codec == "h264":
            faults, relevel = _level(stream, row.level)
        elif stream.level is not None and stream.level > row.level:
            faults = ["its level is above that of the devices"]
    return VideoVerdict(tuple(faults), relevel)


def _form_faults(stream: VideoStream, row: VideoRow) -> Iterator[str]:
    if stream.profile is not None and row.profiles and stream.profile not in row.profiles:
        yield f"profile {stream.profile} does not play"
    if stream.pixel_format is not None and stream.pixel_format not in row.pixel_formats:
        depths = "8-bit or 10-bit" if "yuv420p10le" in row.pixel_formats else "8-bit"
        yield f"pixel format {stream.pixel_format} is not {depths} 4:2:0"
    if (stream.interlaced or stream.coded_interlaced or stream.scan is Scan.TELECINED) and not row.interlaced:
        yield "interlaced"
    if not row.shows(_HDR.get(stream.color_transfer or "")):
        yield "HDR, which the devices do not show"


def _size_faults(stream: VideoStream, row: VideoRow, settings: Settings) -> Iterator[str]:
    width, height = stream.width or 0, stream.height or 0
    if not any(_fits(width, height, stream.frame_rate, limit) for limit in row.limits):
        boxes = " or ".join(f"{box.width}×{box.height}{_at(box.rate)}" for box in row.limits)
        yield f"more than {boxes}"
    shown_height = display_size(stream)[1]
    if settings.max_height and shown_height > _highest(settings):
        yield f"higher than {settings.max_height} lines, as configured"


def _level(stream: VideoStream, most: int) -> tuple[list[str], int | None]:
    """A level that is only overstated can be rewritten; that needs the references to be known."""
    within = fits(most, stream.width or 0, stream.height or 0, stream.frame_rate, stream.refs, stream.bitrate)
    if stream.level is None or stream.level > most:
        if not within:
            return [f"needs more than level {level_name(most)}"], None
        if stream.level is not None and (stream.refs is None or stream.frame_rate is None):
            return [f"level {level_name(stream.level)} is above {level_name(most)}"], None
        return [], most if stream.level is not None else None
    return [], None


def target(stream: VideoStream, row: VideoRow, settings: Settings) -> VideoTarget:
    """What `stream` has to become to play: as large and as fast as it was, as far as the devices go."""
    wanted = display_size(stream)
    rate = stream.frame_rate
    box = next((limit for limit in row.limits if _fits(*wanted, rate, limit)), row.limits[0])
    width, height = _into(wanted, box, _highest(settings) if settings.max_height else box.height)
    return VideoTarget(
        codec=row.codec,
        width=width,
        height=height,
        level=row.level,
        rate=_new_rate(stream, box.rate),
        scale=(width, height) != wanted or stream.pixel_aspect not in (None, Fraction(1)),
        deinterlace=stream.interlaced and not row.interlaced,
        tone_map=not row.shows(_HDR.get(stream.color_transfer or "")),
        wide=not stream.hdr and stream.color_primaries == "bt2020",
        rgb=(stream.pixel_format or "").startswith(("gbr", "rgb", "bgr", "argb", "abgr", "0rgb", "0bgr", "pal8")),
    )


def describe_target(target: VideoTarget) -> str:
    """ "H.264, 1920×1080, deinterlaced, in standard colours" """
    words = [_NAMES.get(target.codec, target.codec), f"{target.width}×{target.height}"]
    if target.rate is not None:
        words.append(f"{_fps(target.rate)} fps")
    if target.deinterlace:
        words.append("deinterlaced")
    if target.tone_map:
        words.append("tone mapped to BT.709")
    return ", ".join(words)


def display_size(stream: VideoStream) -> tuple[int, int]:
    """Width and height in square pixels, as shown after turning."""
    width, height = stream.width or 0, stream.height or 0
    if stream.pixel_aspect is not None:
        width = max(1, min(65536, round(width * stream.pixel_aspect)))
    return (height, width) if stream.rotation % 180 == 90 else (width, height)


def _fits(width: int, height: int, rate: Fraction | None, box: Limit) -> bool:
    return width <= box.width and height <= box.height and (rate is None or rate <= box.rate * _SLACK)


def _into(size: tuple[int, int], box: Limit, highest: int) -> tuple[int, int]:
    """The size shrunk into the box with its aspect kept; even, since 4:2:0 halves both sides."""
    width, height = size
    factor = min(Fraction(1), Fraction(box.width, width), Fraction(min(box.height, highest), height))
    return _even(width * factor), _even(height * factor)


def _even(side: Fraction) -> int:
    return max(_SMALLEST, int(side) // 2 * 2)


def _highest(settings: Settings) -> int:
    return max(_SMALLEST, settings.max_height)


def _new_rate(stream: VideoStream, most: Fraction) -> Fraction | None:
    """The rate to encode at, None for the source's own. Uneven times are made even: an encoder and a container
    would else be told the peak, a rate that no device is made for."""
    rate, peak = stream.frame_rate, stream.peak_rate
    if rate is None:
        return most if peak is not None and peak > most * _SLACK else None
    if peak is None or peak <= rate * _SLACK:
        return _slower(rate, most)
    # the average is a little too low where a still picture was held
    even = next((usual for usual in _USUAL_RATES if usual >= rate * Fraction(95, 100)), rate)
    slower = _slower(even, most)
    return even if slower is None else slower


def _slower(rate: Fraction | None, most: Fraction) -> Fraction | None:
    """Halved until it fits, so that motion stays even; a rate that is but little too high is capped instead."""
    if rate is None or rate <= most * _SLACK:
        return None
    while rate >= most * Fraction(8, 5):
        rate /= 2
    return min(rate, most)


def _at(rate: Fraction | None) -> str:
    return "" if rate is None else f" at {_fps(rate)} fps"


def _fps(rate: Fraction) -> str:
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")
