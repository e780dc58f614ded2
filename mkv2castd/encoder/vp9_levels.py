"""VP9 levels (webmproject.org/vp9/levels), by ffprobe's numbers: ten times the level."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mkv2castd.encoder.sample_levels import SampleLevel


def _level(name: str, second: int, picture: int, max_kbps: int, buffer_kbit: int, side: int) -> SampleLevel:
    return SampleLevel(name, picture, second, side, side, max_kbps, buffer_kbit)


LEVELS: Mapping[int, SampleLevel] = MappingProxyType(
    {
        10: _level("1.0", 829_440, 36_864, 200, 400, 512),
        11: _level("1.1", 2_764_800, 73_728, 800, 1_000, 768),
        20: _level("2.0", 4_608_000, 122_880, 1_800, 1_500, 960),
        21: _level("2.1", 9_216_000, 245_760, 3_600, 2_800, 1_344),
        30: _level("3.0", 20_736_000, 552_960, 7_200, 6_000, 2_048),
        31: _level("3.1", 36_864_000, 983_040, 12_000, 10_000, 2_752),
        40: _level("4.0", 83_558_400, 2_228_224, 18_000, 16_000, 4_160),
        41: _level("4.1", 160_432_128, 2_228_224, 30_000, 18_000, 4_160),
        50: _level("5.0", 311_951_360, 8_912_896, 60_000, 36_000, 8_384),
        51: _level("5.1", 588_251_136, 8_912_896, 120_000, 46_000, 8_384),
        52: _level("5.2", 1_176_502_272, 8_912_896, 180_000, 90_000, 8_384),
        60: _level("6.0", 1_176_502_272, 35_651_584, 180_000, 90_000, 16_832),
        61: _level("6.1", 2_353_004_544, 35_651_584, 240_000, 180_000, 16_832),
        62: _level("6.2", 4_706_009_088, 35_651_584, 480_000, 360_000, 16_832),
    }
)
