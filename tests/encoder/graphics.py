"""Encoders of graphics cards: one that the test driver has, and one that it lacks."""

from __future__ import annotations

from mkv2castd.device import Backend
from mkv2castd.encoder.backends import video_encoder

ROWS = (video_encoder("h264", Backend.VAAPI), video_encoder("hevc", Backend.VAAPI))
