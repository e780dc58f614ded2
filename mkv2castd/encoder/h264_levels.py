"""H.264 levels: what a decoder of a level must be able to do (ITU-T H.264, table A-1; High profile rates)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Level:
    """macroblocks: a frame's, `a_second`, and those the decoder must keep (`kept`). Rates in kbit and kbit/s."""

    a_second: int
    macroblocks: int
    kept: int
    max_kbps: int
    buffer_kbit: int


# High profile: 1.25 times the rates that the table gives for Baseline and Main.
LEVELS: Mapping[int, Level] = MappingProxyType(
    {
        9: Level(1485, 99, 396, 160, 437),
        10: Level(1485, 99, 396, 80, 218),
        11: Level(3000, 396, 900, 240, 625),
        12: Level(6000, 396, 2376, 480, 1250),
        13: Level(11880, 396, 2376, 960, 2500),
        20: Level(11880, 396, 2376, 2500, 2500),
        21: Level(19800, 792, 4752, 5000, 5000),
        22: Level(20250, 1620, 8100, 5000, 5000),
        30: Level(40500, 1620, 8100, 12500, 12500),
        31: Level(108000, 3600, 18000, 17500, 17500),
        32: Level(216000, 5120, 20480, 25000, 25000),
        40: Level(245760, 8192, 32768, 25000, 31250),
        41: Level(245760, 8192, 32768, 62500, 78125),
        42: Level(522240, 8704, 34816, 62500, 78125),
        50: Level(589824, 22080, 110400, 168750, 168750),
        51: Level(983040, 36864, 184320, 300000, 300000),
        52: Level(2073600, 36864, 184320, 300000, 300000),
        60: Level(4177920, 139264, 696320, 300000, 300000),
        61: Level(8355840, 139264, 696320, 600000, 600000),
        62: Level(16711680, 139264, 696320, 1000000, 1000000),
    }
)
_MOST_REFS = 16


def level_name(level: int) -> str:
    """41 → "4.1", 40 → "4.0", 9 → "1b"."""
    return "1b" if level == 9 else f"{level // 10}.{level % 10}"


def most_refs(level: int, width: int, height: int) -> int:
    """How many reference frames of this size a decoder of `level` keeps; 0 when a frame is too large for it."""
    row, frame = LEVELS[level], _macroblocks(width, height)
    return min(_MOST_REFS, row.kept // frame) if frame <= row.macroblocks else 0


def fits(level: int, width: int, height: int, rate: Fraction | None, refs: int | None, bitrate: int | None) -> bool:
    """Whether a film is within `level`; what is not known (None) is not held against it. bitrate in bit/s."""
    row, frame = LEVELS[level], _macroblocks(width, height)
    return (
        frame <= row.macroblocks
        # the side of a frame is bounded too: sqrt(8 × macroblocks)
        and max(-(-width // 16), -(-height // 16)) ** 2 <= 8 * row.macroblocks
        and (rate is None or frame * rate <= row.a_second * Fraction(101, 100))
        and (refs is None or refs <= most_refs(level, width, height))
        and (bitrate is None or bitrate <= row.max_kbps * 1000)
    )


def _macroblocks(width: int, height: int) -> int:
    return -(-width // 16) * -(-height // 16)
