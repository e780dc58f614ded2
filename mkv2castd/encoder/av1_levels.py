"""AV1 levels, main tier (AV1 bitstream specification, annex A.3), by ffprobe's numbers: seq_level_idx."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mkv2castd.encoder.sample_levels import SampleLevel


def _level(name: str, picture: int, width: int, height: int, second: int, max_kbps: int) -> SampleLevel:
    # the buffer holds a second of the highest rate
    return SampleLevel(name, picture, second, width, height, max_kbps, max_kbps)


LEVELS: Mapping[int, SampleLevel] = MappingProxyType(
    {
        0: _level("2.0", 147_456, 2_048, 1_152, 4_423_680, 1_500),
        1: _level("2.1", 278_784, 2_816, 1_584, 8_363_520, 3_000),
        4: _level("3.0", 665_856, 4_352, 2_448, 19_975_680, 6_000),
        5: _level("3.1", 1_065_024, 5_504, 3_096, 31_950_720, 10_000),
        8: _level("4.0", 2_359_296, 6_144, 3_456, 70_778_880, 12_000),
        9: _level("4.1", 2_359_296, 6_144, 3_456, 141_557_760, 20_000),
        12: _level("5.0", 8_912_896, 8_192, 4_352, 267_386_880, 30_000),
        13: _level("5.1", 8_912_896, 8_192, 4_352, 534_773_760, 40_000),
        14: _level("5.2", 8_912_896, 8_192, 4_352, 1_069_547_520, 60_000),
        15: _level("5.3", 8_912_896, 8_192, 4_352, 1_069_547_520, 60_000),
        16: _level("6.0", 35_651_584, 16_384, 8_704, 1_069_547_520, 60_000),
        17: _level("6.1", 35_651_584, 16_384, 8_704, 2_139_095_040, 100_000),
        18: _level("6.2", 35_651_584, 16_384, 8_704, 4_278_190_080, 160_000),
        19: _level("6.3", 35_651_584, 16_384, 8_704, 4_278_190_080, 160_000),
    }
)
