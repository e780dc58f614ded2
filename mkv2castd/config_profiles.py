"""The user's own profiles: `[[profile]]` tables → what plays, with each fault named by its key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec

from mkv2castd.encoder import av1_levels, h264_levels, hevc_levels, vp9_levels
from mkv2castd.encoder.cast_devices import AUDIO, CONTAINERS, DEVICES, EIGHT_BIT, PROFILES_OF, TEN_BIT
from mkv2castd.encoder.playable import AudioRow, Hdr, Limit, Profile, VideoRow, intersection, profile
from mkv2castd.encoder.profiles import fillable
from mkv2castd.model import Container

VideoCodec = Literal["av1", "h264", "hevc", "vp8", "vp9"]
AudioCodec = Literal["aac", "ac3", "dts", "eac3", "flac", "mp3", "opus", "truehd", "vorbis"]
Codec = Literal[VideoCodec, AudioCodec]
Box = Literal["mkv", "mp4", "mpegts", "webm"]
_Side = Annotated[int, msgspec.Meta(ge=16, le=16384)]
_Rate = Annotated[float, msgspec.Meta(ge=1, le=300)]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# What a codec is taken to play that a profile names without saying more.
_USUAL = Limit(1920, 1080, Fraction(60))
_HDR_OF: Mapping[str, frozenset[Hdr]] = MappingProxyType(
    {"av1": frozenset({Hdr.HDR10, Hdr.HLG}), "hevc": frozenset(Hdr), "vp9": frozenset({Hdr.HDR10, Hdr.HLG})}
)
_DOLBY_AND_DTS = (AudioRow("ac3"), AudioRow("dts", max_rate=192_000), AudioRow("eac3"), AudioRow("truehd", 192_000))
_AUDIO: Mapping[str, AudioRow] = MappingProxyType({row.codec: row for row in (*AUDIO, *_DOLBY_AND_DTS)})
_LEVELS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "h264": MappingProxyType({h264_levels.level_name(number): number for number in h264_levels.LEVELS}),
        "hevc": MappingProxyType({row.name: number for number, row in hevc_levels.LEVELS.items()}),
        "vp9": MappingProxyType({row.name: number for number, row in vp9_levels.LEVELS.items()}),
        "av1": MappingProxyType({row.name: number for number, row in av1_levels.LEVELS.items()}),
    }
)


class PictureConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[profile.video]]`. None: as in the profiles it is based on."""

    codec: VideoCodec
    max_width: _Side | None = None
    max_height: _Side | None = None
    max_rate: _Rate | None = None
    level: str | None = None
    profiles: tuple[str, ...] | None = None
    ten_bit: bool | None = None
    hdr: tuple[Hdr, ...] | None = None


class ProfileConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[profile]]`. None: as in the profiles it is based on, or as on every Cast device."""

    name: str
    title: str = ""
    based_on: tuple[str, ...] = ()
    without: tuple[Codec, ...] = ()
    video: tuple[PictureConfig, ...] = ()
    audio: tuple[AudioCodec, ...] | None = None
    containers: tuple[Box, ...] | None = None


def faults(custom: ProfileConfig) -> Iterator[tuple[str, str]]:
    """Each impossible value: its key below the table, and what is wrong with it. None: `built` may be called."""
    if _NAME.fullmatch(custom.name) is None:
        yield "name", f"{custom.name!r} must be up to 64 letters, digits, dots and dashes, as in living-room"
    if custom.name in DEVICES:
        yield "name", f"{custom.name!r} is a built-in profile: give yours another name"
    if not custom.title.isprintable():
        yield "title", "must be printable"
    for number, base in enumerate(custom.based_on):
        if base not in DEVICES:
            yield f"based_on[{number}]", f"there is no device {base!r}; allowed: {', '.join(sorted(DEVICES))}"
    codecs = [row.codec for row in custom.video]
    for number, row in enumerate(custom.video):
        at = f"video[{number}]"
        if row.codec in codecs[:number]:
            yield f"{at}.codec", f"{row.codec} stands twice: write one table of the two"
        yield from ((f"{at}.{key}" if key else at, fault) for key, fault in _row_faults(row, custom))
    if not any(fillable(_from(custom), container.value) for container in Container) and _bases_exist(custom):
        yield (
            "video",
            "no film can be made for this profile: it must play h264 and aac, hevc and aac, or vp9 and opus",
        )


def built(custom: ProfileConfig) -> Profile:
    """What plays there. `faults` must have found none."""
    return _from(custom)


def _bases_exist(custom: ProfileConfig) -> bool:
    return all(base in DEVICES for base in custom.based_on)


def _base(custom: ProfileConfig) -> Profile:
    members = [DEVICES[name] for name in dict.fromkeys(custom.based_on) if name in DEVICES]
    if not members:
        return Profile((), "", (), AUDIO, CONTAINERS)
    return reduce(intersection, members)


def _from(custom: ProfileConfig) -> Profile:
    base = _base(custom)
    changed = {row.codec: _row(row, base.video_row(row.codec)) for row in custom.video}
    video = {row.codec: row for row in base.video} | changed
    heard = base.audio if custom.audio is None else tuple(_AUDIO[codec] for codec in custom.audio)
    boxes = base.containers
    if custom.containers is not None:
        boxes = tuple(row for row in CONTAINERS if row.name in custom.containers)
    return profile(
        (custom.name,),
        custom.title or custom.name,
        (row for codec, row in video.items() if codec not in custom.without),
        (row for row in dict.fromkeys(heard) if row.codec not in custom.without),
        boxes,
    )


def _row(row: PictureConfig, base: VideoRow | None) -> VideoRow:
    """The codec's row, from what the table says and, for the rest, from `base`."""
    eight, ten = PROFILES_OF[row.codec]
    start = base if base is not None else VideoRow(row.codec, (_USUAL,), EIGHT_BIT, eight)
    deep = row.ten_bit if row.ten_bit is not None else "yuv420p10le" in start.pixel_formats
    profiles = start.profiles
    if row.ten_bit is not None:
        profiles = profiles | ten if deep else profiles - ten
    number = None if row.level is None else _LEVELS.get(row.codec, {}).get(row.level)
    return replace(
        start,
        limits=_limits(row, start.limits),
        pixel_formats=start.pixel_formats | TEN_BIT if deep else start.pixel_formats & EIGHT_BIT,
        profiles=profiles if row.profiles is None else frozenset(row.profiles),
        level=start.level if number is None else number,
        hdr=start.hdr if row.hdr is None else frozenset(row.hdr),
    )


def _limits(row: PictureConfig, base: Sequence[Limit]) -> tuple[Limit, ...]:
    """One box where the table says anything of size or rate; what it leaves out is as in the base's largest."""
    if (row.max_width, row.max_height, row.max_rate) == (None, None, None):
        return tuple(base)
    largest = base[0]
    return (
        Limit(
            row.max_width if row.max_width is not None else largest.width,
            row.max_height if row.max_height is not None else largest.height,
            Fraction(row.max_rate).limit_denominator(1001) if row.max_rate is not None else largest.rate,
        ),
    )


def _row_faults(row: PictureConfig, custom: ProfileConfig) -> Iterator[tuple[str, str]]:
    eight, ten = PROFILES_OF[row.codec]
    levels = _LEVELS.get(row.codec, {})
    if row.level is not None and row.level not in levels:
        known = f"allowed: {', '.join(levels)}" if levels else f"{row.codec} has no levels: leave it out"
        yield "level", f"{row.level!r} is no level of {row.codec}; {known}"
        return
    for name in row.profiles if row.profiles is not None else ():
        if name not in eight | ten:
            known = f"allowed: {', '.join(sorted(eight | ten))}" if eight else "it has none: leave them out"
            yield "profiles", f"{name!r} is no profile of {row.codec} that can be told apart; {known}"
    if row.profiles == () and eight:
        yield "profiles", f"is empty; allowed: at least one of {', '.join(sorted(eight | ten))}"
    made = _row(row, _base(custom).video_row(row.codec))
    if row.ten_bit and row.codec == "vp8":
        yield "ten_bit", "VP8 has 8 bits; allowed: false"
    elif row.ten_bit and not ten <= made.profiles:
        yield (
            "profiles",
            f"ten_bit = true goes with {', '.join(sorted(ten))} only; allowed: with it, or without ten_bit",
        )
    impossible = made.hdr - _HDR_OF.get(row.codec, frozenset())
    if impossible:
        possible = ", ".join(sorted(_HDR_OF.get(row.codec, ()))) or "none, as its pictures have 8 bits"
        yield "hdr", f"{', '.join(sorted(impossible))} does not go with {row.codec}; allowed: {possible}"
    elif made.hdr and "yuv420p10le" not in made.pixel_formats:
        yield "hdr", "HDR has 10 bits; allowed: together with ten_bit = true"
    yield from ((key, fault) for key, fault in _level_faults(made, row))


def _level_faults(made: VideoRow, row: PictureConfig) -> Iterator[tuple[str, str]]:
    """A film that is made as large and fast as allowed must be within the level, too."""
    if made.level is None:
        return
    for box in made.limits:
        if not _holds(made.codec, made.level, box):
            name = next(name for name, number in _LEVELS[made.codec].items() if number == made.level)
            picture = f"{box.width}×{box.height} at {float(box.rate):g} pictures a second"
            key = "level" if row.level is not None else "max_height"
            yield key, f"{made.codec} level {name} holds no {picture}; allowed: a higher level, or less of these"


def _holds(codec: str, level: int, box: Limit) -> bool:
    if codec == "h264":
        return h264_levels.fits(level, box.width, box.height, box.rate, None, None)
    table = {"hevc": hevc_levels.LEVELS, "vp9": vp9_levels.LEVELS, "av1": av1_levels.LEVELS}[codec]
    return table[level].holds(box.width, box.height, box.rate, None)
