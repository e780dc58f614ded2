"""Which colours a picture is in, what is assumed where it does not say so, and flags that cannot be true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.encoder.media import HDR_TRANSFERS, VideoStream
from mkv2castd.encoder.pixels import is_deep, is_full, is_gray, is_rgb

_NARROWEST, _WIDEST = Fraction(1, 4), Fraction(4)
# Dolby's compatibility id of a base layer in standard brightness.
_DOLBY_SDR = 2
_SDR_MATRICES = frozenset({"bt709", "smpte170m", "bt470bg"})
# Codecs whose gray pictures are of limited range unless they say otherwise; in all others gray is of full range.
_BROADCAST = frozenset({"h264", "hevc", "av1", "vp9", "mpeg2video"})
# ITU-T H.273 by ffmpeg's names: primaries, transfer and matrix have the same number where they have the same name.
CODES: Mapping[str, int] = MappingProxyType({"bt709": 1, "bt470bg": 5, "smpte170m": 6, "bt2020": 9, "bt2020nc": 9})

# Where ffmpeg's option has another name for it than ffprobe and the filters.
_TRANSFER_OPTIONS: Mapping[str, str] = MappingProxyType({"bt470m": "gamma22", "bt470bg": "gamma28"})


@dataclass(frozen=True, slots=True)
class Colours:
    """ffprobe's names, which ffmpeg's filters know too."""

    primaries: str
    transfer: str
    matrix: str


BT709 = Colours("bt709", "bt709", "bt709")
_NTSC = Colours("smpte170m", "smpte170m", "smpte170m")
_PAL = Colours("bt470bg", "smpte170m", "bt470bg")
PQ = Colours("bt2020", "smpte2084", "bt2020nc")
HLG = Colours("bt2020", "arib-std-b67", "bt2020nc")
_GUESSES: Mapping[str, Colours] = MappingProxyType({"bt709": BT709, "smpte170m": _NTSC, "bt470bg": _PAL})


def true_flags(stream: VideoStream) -> VideoStream:
    """The same stream without the claims that its own other claims prove wrong; what it should have claimed instead.

    Pixels more than four times as wide as high, or the reverse, are square. RGB's matrix cannot be in a picture
    whose colours have fewer pixels than its brightness. PQ and HLG are not in an 8-bit picture that calls both its
    primaries and its matrix SDR, and says nothing of how it was graded; nor in one that Dolby Vision calls SDR.
    Anything less certain stays as it is: a picture that is really HDR would look grey.
    """
    true = stream
    if stream.pixel_aspect is not None and not _NARROWEST <= stream.pixel_aspect <= _WIDEST:
        true = replace(true, pixel_aspect=Fraction(1))
    if stream.color_space == "gbr" and (stream.pixel_format or "").startswith(("yuv420", "yuv422", "yuvj42")):
        true = replace(true, color_space=assumed(replace(stream, color_space=None)).matrix)
    if true.color_transfer in HDR_TRANSFERS and (_is_sdr_by_all_else(true) or _dolby_calls_it_sdr(true)):
        true = replace(true, color_transfer="bt709")
    return true


def _is_sdr_by_all_else(stream: VideoStream) -> bool:
    return (
        stream.pixel_format is not None
        and not is_deep(stream.pixel_format)
        and stream.color_primaries in _SDR_MATRICES
        and stream.color_space in _SDR_MATRICES
        and (stream.mastering, stream.light, stream.dolby_vision, stream.hdr10_plus) == (None, None, None, False)
    )


def _dolby_calls_it_sdr(stream: VideoStream) -> bool:
    return stream.dolby_vision is not None and stream.dolby_vision_base == _DOLBY_SDR


def assumed(stream: VideoStream) -> Colours:
    """The picture's colours, with what it does not say filled in: by its matrix or primaries, else as players do:
    BT.601 below 720 lines, BT.709 from there on."""
    known = (_GUESSES.get(name or "") for name in (stream.color_space, stream.color_primaries))
    guess = next((colours for colours in known if colours is not None), None) or _by_size(stream)
    return Colours(
        told(stream.color_primaries) or guess.primaries,
        told(stream.color_transfer) or guess.transfer,
        told(stream.color_space) or guess.matrix,
    )


def told(name: str | None) -> str | None:
    """ffprobe's name where it says something of a picture that is not RGB."""
    return None if name in (None, "reserved", "gbr", "unspecified") else name


def tagged(colours: Colours, color_range: str, *, field_mode: str = "auto") -> str:
    """The filter that makes frames say what they are in."""
    return (
        f"setparams=field_mode={field_mode}:range={color_range}:color_primaries={colours.primaries}"
        f":color_trc={colours.transfer}:colorspace={colours.matrix}"
    )


def transfer_option(name: str) -> str:
    """The value of `-color_trc` for ffprobe's name."""
    return _TRANSFER_OPTIONS.get(name, name)


def _by_size(stream: VideoStream) -> Colours:
    if is_rgb(stream.pixel_format) or (stream.height or 0) >= 720:
        return BT709
    return _PAL if stream.frame_rate in (25, 50) or stream.height in (576, 288) else _NTSC


def is_full_range(stream: VideoStream) -> bool:
    """Whether black is 0 and not 16."""
    if stream.color_range is not None:
        return stream.color_range == "pc"
    return is_full(stream.pixel_format) or (is_gray(stream.pixel_format) and stream.codec not in _BROADCAST)


def is_wide(stream: VideoStream) -> bool:
    """Whether its colours are ones that H.264's players do not take: BT.2020 and other matrices and primaries that
    are converted to BT.709 when it is encoded anew."""
    return (
        stream.color_primaries in ("bt2020", "smpte431", "smpte432", "film", "smpte428")
        or stream.color_space in ("bt2020nc", "bt2020c", "ycgco", "ictcp", "chroma-derived-nc", "chroma-derived-c")
    ) and not is_rgb(stream.pixel_format)
