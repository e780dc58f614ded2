"""Whether a picture plays as it is, and if not, what it has to become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.config import Settings
from mkv2castd.encoder import hdr, levels, sizes
from mkv2castd.encoder.colours import BT709, Colours, assumed, is_wide, true_flags
from mkv2castd.encoder.media import Scan, VideoStream
from mkv2castd.encoder.pixels import is_deep, is_rgb
from mkv2castd.encoder.playable import VideoRow
from mkv2castd.encoder.targets import Mend, VideoTarget

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
_TEN_BIT = "yuv420p10le"
# HEVC whose parameter sets may lie where receivers do not look for them: they know it as hvc1.
_UNKNOWN_TAGS = frozenset({"hev1", "dvhe"})


@dataclass(frozen=True, slots=True)
class VideoVerdict:
    """faults: why it does not play as it is; empty: it does, once it is mended. wrong: what has to be mended; mend:
    how, and what is left out of a copy that has to be made anyway."""

    faults: tuple[str, ...]
    wrong: tuple[str, ...] = ()
    mend: Mend | None = None


def codec_name(codec: str | None) -> str:
    return _NAMES.get(codec or "", codec or "unknown codec")


def describe(stream: VideoStream) -> str:
    """ "H.264 High level 4.0, 1920×1080 at 24 fps" """
    words = [codec_name(stream.codec)]
    if stream.profile is not None and not stream.profile.isdecimal():
        words.append(stream.profile)
    if stream.level is not None and stream.codec in ("h264", "hevc", "av1"):
        words.append(f"level {levels.level_name(stream.codec, stream.level)}")
    size = f"{stream.width}×{stream.height}"
    kind = hdr.base(true_flags(stream))
    light = "" if kind is None else f", {'Dolby Vision' if kind not in hdr.COLOURS else hdr.NAMES[kind]}"
    return f"{' '.join(words)}, {size}{_at(stream.frame_rate)}{light}"


def judge(
    stream: VideoStream, row: VideoRow | None, container: str, settings: Settings, *, turned: bool
) -> VideoVerdict:
    """Whether `stream` plays as it is on devices that `row` stands for (None: they do not take the codec), in this
    container. turned: it can tell players to turn the picture."""
    if row is None:
        return VideoVerdict(("the devices do not play this codec",))
    true = true_flags(stream)
    faults = [
        *_form_faults(true, row),
        *_colour_faults(true, row, container),
        *_size_faults(true, row, settings),
    ]
    if stream.bare and container != "mp4":
        faults.append(
            f"its parameter sets come with the frames only, and ffmpeg cannot put them in front in {container}"
        )
    if not turned and stream.rotation:
        faults.append(f"turned by {stream.rotation}°, which the container cannot tell the player")
    elif not turned and stream.mirrored:
        faults.append("mirrored, which the container cannot tell the player")
    level = None
    if row.level is not None and not faults:
        fault, level = levels.misstated(true, row.level)
        faults = [fault] if fault is not None else []
    if faults:
        return VideoVerdict(tuple(faults))
    return _mending(stream, true, level, container)


def _mending(stream: VideoStream, true: VideoStream, level: int | None, container: str) -> VideoVerdict:
    """What has to be rewritten so that the flags tell the truth."""
    overstated = level is not None and stream.level is not None and stream.level > level
    tag = container == "mp4" and stream.codec == "hevc" and stream.codec_tag in _UNKNOWN_TAGS
    told = {
        f"its stated level is too {'high' if overstated else 'low'}": level is not None,
        "the shape that it claims for its pixels cannot be": true.pixel_aspect != stream.pixel_aspect,
        "the transfer that it claims cannot be": true.color_transfer != stream.color_transfer,
        "the matrix that it claims cannot be": true.color_space != stream.color_space,
        "its parameter sets are not in the record where receivers look for them": stream.bare,
        "its name in MP4 is one that receivers do not know": tag,
    }
    mend = Mend(
        level=level,
        aspect=true.pixel_aspect if true.pixel_aspect != stream.pixel_aspect else None,
        transfer=true.color_transfer if true.color_transfer != stream.color_transfer else None,
        matrix=true.color_space if true.color_space != stream.color_space else None,
        without_dolby=hdr.has_two_layers(stream),
        sets=stream.bare,
        tag=tag,
    )
    wrong = tuple(what for what, holds in told.items() if holds)
    return VideoVerdict((), wrong, mend if mend != Mend() else None)


def _form_faults(stream: VideoStream, row: VideoRow) -> Iterator[str]:
    if stream.profile is not None and row.profiles and stream.profile not in row.profiles:
        yield f"profile {stream.profile} does not play"
    if stream.pixel_format is not None and stream.pixel_format not in row.pixel_formats:
        depths = "8-bit or 10-bit" if _TEN_BIT in row.pixel_formats else "8-bit"
        yield f"pixel format {stream.pixel_format} is not {depths} 4:2:0"
    if not row.interlaced and (stream.interlaced or stream.coded_interlaced):
        yield "interlaced"
    elif not row.interlaced and stream.scan is Scan.TELECINED:
        yield "telecined: film at 24 fps spread over interlaced video"


def _colour_faults(stream: VideoStream, row: VideoRow, container: str) -> Iterator[str]:
    kind = hdr.base(stream)
    if not hdr.is_shown(stream, row, container) and kind is not None:
        yield f"{hdr.NAMES[kind]}, which the devices do not show"
    elif kind is None and not row.hdr and stream.color_primaries == "bt2020":
        yield "BT.2020 colours, which the devices do not show"


def _size_faults(stream: VideoStream, row: VideoRow, settings: Settings) -> Iterator[str]:
    width, height = stream.width or 0, stream.height or 0
    if not any(sizes.fits(width, height, stream.frame_rate, limit) for limit in row.limits):
        boxes = " or ".join(f"{box.width}×{box.height}{_at(box.rate)}" for box in row.limits)
        yield f"more than {boxes}"
    if settings.max_height and sizes.display_size(stream)[1] > sizes.highest(settings.max_height):
        yield f"higher than {settings.max_height} lines, as configured"


def target(stream: VideoStream, row: VideoRow, settings: Settings, tone_mapper: str | None) -> VideoTarget:
    """What `stream` has to become to play: as large and as fast as it was, as far as the devices go, and in HDR where
    they show it. tone_mapper: the row of tone_mapping.py for HDR that they do not show."""
    true = true_flags(stream)
    wanted = sizes.display_size(true)
    rate = sizes.shown_rate(true)
    box = next((limit for limit in row.limits if sizes.fits(*wanted, rate, limit)), row.limits[0])
    lines = sizes.highest(settings.max_height) if settings.max_height else box.height
    width, height = sizes.into(wanted, box, lines, sizes.smallest(row.codec))
    goal_rate = sizes.new_rate(true, box.rate)
    if row.level is not None:
        slowest = next((known for known in (goal_rate, rate) if known is not None), box.rate)
        width, height = levels.held(row.codec, row.level, (width, height), slowest)
    kept = hdr.kept_by_encoding(true, row)
    mapped = hdr.base(true) is not None and kept is None
    crop = sizes.only_crops(true, (width, height))
    same = (width, height) == wanted
    deep_source = is_deep(true.pixel_format) and not mapped
    return VideoTarget(
        codec=row.codec,
        width=width,
        height=height,
        level=row.level,
        rate=goal_rate,
        colours=_colours(true, row, mapped=mapped),
        deep=_TEN_BIT in row.pixel_formats and (kept is not None or deep_source),
        crop=crop and not same,
        scale=not crop,
        deinterlace=true.interlaced and not row.interlaced,
        telecined=true.scan is Scan.TELECINED,
        tone_map=tone_mapper if mapped else None,
        converted=(hdr.base(true) is None and is_wide(true)) or (kept is not None and hdr.strays(true, kept)),
        hdr=kept,
        mastering=true.mastering if kept is not None else None,
        light=true.light if kept is not None else None,
    )


def _colours(stream: VideoStream, row: VideoRow, *, mapped: bool) -> Colours:
    kept = hdr.kept_by_encoding(stream, row)
    if kept is not None:
        return hdr.COLOURS[kept]
    if mapped or is_wide(stream) or is_rgb(stream.pixel_format):
        return BT709
    return assumed(stream)


def describe_target(target: VideoTarget) -> str:
    """ "H.264, 1920×1080, deinterlaced, tone mapped to BT.709" """
    words = [_NAMES.get(target.codec, target.codec), f"{target.width}×{target.height}"]
    if target.rate is not None:
        words.append(f"{_fps(target.rate)} fps")
    if target.telecined:
        words.append("the film's own frames")
    if target.deinterlace:
        words.append("deinterlaced")
    if target.hdr is not None:
        words.append(f"{hdr.NAMES[target.hdr]} kept")
    if target.tone_map is not None:
        words.append("tone mapped to BT.709")
    return ", ".join(words)


def _at(rate: Fraction | None) -> str:
    return "" if rate is None else f" at {_fps(rate)} fps"


def _fps(rate: Fraction) -> str:
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")
