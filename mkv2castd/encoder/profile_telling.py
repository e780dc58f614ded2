"""What a device plays, as it is told to those who ask."""

from __future__ import annotations

from mkv2castd.encoder.levels import level_name
from mkv2castd.encoder.playable import ContainerRow, Profile, VideoRow
from mkv2castd.encoder.profiles import PROFILES
from mkv2castd.queries import ContainerFacts, LimitFacts, PictureFacts, ProfileFacts, SoundFacts


def facts(name: str, profile: Profile) -> ProfileFacts:
    """name: under which it is known; a set of devices that has a name of its own is told as one."""
    return ProfileFacts(
        name,
        profile.title,
        name in PROFILES,
        tuple(_container(row, profile) for row in profile.containers),
        tuple(_picture(row) for row in profile.video),
        tuple(SoundFacts(row.codec, row.max_rate, row.max_bits) for row in profile.audio),
    )


def _container(row: ContainerRow, profile: Profile) -> ContainerFacts:
    return ContainerFacts(
        row.name,
        row.listed,
        tuple(picture.codec for picture in profile.video if picture.codec in row.video),
        tuple(sound.codec for sound in profile.audio if sound.codec in row.audio),
    )


def _picture(row: VideoRow) -> PictureFacts:
    return PictureFacts(
        row.codec,
        tuple(LimitFacts(limit.width, limit.height, float(limit.rate)) for limit in row.limits),
        tuple(sorted(row.profiles)),
        level_name(row.codec, row.level) if row.level is not None else None,
        "yuv420p10le" in row.pixel_formats,
        tuple(sorted(kind.value for kind in row.hdr)),
    )
