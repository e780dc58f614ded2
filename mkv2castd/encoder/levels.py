"""Levels of every codec that has them: what a film needs, and whether its stated level is true."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.encoder import av1_levels, h264_levels, hevc_levels, vp9_levels
from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.sample_levels import SampleLevel

_BY_SAMPLES: Mapping[str, Mapping[int, SampleLevel]] = MappingProxyType(
    {"hevc": hevc_levels.LEVELS, "vp9": vp9_levels.LEVELS, "av1": av1_levels.LEVELS}
)
_SMALLEST = 16
# No Cast device is listed for less.
_LEAST_H264 = 41
# ffmpeg's bitstream filters write the level of these two. VP9 has none in its bitstream: the container claims one.
_WRITABLE = frozenset({"h264", "hevc"})


def level_name(codec: str | None, level: int) -> str:
    """("h264", 41) → "4.1", ("hevc", 153) → "5.1", ("av1", 13) → "5.1"."""
    if codec is not None and codec in _BY_SAMPLES:
        row = _BY_SAMPLES[codec].get(level)
        return row.name if row is not None else str(level)
    return h264_levels.level_name(level)


def rates(codec: str, level: int) -> tuple[int, int]:
    """The highest bitrate in kbit/s, and the decoder's buffer in kbit. Raises KeyError for an unknown level."""
    row = h264_levels.LEVELS[level] if codec == "h264" else _BY_SAMPLES[codec][level]
    return row.max_kbps, row.buffer_kbit


def needed(stream: VideoStream, most: int, *, bitrate: int | None) -> int | None:
    """The lowest level up to `most` that holds the picture by size × rate × references; None: not even `most` does.
    What is not known is not held against it. bitrate in bit/s, None to leave it out."""
    known = h264_levels.LEVELS if stream.codec == "h264" else _BY_SAMPLES.get(stream.codec or "", {})
    fitting = (level for level in sorted(known) if level <= most and _holds(stream, level, bitrate))
    return next(fitting, None)


def held(codec: str, level: int, size: tuple[int, int], rate: Fraction | None) -> tuple[int, int]:
    """The size shrunk until a decoder of `level` shows it at this rate; even."""
    known = h264_levels.LEVELS if codec == "h264" else _BY_SAMPLES.get(codec, {})
    width, height = size
    while level in known and min(width, height) > _SMALLEST:
        if _holds(VideoStream(index=0, codec=codec, width=width, height=height, frame_rate=rate), level, None):
            break
        # a sixteenth smaller each time, in the shape that it has
        width, height = width * 15 // 16 // 2 * 2, height * 15 // 16 // 2 * 2
    return max(_SMALLEST, width), max(_SMALLEST, height)


def misstated(stream: VideoStream, most: int) -> tuple[str | None, int | None]:
    """(why the picture needs more than the level `most`, the level to write instead of the stated one): each None
    where there is nothing to tell."""
    stated = stream.level
    told = stated is not None and stated <= most
    least = needed(stream, most, bitrate=None if told else stream.bitrate)
    if least is None:
        return f"needs more than level {level_name(stream.codec, most)}", None
    if stated is None or (told and stated >= least):
        return None, None
    if stream.codec not in _WRITABLE:
        overstated = stated > most and stream.codec != "vp9"
        return (_above(stream, stated, most) if overstated else None), None
    if stated <= most:
        return None, least
    return (None, most) if _is_certain(stream, stated, most) else (_above(stream, stated, most), None)


def references_matter(stream: VideoStream) -> bool:
    """Is it worth a look at a frame to learn how many references it uses? Where its level is above that of some
    device, they decide whether only the claim is."""
    return stream.codec == "h264" and stream.refs is None and stream.level is not None and stream.level > _LEAST_H264


def _above(stream: VideoStream, stated: int, most: int) -> str:
    return f"level {level_name(stream.codec, stated)} is above {level_name(stream.codec, most)}"


def _is_certain(stream: VideoStream, stated: int, most: int) -> bool:
    """Is everything known that a lower level would bound? ffprobe tells no references of HEVC, so there a lower level
    is certain only where it keeps as many frames as the stated one."""
    if stream.frame_rate is None:
        return False
    if stream.codec == "h264":
        return stream.refs is not None
    size = stream.width or 0, stream.height or 0
    kept = hevc_levels.most_kept(stated, *size) if stated in hevc_levels.LEVELS else 16
    return hevc_levels.most_kept(most, *size) >= kept


def _holds(stream: VideoStream, level: int, bitrate: int | None) -> bool:
    width, height, rate = stream.width or 0, stream.height or 0, stream.frame_rate
    if stream.codec == "h264":
        return h264_levels.fits(level, width, height, rate, stream.refs, bitrate)
    return _BY_SAMPLES[stream.codec or ""][level].holds(width, height, rate, bitrate)
