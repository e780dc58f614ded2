"""H.264's own word on itself, which ffprobe does not tell before it has decoded: its sequence parameter set.

In Matroska, MP4 and FLV it stands in the decoder's configuration record (ISO/IEC 14496-15, 5.3.3.1), which is known
by its shape wherever it lies: version 1, profile, constraints and level, which the set repeats right behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# version, (profile, constraints, level), length of lengths, number of sets, length, the set's type, the same three
_RECORD = re.compile(rb"\x01(...)[\xfc-\xff][\xe1-\xff](..)[\x27\x47\x67]\1", re.DOTALL)
# Profiles that tell their chroma format, depth and scaling matrices (ITU-T H.264, 7.3.2.1.1).
_HIGH = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_444 = 3
_LONGEST = 31


@dataclass(frozen=True, slots=True)
class Sequence:
    """width × height: in whole macroblocks, what is cropped away included. references: frames that the decoder keeps
    for others. fields: it may be coded in fields, so that its frames may be interlaced."""

    width: int
    height: int
    references: int
    fields: bool


def sequences(data: bytes) -> Iterator[Sequence]:
    """Every parameter set in a configuration record within `data`; what only resembles one is left out."""
    for found in _RECORD.finditer(data):
        start = found.end() - 4
        read = _read(data[start : start + int.from_bytes(found[2], "big")])
        if read is not None:
            yield read


def _read(unit: bytes) -> Sequence | None:
    try:
        return _sequence(_Bits(unit[1:].replace(b"\0\0\3", b"\0\0")))
    except EOFError:
        return None


class _Bits:
    """Fixed and Exp-Golomb coded numbers (9.1). Raises EOFError behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def u(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise EOFError
        return self._value >> self._left & (1 << count) - 1

    def ue(self) -> int:
        zeros = 0
        while self.u(1) == 0:
            zeros += 1
            if zeros > _LONGEST:
                raise EOFError
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def _sequence(bits: _Bits) -> Sequence | None:
    profile = bits.u(8)
    bits.u(16)  # constraints and level
    bits.ue()  # its number
    if profile in _HIGH:
        _skip_chroma(bits)
    bits.ue()  # length of frame numbers
    _skip_order(bits)
    references = bits.ue()
    bits.u(1)
    width, units = bits.ue() + 1, bits.ue() + 1
    frames_only = bits.u(1) == 1
    height = units if frames_only else units * 2
    sensible = references <= 16 and width <= 1024 and height <= 1024
    return Sequence(width * 16, height * 16, references, not frames_only) if sensible else None


def _skip_chroma(bits: _Bits) -> None:
    chroma = bits.ue()
    if chroma == _444:
        bits.u(1)
    bits.ue()  # depths
    bits.ue()
    bits.u(1)
    if bits.u(1):
        for number in range(12 if chroma == _444 else 8):
            if bits.u(1):
                _skip_scaling(bits, 16 if number < 6 else 64)


def _skip_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following if following else last


def _skip_order(bits: _Bits) -> None:
    """How the order of output is told."""
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue() % 256):
            bits.se()
