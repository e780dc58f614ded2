"""Changes to a clip's bytes for what ffmpeg does not write: flags that only other programs set, and damage."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

Patch = Callable[[bytes], bytes]
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_ENTRY_HEAD = 78  # of a picture's sample entry, before its own boxes
_ONE = 0x00010000


def turned(degrees: int) -> Patch:
    """The display matrix of every picture track of an MP4 says: turn by so much clockwise."""
    matrices = {
        90: (0, _ONE, 0, -_ONE, 0, 0, 0, 0, 0x40000000),
        180: (-_ONE, 0, 0, 0, -_ONE, 0, 0, 0, 0x40000000),
        270: (0, -_ONE, 0, _ONE, 0, 0, 0, 0, 0x40000000),
    }

    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        for at in _found(data, b"tkhd"):
            width = struct.unpack(">I", data[at + 8 + 76 : at + 8 + 80])[0]
            if width:  # sound has none
                changed[at + 8 + 40 : at + 8 + 76] = struct.pack(">9i", *matrices[degrees])
        return bytes(changed)

    return change


def dolby_vision(profile: int, compatible: int) -> Patch:
    """An MP4 whose HEVC picture says that it is Dolby Vision: the box that says so is put into its sample entry."""
    record = struct.pack(">BBHB", 1, 0, (profile << 9) | (1 << 3) | 0b101, compatible << 4) + bytes(19)
    box = struct.pack(">I4s", 8 + len(record), b"dvvC" if profile > 7 else b"dvcC") + record

    def change(data: bytes) -> bytes:
        (entry,) = _found(data, b"hvc1")
        return _put(data, entry, box)

    return change


def without_sets(data: bytes) -> bytes:
    """An MP4 whose HEVC has its parameter sets in the frames only: none is left in its record."""
    (entry,) = [*_found(data, b"hev1"), *_found(data, b"hvc1")]
    at = data.index(b"hvcC", entry) - 4
    size = struct.unpack(">I", data[at : at + 4])[0]
    record = struct.pack(">I", 31) + data[at + 4 : at + 30] + b"\0"
    return data[:at] + record + struct.pack(">I4s", size - 31, b"free") + data[at + 39 :]


def telecined_softly(data: bytes) -> bytes:
    """An MPEG-2 at 24 frames a second, each with the flags by which players repeat fields: 3, 2, 3, 2 …"""
    changed, number, at = bytearray(data), 0, data.find(b"\0\0\1\xb5")
    while at >= 0:
        if data[at + 4] >> 4 == 1:
            changed[at + 5] &= ~0x08  # not a sequence of progressive frames only
        elif data[at + 4] >> 4 == 8:
            first, repeat = ((1, 1), (0, 0), (0, 1), (1, 0))[number % 4]
            changed[at + 7] = (changed[at + 7] & ~0x82) | first << 7 | repeat << 1
            number += 1
        at = data.find(b"\0\0\1\xb5", at + 4)
    return bytes(changed)


def cut(part: float) -> Patch:
    """Only so much of the file arrived."""
    return lambda data: data[: int(len(data) * part)]


def noise(part: float) -> Patch:
    """A few bytes at that place are not what they were."""

    def change(data: bytes) -> bytes:
        at = int(len(data) * part)
        return data[:at] + bytes((byte ^ 0x5A) for byte in data[at : at + 16]) + data[at + 16 :]

    return change


def _found(data: bytes, name: bytes) -> Iterator[int]:
    at = data.find(name)
    while at >= 0:
        yield at - 4
        at = data.find(name, at + 1)


def _put(data: bytes, entry: int, box: bytes) -> bytes:
    """Puts `box` at the end of the sample entry; all that lie around it grow. The index lies behind the film, so
    that no offset of the film changes."""
    assert data.find(b"mdat") < data.find(b"moov"), "an index in front would have to be moved"
    (length,) = struct.unpack(">I", data[entry : entry + 4])
    changed = bytearray(data)
    inside = [at for name in (*_CONTAINERS, b"stsd") for at in _found(data, name) if _holds(data, at, entry)]
    for at in (*inside, entry):
        (size,) = struct.unpack(">I", data[at : at + 4])
        changed[at : at + 4] = struct.pack(">I", size + len(box))
    end = entry + length
    return bytes(changed[:end] + box + changed[end:])


def _holds(data: bytes, at: int, inner: int) -> bool:
    (size,) = struct.unpack(">I", data[at : at + 4])
    return at < inner < at + size
