"""How a picture comes out of HDR into BT.709: one row for each way, and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.encoder.colours import Colours, is_full_range, tagged, told
from mkv2castd.encoder.hdr import WHITE_NITS, base, peak_nits
from mkv2castd.encoder.media import HDR_TRANSFERS, VideoStream
from mkv2castd.encoder.pixels import is_rgb
from mkv2castd.encoder.playable import Hdr
from mkv2castd.encoder.tools import Tools

# What zscale cannot take, and the nearest that it can: BT.1361 is BT.709 with negative colours, cinema has gamma 2.6.
_NEAREST_TRANSFERS: Mapping[str, str] = MappingProxyType({"bt1361e": "bt709", "smpte428": "bt470bg"})
# The only transfers that are defined for BT.2020 of constant luminance.
_CONSTANT_LUMINANCE = frozenset({"bt709", "smpte170m", "bt2020-10", "bt2020-12"})
# A picture that leaves its primaries or its matrix unsaid, and is known to be in HDR or of wide colours.
_WIDE = Colours("bt2020", "bt709", "bt2020nc")


@dataclass(frozen=True, slots=True)
class ToneMapper:
    """needs: the filters of ffmpeg that it is made of; proved: it works only where Tools.placebo says so. dolby: it
    applies Dolby Vision's descriptions. options: global ones of ffmpeg, needed where filters have no device yet.
    chain: the filters from the decoded frame to BT.709 in limited range."""

    name: str
    needs: frozenset[str]
    chain: Callable[[VideoStream], list[str]]
    proved: bool = False
    dolby: bool = False
    options: tuple[str, ...] = ()

    def can(self, stream: VideoStream, tools: Tools) -> bool:
        return (
            (self.dolby or base(stream) is not Hdr.DOLBY_VISION)
            and (tools.placebo or not self.proved)
            and all(tools.has_filter(name) for name in self.needs)
        )


def _placebo(stream: VideoStream) -> list[str]:
    """BT.2390's curve: in the dark as it was, bright things rolled off; measured to be close to the other row."""
    options = "tonemapping=bt.2390:colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv:format=yuv420p"
    # of Dolby Vision without an HDR10 form, only its descriptions say what it is in
    given = [] if base(stream) is Hdr.DOLBY_VISION else [_given(stream, _transfer(stream))]
    # the filters' device may be the encoder's, from which Vulkan's is derived; Vulkan's own gives itself
    upload = "hwupload=derive_device=vulkan"
    return [*given, "format=yuv420p10le", upload, f"libplacebo={options}", "hwdownload", "format=yuv420p"]


def _zscale(stream: VideoStream) -> list[str]:
    """White paper (203 nits) comes to 85 %, everything up to 60 nits is as bright as BT.2408 has it, and the film's
    peak becomes white."""
    peak = max(Fraction(1), peak_nits(stream) / WHITE_NITS)
    return [
        _given(stream, _transfer(stream)),
        f"zscale=t=linear:npl={WHITE_NITS}",
        "format=gbrpf32le",
        "zscale=p=bt709",
        f"tonemap=tonemap=mobius:desat=0:peak={float(peak):.3f}",
        "zscale=t=bt709:m=bt709:r=limited",
    ]


TONE_MAPPERS = (
    ToneMapper(
        "libplacebo",
        frozenset({"libplacebo"}),
        _placebo,
        proved=True,
        dolby=True,
        options=("-init_hw_device", "vulkan=placebo", "-filter_hw_device", "placebo"),
    ),
    ToneMapper("zscale", frozenset({"zscale", "tonemap"}), _zscale),
)


def tone_mapper(stream: VideoStream, tools: Tools) -> ToneMapper | None:
    """The best way for this film with this ffmpeg; None when there is none. One that needs a graphics card comes last
    where the processor plays its part."""
    able = (row for row in TONE_MAPPERS if row.can(stream, tools))
    return min(able, key=lambda row: row.proved and tools.in_software, default=None)


def by_name(name: str) -> ToneMapper:
    """Raises LookupError when there is no such row."""
    for row in TONE_MAPPERS:
        if row.name == name:
            return row
    raise LookupError(f"no tone mapper {name}")


def converted(stream: VideoStream, into: Colours) -> list[str]:
    """Out of BT.2020 and its like, or into HDR's usual form, without a change of brightness."""
    transfer = told(stream.color_transfer) or into.transfer
    if (transfer in HDR_TRANSFERS) != (into.transfer in HDR_TRANSFERS):
        transfer = into.transfer
    return [_given(stream, transfer), f"zscale=p={into.primaries}:t={into.transfer}:m={into.matrix}:r=limited"]


def _transfer(stream: VideoStream) -> str:
    return "arib-std-b67" if base(stream) is Hdr.HLG else "smpte2084"


def _given(stream: VideoStream, transfer: str) -> str:
    """What the frames are in, said outright and on the frames themselves: zscale refuses those that leave any of it
    unsaid, here or further down the chain. What it has no equations for becomes the nearest that it has: grey stays
    exact, and colours come close."""
    transfer = _NEAREST_TRANSFERS.get(transfer, transfer)
    primaries = told(stream.color_primaries) or _WIDE.primaries
    matrix = "gbr" if is_rgb(stream.pixel_format) else told(stream.color_space) or _WIDE.matrix
    if matrix == "ictcp":
        primaries = _WIDE.primaries  # the only ones that it is defined for (ITU-T H.273, 8.3)
    if not _is_defined(matrix, transfer):
        matrix = _WIDE.matrix
    full = is_full_range(stream) or is_rgb(stream.pixel_format)
    return tagged(Colours(primaries, transfer, matrix), "pc" if full else "tv")


def _is_defined(matrix: str, transfer: str) -> bool:
    """Whether zscale has this matrix for this transfer."""
    match matrix:
        case "ictcp":
            return transfer in HDR_TRANSFERS
        case "bt2020c":
            return transfer in _CONSTANT_LUMINANCE
        case _:
            return matrix != "smpte2085"
