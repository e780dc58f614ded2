"""What a device plays, as types, and what plays on two of them: the intersection.

The rows of one profile are in alphabetical order, so that an intersection is the same whichever way it was come to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Hdr(StrEnum):
    """A kind of HDR that a device may show. HDR10+ counts as HDR10, which every such picture is by itself."""

    HDR10 = "hdr10"
    HLG = "hlg"
    DOLBY_VISION = "dolby-vision"


@dataclass(frozen=True, slots=True)
class Limit:
    """A picture of at most width × height at most `rate` times a second."""

    width: int
    height: int
    rate: Fraction


@dataclass(frozen=True, slots=True)
class VideoRow:
    """One codec that plays. A picture has to fit one of `limits`.

    level: the highest, in ffprobe's numbers (H.264 4.1 is 41, HEVC 5.1 is 153, VP9 5.1 is 51, AV1 5.1 is 13); None:
    size and rate are the only limits. profiles: ffprobe's names; empty where the codec has none.
    """

    codec: str
    limits: tuple[Limit, ...]
    pixel_formats: frozenset[str]
    profiles: frozenset[str] = frozenset()
    level: int | None = None
    interlaced: bool = False
    hdr: frozenset[Hdr] = frozenset()

    def shows(self, kind: Hdr | None) -> bool:
        """Whether a picture of this kind of HDR is shown as such; None stands for a picture without HDR."""
        return kind is None or kind in self.hdr


@dataclass(frozen=True, slots=True)
class AudioRow:
    """One codec that plays. max_rate in Hz. profiles: ffprobe's names that play; empty: the codec has none."""

    codec: str
    max_rate: int = 96_000
    max_bits: int = 24
    profiles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ContainerRow:
    """A container and what players take in it, where the device plays the codec at all. listed: Google lists it; else
    it plays in practice."""

    name: str
    listed: bool
    video: frozenset[str]
    audio: frozenset[str]


@dataclass(frozen=True, slots=True)
class Profile:
    """What plays on all the devices named in `names`. A container that no film of it may be in is no row."""

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


def profile(
    names: tuple[str, ...],
    title: str,
    video: Iterable[VideoRow],
    audio: Iterable[AudioRow],
    containers: Iterable[ContainerRow],
) -> Profile:
    """A profile in its one form: its rows in order, without containers that nothing of it may be in."""
    pictures = tuple(sorted(video, key=lambda row: row.codec))
    sounds = tuple(sorted(audio, key=lambda row: row.codec))
    shown, heard = {row.codec for row in pictures}, {row.codec for row in sounds}
    used = (row for row in containers if row.video & shown and row.audio & heard)
    return Profile(names, title, pictures, sounds, tuple(sorted(used, key=lambda row: row.name)))


def intersection(one: Profile, other: Profile) -> Profile:
    """What plays on the devices of both."""
    return profile(
        tuple(dict.fromkeys((*one.names, *other.names))),
        f"{one.title} and {other.title}",
        (row for a in one.video for b in other.video if a.codec == b.codec for row in _video(a, b)),
        (row for a in one.audio for b in other.audio if a.codec == b.codec for row in _audio(a, b)),
        (_container(a, b) for a in one.containers for b in other.containers if a.name == b.name),
    )


def _video(one: VideoRow, other: VideoRow) -> tuple[VideoRow, ...]:
    """Nothing where the two rows have no picture in common."""
    row = VideoRow(
        one.codec,
        smaller(one.limits, other.limits),
        one.pixel_formats & other.pixel_formats,
        one.profiles & other.profiles,
        min((row.level for row in (one, other) if row.level is not None), default=None),
        one.interlaced and other.interlaced,
        one.hdr & other.hdr,
    )
    return (row,) if row.pixel_formats and (row.profiles or not one.profiles | other.profiles) else ()


def _audio(one: AudioRow, other: AudioRow) -> tuple[AudioRow, ...]:
    profiles = one.profiles & other.profiles
    row = AudioRow(one.codec, min(one.max_rate, other.max_rate), min(one.max_bits, other.max_bits), profiles)
    return (row,) if profiles or not one.profiles | other.profiles else ()


def _container(one: ContainerRow, other: ContainerRow) -> ContainerRow:
    return ContainerRow(one.name, one.listed and other.listed, one.video & other.video, one.audio & other.audio)


def smaller(one: Iterable[Limit], other: Sequence[Limit]) -> tuple[Limit, ...]:
    """Every pair's smaller box, without those that lie within another; the largest picture first."""
    boxes = {Limit(min(a.width, b.width), min(a.height, b.height), min(a.rate, b.rate)) for a in one for b in other}
    kept = [box for box in boxes if not any(box != wider and within(box, wider) for wider in boxes)]
    return tuple(sorted(kept, key=lambda box: (-box.width * box.height, -box.rate, -box.width)))


def within(box: Limit, wider: Limit) -> bool:
    return box.width <= wider.width and box.height <= wider.height and box.rate <= wider.rate
