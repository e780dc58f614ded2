"""Mend → ffmpeg's bitstream filters, and what the container has to say so that it agrees with them."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from mkv2castd.encoder.colours import CODES, transfer_option
from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.targets import Mend

# Dolby Vision's description of a frame, and its second layer: NAL units that the standard leaves to others.
_DOLBY_UNITS = "62-63"
_METADATA = MappingProxyType({"h264": "h264_metadata", "hevc": "hevc_metadata"})


def bitstream_filters(codec: str | None, mend: Mend) -> str:
    """The value of `-bsf:v`; empty when the bitstream itself has nothing to be mended."""
    # without a record, the MP4 muxer makes one out of the first frame
    filters = ["hevc_mp4toannexb"] if mend.sets else []
    if mend.without_dolby:
        filters.append(f"filter_units=remove_types={_DOLBY_UNITS}")
    name = _METADATA.get(codec or "")
    settings = list(_settings(mend))
    if name is not None and settings:
        filters.append(f"{name}={':'.join(settings)}")
    return ",".join(filters)


def _settings(mend: Mend) -> Iterator[str]:
    if mend.level is not None:
        # as the standards number it: h264_metadata takes "3.0" for the number 3
        yield f"level={mend.level}"
    if mend.aspect is not None:
        yield f"sample_aspect_ratio={mend.aspect.numerator}/{mend.aspect.denominator}"
    if mend.transfer is not None:
        yield f"transfer_characteristics={CODES[mend.transfer]}"
    if mend.matrix is not None:
        yield f"matrix_coefficients={CODES[mend.matrix]}"


def container_pairs(source: VideoStream, mend: Mend) -> Iterator[tuple[str, str]]:
    """Options of the stream that is copied: the container keeps its own notes of these flags."""
    if mend.aspect is not None:
        width, height = (source.width or 1) * mend.aspect.numerator, (source.height or 1) * mend.aspect.denominator
        yield "-aspect", f"{width}:{height}"
    if mend.transfer is not None:
        yield "-color_trc", transfer_option(mend.transfer)
    if mend.matrix is not None:
        yield "-colorspace", mend.matrix
