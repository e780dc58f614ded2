"""Devices on the wire: what each plays, and how a film stands with it."""

from __future__ import annotations

from msgspec import Struct


class DeviceVerdictView(Struct, frozen=True, kw_only=True):
    """Whether a film plays on a device as it is. `reasons`: why not; empty when it plays."""

    id: str
    name: str
    plays: bool
    reasons: list[str]


class LimitView(Struct, frozen=True, kw_only=True):
    """A picture of at most `width` × `height` at most `rate` times a second."""

    width: int
    height: int
    rate: float


class PictureCodecView(Struct, frozen=True, kw_only=True):
    """A picture has to fit one of `limits`. `level`: the highest, as "5.1"; null: none but these limits. `hdr`: the
    kinds that are shown as such: hdr10, hlg, dolby-vision."""

    codec: str
    limits: list[LimitView]
    profiles: list[str]
    level: str | None
    ten_bit: bool
    hdr: list[str]


class SoundCodecView(Struct, frozen=True, kw_only=True):
    """`max_rate` in Hz."""

    codec: str
    max_rate: int
    max_bits: int


class ContainerView(Struct, frozen=True, kw_only=True):
    """`listed`: by Google; else it plays in practice. `video`, `audio`: the codecs that play in it."""

    name: str
    listed: bool
    video: list[str]
    audio: list[str]


class ProfileView(Struct, frozen=True, kw_only=True):
    """One of the answer of GET /api/profiles/. `builtin`: false for those of the configuration."""

    id: str
    title: str
    builtin: bool
    containers: list[ContainerView]
    video: list[PictureCodecView]
    audio: list[SoundCodecView]
