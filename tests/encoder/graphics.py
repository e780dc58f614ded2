"""Encoders of graphics cards as the test driver has them, and lacks them."""

from __future__ import annotations

from types import MappingProxyType

from mkv2castd.device import Backend
from mkv2castd.encoder.backends import VideoEncoder

_QUALITY = MappingProxyType({"fast": ("-qp", "25"), "balanced": ("-qp", "23"), "high": ("-qp", "20")})
ROWS = (
    VideoEncoder("h264_vaapi", "h264", Backend.VAAPI, "nv12", _QUALITY, profile="high"),
    VideoEncoder(
        "hevc_vaapi",
        "hevc",
        Backend.VAAPI,
        "nv12",
        _QUALITY,
        deep_format="p010le",
        profile="main",
        deep_profile="main10",
    ),
)
