"""What the name of a pixel format says: depth, subsampling, RGB, gray."""

from __future__ import annotations

import re

# Bits a sample, or of all samples of a pixel together, for everything above 8; f: floating point.
_DEEP = re.compile(r"(?:9|10|12|14|16|32|48|64|96|128)(?:le|be)$")
_RGB = re.compile(r"^(?:gbr|rgb|bgr|argb|abgr|0rgb|0bgr|pal8|x2rgb|x2bgr)")
_GRAY = re.compile(r"^(?:gray|ya8|ya16|mono)")


def is_deep(pixel_format: str | None) -> bool:
    """More than 8 bits a sample."""
    return _DEEP.search(pixel_format or "") is not None


def is_rgb(pixel_format: str | None) -> bool:
    return _RGB.match(pixel_format or "") is not None


def is_gray(pixel_format: str | None) -> bool:
    return _GRAY.match(pixel_format or "") is not None


def is_full(pixel_format: str | None) -> bool:
    """The old names for full range."""
    return (pixel_format or "").startswith("yuvj")
