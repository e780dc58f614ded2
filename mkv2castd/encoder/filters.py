"""VideoTarget → ffmpeg's filter chain."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.encoder.colours import is_full_range, tagged
from mkv2castd.encoder.media import Scan, VideoStream
from mkv2castd.encoder.pixels import is_gray, is_rgb
from mkv2castd.encoder.targets import VideoTarget
from mkv2castd.encoder.tone_mapping import by_name, converted

# bwdif's word for which field comes first, where frames themselves do not say it.
_FIELDS = MappingProxyType({Scan.TOP_FIRST: "tff", Scan.BOTTOM_FIRST: "bff"})
_OF_HDR = ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL", "DYNAMIC_HDR_PLUS")
# The same, by the order of fields that the whole stream claims: which of them is shown first.
_SHOWN_FIRST = MappingProxyType({"tt": "tff", "bt": "tff", "bb": "bff", "tb": "bff"})
# Matrices that `scale` knows by another name than ffprobe.
_SWSCALE = MappingProxyType({"bt470bg": "bt470", "bt2020nc": "bt2020", "bt2020c": "bt2020"})


def video_filters(source: VideoStream, target: VideoTarget, pixel_format: str) -> str:
    """The chain from a decoded frame (turned and mirrored upright by ffmpeg itself) to what the encoder takes."""
    return ",".join([*_in_time(source, target), *_in_size_and_colour(source, target, pixel_format)])


def first_field(source: VideoStream) -> str:
    """Which field of a frame is shown first, as deinterlacers are told: "tff", "bff", or "auto" for what the frames
    say."""
    first = _FIELDS.get(source.scan) if source.scan is not None else None
    return first or "auto"


def at_rate(rate: Fraction) -> str:
    """A last frame that lasts less than the new interval is shown all the same: it may be the only one."""
    return f"fps={rate.numerator}/{rate.denominator}:eof_action=pass"


def ungraded() -> Iterator[str]:
    """Encoders of ffmpeg 7 write into the new picture what frames still say of the old one."""
    yield from (f"sidedata=mode=delete:type={kind}" for kind in _OF_HDR)


def as_wanted(target: VideoTarget) -> Iterator[str]:
    """What frames say of themselves; nothing is converted. Frames that say they are interlaced, though nothing had to
    be done about it, would make the container say so."""
    yield "setsar=1"
    yield tagged(target.colours, "tv", field_mode="prog")


def _in_time(source: VideoStream, target: VideoTarget) -> Iterator[str]:
    if target.telecined:
        # what no pairing of fields makes whole is deinterlaced; of five frames one is there twice
        order = _SHOWN_FIRST.get(source.field_order or "", "auto")
        yield from (f"fieldmatch=order={order}", "yadif=deint=interlaced", "decimate")
    elif target.deinterlace:
        yield f"bwdif=mode=send_frame:parity={first_field(source)}"
    if target.rate is not None:
        if source.frame_rate is None:
            # how long a frame lasts that may be the only one, nobody knows: it lasts until its own copy
            yield "tpad=stop=1:stop_mode=clone"
        yield at_rate(target.rate)


def _in_size_and_colour(source: VideoStream, target: VideoTarget, pixel_format: str) -> Iterator[str]:
    if target.crop:
        yield f"crop={target.width}:{target.height}:0:0"
    if target.tone_map is not None or target.converted:
        # shrunk before the costly colour work, which then has fewer pixels to do
        if target.scale:
            yield f"scale={_size(target)}"
        if target.tone_map is not None:
            yield from by_name(target.tone_map).chain(source)
            yield from ungraded()
        else:
            yield from converted(source, target.colours)
    else:
        yield f"scale={':'.join(_scaling(source, target))}"
    yield f"format={pixel_format}"
    yield from as_wanted(target)


def _size(target: VideoTarget) -> str:
    return f"{target.width}:{target.height}:flags=bicubic"


def _scaling(source: VideoStream, target: VideoTarget) -> Iterator[str]:
    if target.scale:
        yield _size(target)
    if is_rgb(source.pixel_format):
        matrix = target.colours.matrix
        yield f"out_color_matrix={_SWSCALE.get(matrix, matrix)}"
    if is_gray(source.pixel_format):
        # ffmpeg takes all gray frames for full, and ffmpeg 7 whatever it is told: what is limited stays as it is
        yield f"in_range=pc:out_range={'tv' if is_full_range(source) else 'pc'}"
    else:
        yield "out_range=tv"
