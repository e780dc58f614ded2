"""Blu-ray subtitles made by hand: one white block each, since ffmpeg draws no text into pictures of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """A white block on the screen. Times in seconds, places in pixels."""

    start: float
    end: float
    left: int = 40
    top: int = 100
    width: int = 100
    height: int = 20
    forced: bool = False


def pgs(blocks: Sequence[Block], width: int, height: int) -> bytes:
    """A `.sup` file. US patent 20090185789 describes its segments."""
    return b"".join(_shown(number, block, width, height) for number, block in enumerate(blocks))


def _shown(number: int, block: Block, width: int, height: int) -> bytes:
    screen = _two(width) + _two(height) + b"\x10"
    placed = _two(0) + b"\x00" + (b"\x40" if block.forced else b"\x00") + _two(block.left) + _two(block.top)
    window = b"\x01\x00" + b"".join(map(_two, (block.left, block.top, block.width, block.height)))
    line = bytes([0, 0xC0 | block.width >> 8, block.width & 0xFF, 1, 0, 0])
    picture = _two(block.width) + _two(block.height) + line * block.height
    begin = [
        (0x16, screen + _two(2 * number) + b"\x80\x00\x00\x01" + placed),
        (0x17, window),
        (0x14, b"\x00\x00" + bytes([1, 235, 128, 128, 255])),
        (0x15, _two(0) + b"\x00\xc0" + len(picture).to_bytes(3, "big") + picture),
        (0x80, b""),
    ]
    end = [(0x16, screen + _two(2 * number + 1) + b"\x00\x00\x00\x00"), (0x17, window), (0x80, b"")]
    return b"".join(_segment(block.start, *one) for one in begin) + b"".join(_segment(block.end, *one) for one in end)


def _segment(time: float, kind: int, body: bytes) -> bytes:
    return b"PG" + round(time * 90000).to_bytes(4, "big") + bytes(4) + bytes([kind]) + _two(len(body)) + body


def _two(number: int) -> bytes:
    return number.to_bytes(2, "big")
