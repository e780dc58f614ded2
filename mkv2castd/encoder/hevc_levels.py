"""HEVC levels, main tier (ITU-T H.265, tables A.8 and A.9), by ffprobe's numbers: 30 times the level."""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from types import MappingProxyType

from mkv2castd.encoder.sample_levels import SampleLevel


def _level(name: str, picture: int, second: int, max_kbps: int, buffer_kbit: int) -> SampleLevel:
    side = isqrt(8 * picture)  # A.4.1: neither side is longer
    return SampleLevel(name, picture, second, side, side, max_kbps, buffer_kbit)


LEVELS: Mapping[int, SampleLevel] = MappingProxyType(
    {
        30: _level("1.0", 36_864, 552_960, 128, 350),
        60: _level("2.0", 122_880, 3_686_400, 1_500, 1_500),
        63: _level("2.1", 245_760, 7_372_800, 3_000, 3_000),
        90: _level("3.0", 552_960, 16_588_800, 6_000, 6_000),
        93: _level("3.1", 983_040, 33_177_600, 10_000, 10_000),
        120: _level("4.0", 2_228_224, 66_846_720, 12_000, 12_000),
        123: _level("4.1", 2_228_224, 133_693_440, 20_000, 20_000),
        150: _level("5.0", 8_912_896, 267_386_880, 25_000, 25_000),
        153: _level("5.1", 8_912_896, 534_773_760, 40_000, 40_000),
        156: _level("5.2", 8_912_896, 1_069_547_520, 60_000, 60_000),
        180: _level("6.0", 35_651_584, 1_069_547_520, 60_000, 60_000),
        183: _level("6.1", 35_651_584, 2_139_095_040, 120_000, 120_000),
        186: _level("6.2", 35_651_584, 4_278_190_080, 240_000, 240_000),
    }
)


def most_kept(level: int, width: int, height: int) -> int:
    """How many frames of this size a decoder of `level` keeps (A.4.2)."""
    most, frame = LEVELS[level].picture, width * height
    if frame <= most // 4:
        return 16
    if frame <= most // 2:
        return 12
    return 8 if frame <= 3 * most // 4 else 6
