"""VideoTarget → ffmpeg's filter chain."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from mkv2castd.encoder.colours import is_full_range
from mkv2castd.encoder.media import Scan, VideoStream
from mkv2castd.encoder.pixels import is_gray, is_rgb
from mkv2castd.encoder.targets import VideoTarget
from mkv2castd.encoder.tone_mapping import by_name, narrowed

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


def _in_time(source: VideoStream, target: VideoTarget) -> Iterator[str]:
    if target.telecined:
        # what no pairing of fields makes whole is deinterlaced; of five frames one is there twice
        order = _SHOWN_FIRST.get(source.field_order or "", "auto")
        yield from (f"fieldmatch=order={order}", "yadif=deint=interlaced", "decimate")
    elif target.deinterlace:
        first = _FIELDS.get(source.scan) if source.scan is not None else None
        yield f"bwdif=mode=send_frame:parity={first or 'auto'}"
    if target.rate is not None:
        if source.frame_rate is None:
            # how long a frame lasts that may be the only one, nobody knows: it lasts until its own copy
            yield "tpad=stop=1:stop_mode=clone"
        # a last frame that lasts less than the new interval is shown all the same: it may be the only one
        yield f"fps={target.rate.numerator}/{target.rate.denominator}:eof_action=pass"


def _in_size_and_colour(source: VideoStream, target: VideoTarget, pixel_format: str) -> Iterator[str]:
    if target.crop:
        yield f"crop={target.width}:{target.height}:0:0"
    if target.tone_map is not None or target.wide:
        # shrunk before the costly colour work, which then has fewer pixels to do
        if target.scale:
            yield f"scale={_size(target)}"
        if target.tone_map is not None:
            yield from by_name(target.tone_map).chain(source)
            # encoders of ffmpeg 7 write into the new picture what frames still say of the old one
            yield from (f"sidedata=mode=delete:type={kind}" for kind in _OF_HDR)
        else:
            yield from narrowed(source)
    else:
        yield f"scale={':'.join(_scaling(source, target))}"
    yield f"format={pixel_format}"
    yield "setsar=1"
    colours = target.colours
    # frames that say they are interlaced, though nothing had to be done about it, would make the container say so
    yield (
        f"setparams=field_mode=prog:range=tv:color_primaries={colours.primaries}:color_trc={colours.transfer}"
        f":colorspace={colours.matrix}"
    )


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
