"""Teletext subtitles made by hand, since ffmpeg has no encoder for them: a transport stream that ffmpeg copies.

EN 300 706 says what a page is, EN 300 472 how a transport stream carries it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_PID, _PMT, _SUBTITLES = 0x120, 0x1000, 2
_PAGE, _MAGAZINE = 0x88, 0  # 888: magazine 8 is written as 0


@dataclass(frozen=True)
class Line:
    """Times in seconds; what is shown from `start` to `end`, where anything ends it."""

    start: float
    end: float | None
    text: str


def teletext(lines: Sequence[Line], language: str = "eng") -> bytes:
    """A transport stream with nothing but the subtitles of page 888."""
    sent = []
    for line in lines:
        sent.append(_sent(line.start, line.text))
        if line.end is not None:
            sent.append(_sent(line.end, ""))
    return b"".join(_packets(_tables(language), sent))


def _hamming(nibble: int) -> int:
    """8/4: EN 300 706, 8.2."""
    d1, d2, d3, d4 = (nibble >> bit & 1 for bit in range(4))
    p1, p2, p3 = 1 ^ d1 ^ d3 ^ d4, 1 ^ d1 ^ d2 ^ d4, 1 ^ d1 ^ d2 ^ d3
    p4 = 1 ^ p1 ^ d1 ^ p2 ^ d2 ^ p3 ^ d3 ^ d4
    return sum(bit << place for place, bit in enumerate((p1, d1, p2, d2, p3, d3, p4, d4)))


def _odd(letter: int) -> int:
    return letter if letter.bit_count() % 2 else letter | 0x80


def _turned(byte: int) -> int:
    """A transport stream carries each byte with its first bit last."""
    return int(f"{byte:08b}"[::-1], 2)


def _row(number: int, data: bytes) -> bytes:
    address = _MAGAZINE | number << 3
    return bytes((_hamming(address & 15), _hamming(address >> 4))) + data


def _header(page: int, subtitle: bool) -> bytes:
    # C4 (erase) and C6 (subtitle) are among the subcode's digits, C7 (no header shown) stands behind
    nibbles = (page & 15, page >> 4, 0, 8, 0, 8 if subtitle else 0, 1, 0)
    return _row(0, bytes(map(_hamming, nibbles)) + bytes(map(_odd, b" " * 32)))


def _text(number: int, text: str) -> bytes:
    boxed = b"\x0b\x0b" + text.encode("ascii") + b"\x0a\x0a"
    return _row(number, bytes(map(_odd, boxed.ljust(40))))


def _sent(seconds: float, text: str) -> tuple[int, bytes]:
    rows = [_header(_PAGE, True), *([_text(22, text)] if text else []), _header(0xFF, False)]
    units = b""
    for line, row in enumerate(rows, 7):
        units += bytes((0x03, 0x2C, 0xE0 | line, 0xE4)) + bytes(map(_turned, row))
    # the packet is filled up, with its head of 45 bytes, to whole packets of the transport stream
    size = 1 + len(units)
    size += -(size + 45) % 184
    data = b"\x10" + units
    while len(data) < size:
        data += b"\xff\x2c" + b"\xff" * 44
    pts = round((seconds + 2) * 90_000)
    clock = bytes(
        (0x21 | pts >> 29 & 0x0E, pts >> 22 & 0xFF, 1 | pts >> 14 & 0xFE, pts >> 7 & 0xFF, 1 | pts << 1 & 0xFE)
    )
    head = b"\x84\x80\x24" + clock + b"\xff" * 31
    return pts, b"\0\0\1\xbd" + struct.pack(">H", len(head) + len(data)) + head + data


def _tables(language: str) -> list[tuple[int, bytes]]:
    pat = struct.pack(">HBBBHH", 1, 0xC1, 0, 0, 1, 0xE000 | _PMT)
    said = b"\x56\x05" + language.encode() + bytes((_SUBTITLES << 3 | _MAGAZINE, _PAGE))
    pmt = struct.pack(">HBBBHHBHH", 1, 0xC1, 0, 0, 0xE000 | _PID, 0xF000, 6, 0xE000 | _PID, 0xF000 | len(said)) + said
    return [(0, _section(0, pat)), (_PMT, _section(2, pmt))]


def _section(table: int, body: bytes) -> bytes:
    whole = struct.pack(">BH", table, 0xB000 | len(body) + 4) + body
    crc = 0xFFFFFFFF
    for byte in whole:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if crc & 0x80000000 else crc << 1
    return b"\0" + whole + struct.pack(">I", crc)


def _packets(tables: list[tuple[int, bytes]], sent: Sequence[tuple[int, bytes]]) -> Iterator[bytes]:
    for pid, section in tables:
        yield struct.pack(">BHB", 0x47, 0x4000 | pid, 0x10) + section.ljust(184, b"\xff")
    counter = 0
    for pts, packet in sent:
        clock = struct.pack(">Q", (pts - 9_000) << 15 | 0x7E00)[2:]
        yield struct.pack(">BHBBB", 0x47, _PID, 0x20 | counter, 183, 0x10) + clock + b"\xff" * 176
        for at in range(0, len(packet), 184):
            counter = (counter + 1) & 15
            yield struct.pack(">BHB", 0x47, _PID | (0x4000 if at == 0 else 0), 0x10 | counter) + packet[at : at + 184]
