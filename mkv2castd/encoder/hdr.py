"""Which kind of HDR a picture is, by itself and for those who know Dolby Vision; how bright it gets."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.encoder.colours import HLG, PQ, Colours, told
from mkv2castd.encoder.media import Mastering, VideoStream
from mkv2castd.encoder.pixels import is_deep
from mkv2castd.encoder.playable import Hdr, VideoRow

# BT.2408: how bright white paper is in HDR, in nits; what SDR's white stands for.
WHITE_NITS = 203
# What films without a word about it are graded for; HLG's nominal screen is as bright (BT.2100).
_USUAL_NITS = 1000
_BRIGHTEST_NITS = 10_000
# Dolby's compatibility id: what the base layer is by itself.
_NOTHING, _SDR = 0, 2
_BASES: Mapping[int, Hdr] = MappingProxyType({1: Hdr.HDR10, 4: Hdr.HLG, 6: Hdr.HDR10})
_TRANSFERS: Mapping[str, Hdr] = MappingProxyType({"smpte2084": Hdr.HDR10, "arib-std-b67": Hdr.HLG})
COLOURS: Mapping[Hdr, Colours] = MappingProxyType({Hdr.HDR10: PQ, Hdr.HLG: HLG})
NAMES: Mapping[Hdr, str] = MappingProxyType(
    {Hdr.HDR10: "HDR10", Hdr.HLG: "HLG", Hdr.DOLBY_VISION: "Dolby Vision without an HDR10 or standard form"}
)
# Containers whose players know Dolby Vision by its record beside the codec's.
_DOLBY_CONTAINERS = frozenset({"mp4", "mkv"})
# Profile 7 carries a second picture that makes the first one better; no Cast device puts them together.
_TWO_LAYERS = 7


def base(stream: VideoStream) -> Hdr | None:
    """What the picture is for those who know no Dolby Vision: HDR10, HLG, or None for standard brightness.
    Hdr.DOLBY_VISION: nothing that they could show."""
    if stream.dolby_vision is not None:
        identity = stream.dolby_vision_base
        if identity == _NOTHING or (identity is None and stream.dolby_vision == 5):
            return Hdr.DOLBY_VISION
        if identity == _SDR:
            return None
        if identity is not None and identity in _BASES:
            return _BASES[identity]
    return _TRANSFERS.get(stream.color_transfer or "")


def is_shown(stream: VideoStream, row: VideoRow, container: str) -> bool:
    """Whether devices that `row` stands for show the picture as it was meant, in this container."""
    kind = base(stream)
    told = container in _DOLBY_CONTAINERS and not stream.dolby_in_frames
    return row.shows(kind) and (kind is not Hdr.DOLBY_VISION or told)


def may_be_dolby(stream: VideoStream) -> bool:
    """Could its frames say that it is Dolby Vision of profile 5, though its container does not? Such a picture is
    HEVC in 10 bits, and its colours are ones that HEVC has no name for: unsaid, or of full range."""
    if stream.codec != "hevc" or stream.dolby_vision is not None or not is_deep(stream.pixel_format):
        return False
    return None in (stream.color_transfer, stream.color_space) or stream.color_range == "pc"


def has_two_layers(stream: VideoStream) -> bool:
    return stream.dolby_vision == _TWO_LAYERS


def kept_by_encoding(stream: VideoStream, row: VideoRow) -> Hdr | None:
    """The HDR that a new encode for these devices keeps: HDR10 or HLG in 10 bits, else None."""
    kind = base(stream)
    deep = "yuv420p10le" in row.pixel_formats
    return kind if kind in COLOURS and row.shows(kind) and deep else None


def strays(stream: VideoStream, kept: Hdr) -> bool:
    """Whether the picture says that its HDR is in other colours than those that a new encode is in."""
    said = (stream.color_primaries, COLOURS[kept].primaries), (stream.color_space, COLOURS[kept].matrix)
    return any(told(name) not in (None, usual) for name, usual in said)


def peak_nits(stream: VideoStream) -> Fraction:
    """The brightest that the film gets. Claims that make no sense (0, darker than white) count as none."""
    claims = (
        Fraction(stream.light.max_content) if stream.light is not None else None,
        stream.mastering.brightest if stream.mastering is not None else None,
    )
    if base(stream) is not Hdr.HDR10:
        return Fraction(_USUAL_NITS)
    sensible = (claim for claim in claims if claim is not None and WHITE_NITS < claim <= _BRIGHTEST_NITS)
    return next(sensible, Fraction(_USUAL_NITS))


def x265_mastering(screen: Mastering) -> str:
    """As x265 takes it: colours in 0.00002, nits in 0.0001."""
    points = {"G": screen.green, "B": screen.blue, "R": screen.red, "WP": screen.white}
    told = "".join(f"{name}({round(x * 50_000)},{round(y * 50_000)})" for name, (x, y) in points.items())
    return f"{told}L({round(screen.brightest * 10_000)},{round(screen.darkest * 10_000)})"
