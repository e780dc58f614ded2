"""What the name of a pixel format says: depth, subsampling, RGB, gray."""

from __future__ import annotations

import re

_DEEP = re.compile(
    r"(?:p|gray|rgb|bgr|gbrap|x2rgb|x2bgr|y|xyz)(?:0|2)?(9|10|12|14|16|32|48|64)(?:le|be)?$|f32(?:le|be)$"
)
_WIDE_RGB = re.compile(r"(?:rgba?|bgra?)(?:48|64|f16|f32|96|128)(?:le|be)$")
_RGB = re.compile(r"^(?:gbr|rgb|bgr|argb|abgr|0rgb|0bgr|pal8|x2rgb|x2bgr)")
_GRAY = re.compile(r"^(?:gray|ya8|ya16|mono)")


def is_deep(pixel_format: str | None) -> bool:
    """More than 8 bits a sample."""
    name = pixel_format or ""
    return _DEEP.search(name) is not None or _WIDE_RGB.search(name) is not None


def is_rgb(pixel_format: str | None) -> bool:
    return _RGB.match(pixel_format or "") is not None


def is_gray(pixel_format: str | None) -> bool:
    return _GRAY.match(pixel_format or "") is not None


def is_full(pixel_format: str | None) -> bool:
    """The old names for full range."""
    return (pixel_format or "").startswith("yuvj")
