"""What each Cast device plays, as data, and the intersection of several devices.

Sources of the facts: [A] Google, "Supported Media for Google Cast"; [B] the Jellyfin project's Cast receiver,
which decides what Jellyfin plays directly. A further device is a further row of PROFILES, a further codec a
further row in its `video` or `audio`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from types import MappingProxyType

from mkv2castd.errors import ErrorCode, RequestError


@dataclass(frozen=True, slots=True)
class Limit:
    """A picture of at most width × height at most `rate` times a second."""

    width: int
    height: int
    rate: Fraction


@dataclass(frozen=True, slots=True)
class VideoRow:
    """One codec that plays. A picture has to fit one of `limits`. level: the highest (41: H.264 4.1); None where
    the codec has no levels. profiles: ffprobe's names; empty where the codec has none."""

    codec: str
    limits: tuple[Limit, ...]
    pixel_formats: frozenset[str]
    profiles: frozenset[str] = frozenset()
    level: int | None = None
    interlaced: bool = False
    hdr: bool = False


@dataclass(frozen=True, slots=True)
class AudioRow:
    """One codec that plays. max_rate in Hz. profiles: ffprobe's names that play; empty: the codec has none."""

    codec: str
    max_rate: int = 96_000
    max_bits: int = 24
    profiles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ContainerRow:
    """A container and what players take in it. listed: Google lists it; else it plays in practice."""

    name: str
    listed: bool
    video: frozenset[str]
    audio: frozenset[str]


@dataclass(frozen=True, slots=True)
class Profile:
    """What plays on all the devices named in `names`."""

    names: tuple[str, ...]
    title: str
    video: tuple[VideoRow, ...]
    audio: tuple[AudioRow, ...]
    containers: tuple[ContainerRow, ...]

    def video_row(self, codec: str | None) -> VideoRow | None:
        return next((row for row in self.video if row.codec == codec), None)

    def audio_row(self, codec: str | None) -> AudioRow | None:
        return next((row for row in self.audio if row.codec == codec), None)

    def container(self, name: str | None) -> ContainerRow | None:
        return next((row for row in self.containers if row.name == name), None)


_1080P30 = Limit(1920, 1080, Fraction(30))
_1080P60 = Limit(1920, 1080, Fraction(60))
_720P60 = Limit(1280, 720, Fraction(60))

# [A] "High Profile": every profile below it is contained in it, the 10-bit and 4:2:2 ones are not.
_H264_PROFILES = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})
_8BIT_420 = frozenset({"yuv420p", "yuvj420p"})

_H264_CHROMECAST_1 = VideoRow("h264", (_1080P30, _720P60), _8BIT_420, _H264_PROFILES, level=41)  # [A]
_H264_CHROMECAST_3 = VideoRow("h264", (_1080P60,), _8BIT_420, _H264_PROFILES, level=42)  # [A]
_VP8 = VideoRow("vp8", (_1080P30, _720P60), frozenset({"yuv420p"}))  # [A]: both devices

_AUDIO = (  # [A]: every device. Channels are judged by the plan: no device is certain of more than two [B].
    AudioRow("aac", profiles=frozenset({"LC", "HE-AAC", "HE-AACv2"})),
    AudioRow("mp3"),
    AudioRow("vorbis"),
    AudioRow("opus"),
    AudioRow("flac", max_rate=96_000, max_bits=24),
)
_CONTAINERS = (
    ContainerRow("mp4", True, frozenset({"h264"}), frozenset({"aac", "mp3"})),  # [A], audio [B]
    ContainerRow("webm", True, frozenset({"vp8"}), frozenset({"opus", "vorbis"})),  # [A], audio [B]
    ContainerRow("mpegts", True, frozenset({"h264"}), frozenset({"aac", "mp3"})),  # [A]
    # Not listed; receivers play it in practice, being Chromium. WebM is a Matroska, and ffprobe tells them not
    # apart, so what plays in WebM stands here too.
    ContainerRow("mkv", False, frozenset({"h264", "vp8"}), frozenset({"aac", "mp3", "vorbis", "opus", "flac"})),
)


def _intersection(one: Profile, other: Profile) -> Profile:
    video = tuple(_video(a, b) for a in one.video for b in other.video if a.codec == b.codec)
    audio = tuple(_audio(a, b) for a in one.audio for b in other.audio if a.codec == b.codec)
    containers = tuple(_container(a, b) for a in one.containers for b in other.containers if a.name == b.name)
    names = tuple(dict.fromkeys((*one.names, *other.names)))
    return Profile(names, f"{one.title} and {other.title}", video, audio, containers)


def _video(one: VideoRow, other: VideoRow) -> VideoRow:
    levels = [row.level for row in (one, other) if row.level is not None]
    return VideoRow(
        one.codec,
        _limits(one.limits, other.limits),
        one.pixel_formats & other.pixel_formats,
        one.profiles & other.profiles,
        min(levels, default=None),
        one.interlaced and other.interlaced,
        one.hdr and other.hdr,
    )


def _audio(one: AudioRow, other: AudioRow) -> AudioRow:
    return AudioRow(
        one.codec,
        min(one.max_rate, other.max_rate),
        min(one.max_bits, other.max_bits),
        one.profiles & other.profiles,
    )


def _container(one: ContainerRow, other: ContainerRow) -> ContainerRow:
    return ContainerRow(one.name, one.listed and other.listed, one.video & other.video, one.audio & other.audio)


def _limits(one: Iterable[Limit], other: Sequence[Limit]) -> tuple[Limit, ...]:
    """Every pair's smaller box, without those that lie within another; the largest picture first."""
    boxes = {Limit(min(a.width, b.width), min(a.height, b.height), min(a.rate, b.rate)) for a in one for b in other}
    kept = [box for box in boxes if not any(box != wider and _within(box, wider) for wider in boxes)]
    return tuple(sorted(kept, key=lambda box: (-box.width * box.height, -box.rate)))


def _within(box: Limit, wider: Limit) -> bool:
    return box.width <= wider.width and box.height <= wider.height and box.rate <= wider.rate


_CHROMECAST_1 = Profile(
    ("chromecast-1",), "Chromecast (1st and 2nd generation)", (_H264_CHROMECAST_1, _VP8), _AUDIO, _CONTAINERS
)
_CHROMECAST_3 = Profile(
    ("chromecast-3",), "Chromecast (3rd generation)", (_H264_CHROMECAST_3, _VP8), _AUDIO, _CONTAINERS
)
_CHROMECAST = replace(
    _intersection(_CHROMECAST_1, _CHROMECAST_3), names=("chromecast",), title="every Chromecast ever sold"
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {row.names[0]: row for row in (_CHROMECAST, _CHROMECAST_1, _CHROMECAST_3)}
)


def combine(names: Sequence[str]) -> Profile:
    """What plays on all the named devices: the intersection. A single name gives that very profile.

    Raises RequestError (invalid_argument) for an unknown name or none at all.
    """
    for name in names:
        if name not in PROFILES:
            allowed = ", ".join(sorted(PROFILES))
            raise RequestError(ErrorCode.INVALID_ARGUMENT, f"no such profile: {name!r}; allowed: {allowed}")
    if not names:
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "no profile given: name at least one device")
    return reduce(_intersection, (PROFILES[name] for name in dict.fromkeys(names)))
