"""Puts Dolby Vision's record into an MP4 of HEVC, as the films of streaming services have it."""

from __future__ import annotations

import struct
from pathlib import Path

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hvc1")


def with_record(film: Path, profile: int, base: int) -> Path:
    """base: the compatibility id. The index has to lie behind the film, so that nothing else moves."""
    raw = bytearray(film.read_bytes())
    assert raw.index(b"moov") > raw.index(b"mdat")
    places = []
    at = 0
    for name in _PARENTS:
        at = raw.index(name, at)
        places.append(at - 4)
    end = places[-1] + struct.unpack_from(">I", raw, places[-1])[0]
    # version 1.0, profile and level 1 in 7 and 6 bits, then: descriptions of frames, no second layer, a base layer
    flags = (profile << 9) | (1 << 3) | 0b101
    record = struct.pack(">I4sBBHB", 32, b"dvcC", 1, 0, flags, base << 4) + bytes(19)
    raw[end:end] = record
    for place in places:
        struct.pack_into(">I", raw, place, struct.unpack_from(">I", raw, place)[0] + len(record))
    film.write_bytes(raw)
    return film
