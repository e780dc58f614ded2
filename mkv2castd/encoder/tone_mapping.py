"""How a picture comes out of HDR into BT.709: one row for each way, and what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from mkv2castd.encoder.colours import is_full_range
from mkv2castd.encoder.hdr import WHITE_NITS, base, peak_nits
from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.pixels import is_rgb
from mkv2castd.encoder.playable import Hdr
from mkv2castd.encoder.tools import Tools

# What zscale knows by the same name as ffprobe.
_MATRICES = frozenset({"bt709", "smpte170m", "bt470bg", "bt2020nc", "bt2020c", "ictcp", "ycgco", "smpte240m", "fcc"})
_PRIMARIES = frozenset({"bt709", "smpte170m", "bt470bg", "bt2020", "film", "smpte428", "smpte431", "smpte432"})
_SDR_TRANSFERS = frozenset({"bt709", "smpte170m", "bt470bg", "bt470m", "smpte240m", "iec61966-2-1", "linear"})


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


def _placebo(_stream: VideoStream) -> list[str]:
    """BT.2390's curve: in the dark as it was, bright things rolled off; measured to be close to the other row."""
    options = "tonemapping=bt.2390:colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv:format=yuv420p"
    # the filters' device may be the encoder's, from which Vulkan's is derived; Vulkan's own gives itself
    upload = "hwupload=derive_device=vulkan"
    return ["format=yuv420p10le", upload, f"libplacebo={options}", "hwdownload", "format=yuv420p"]


def _zscale(stream: VideoStream) -> list[str]:
    """White paper (203 nits) comes to 85 %, everything up to 60 nits is as bright as BT.2408 has it, and the film's
    peak becomes white."""
    transfer = "arib-std-b67" if base(stream) is Hdr.HLG else "smpte2084"
    peak = max(Fraction(1), peak_nits(stream) / WHITE_NITS)
    return [
        f"zscale={_given(stream, 'bt2020', transfer, 'bt2020nc')}:t=linear:npl={WHITE_NITS}",
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


def narrowed(stream: VideoStream) -> list[str]:
    """Out of BT.2020 and its like into BT.709, without a change of brightness."""
    transfer = stream.color_transfer if stream.color_transfer in _SDR_TRANSFERS else "bt709"
    given = _given(stream, "bt2020", transfer or "bt709", "bt2020nc")
    return [f"zscale={given}:p=bt709:t=bt709:m=bt709:r=limited"]


def _given(stream: VideoStream, primaries: str, transfer: str, matrix: str) -> str:
    """What the frames are in, said outright: zscale refuses frames that leave any of it unsaid."""
    if stream.color_primaries in _PRIMARIES:
        primaries = stream.color_primaries or primaries
    if is_rgb(stream.pixel_format):
        matrix = "gbr"
    elif stream.color_space in _MATRICES:
        matrix = stream.color_space or matrix
    full = is_full_range(stream) or is_rgb(stream.pixel_format)
    return f"pin={primaries}:tin={transfer}:min={matrix}:rin={'full' if full else 'limited'}"
