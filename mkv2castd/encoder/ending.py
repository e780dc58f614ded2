"""Does a film's file end where its container says that it ends? Asked of the container's own sizes, in a few reads.

Sources: ISO/IEC 14496-12, 4.2 (boxes) and 8.16.3 (the index of fragments); RFC 8794 and RFC 9559 (Matroska's
Segment and its children); Microsoft's AVI RIFF reference with OpenDML 1.02 (chunks); Microsoft's ASF specification,
3.2 (File Properties); Adobe's Flash Video File Format 10.1, annex E.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from enum import StrEnum
from types import MappingProxyType
from typing import BinaryIO

from mkv2castd.encoder import ebml


class Ending(StrEnum):
    """CLEAN: the file is as long as its container says. CUT: something is missing. UNKNOWN: the container does not
    say, as in a live recording or a transport stream."""

    CLEAN = "clean"
    CUT = "cut"
    UNKNOWN = "unknown"


# What may stand in a Segment.
_IN_SEGMENT = ebml.FILLING | {
    *(ebml.CLUSTER, ebml.CUES, ebml.TAGS),
    *(0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1941A469, 0x1043A770),
}
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_MOST_INDEX = 12 * 65_536  # bytes: as many entries as it can have
_FLV_KINDS = frozenset({8, 9, 18})


def ending_of(film: BinaryIO, format_names: tuple[str, ...], most: int) -> Ending:
    """format_names: ffprobe's. Reads headers only, at most so many. Raises OSError."""
    ends = next((_READERS[name] for name in format_names if name in _READERS), None)
    return ends(film, film.seek(0, os.SEEK_END), most) if ends is not None else Ending.UNKNOWN


def _of_boxes(film: BinaryIO, size: int, most: int) -> Ending:
    position = 0
    for _ in range(most):
        if position == size:
            return Ending.CLEAN
        film.seek(position)
        header = film.read(16)
        if len(header) < 8:
            return Ending.CUT
        length = int.from_bytes(header[:4], "big")
        if length == 1 and len(header) == 16:
            length = int.from_bytes(header[8:], "big")
        elif length == 0:
            return Ending.UNKNOWN  # to the end of the file, wherever that is
        if length < 8:
            return Ending.UNKNOWN  # filling behind the last box
        position += length
        if header[4:8] == b"sidx" and position + _indexed(header + film.read(_MOST_INDEX)) > size:
            return Ending.CUT
        if position > size:
            return Ending.CUT
    return Ending.UNKNOWN


def _indexed(box: bytes) -> int:
    """How far (bytes) the fragments reach that a `sidx` tells of, from its own end on (ISO/IEC 14496-12, 8.16.3): so
    a film of a thousand fragments need not be read through."""
    wide = 8 if box[8:9] != b"\0" else 4
    offset = int.from_bytes(box[20 + wide : 20 + 2 * wide], "big")
    first = 24 + 2 * wide
    count = int.from_bytes(box[first - 2 : first], "big")
    places = range(first, min(first + 12 * count, len(box) - 11), 12)
    return offset + sum(int.from_bytes(box[at : at + 4], "big") & 0x7FFFFFFF for at in places)


def _of_matroska(film: BinaryIO, size: int, most: int) -> Ending:
    segment = ebml.segment(film)
    if segment is None or segment.end is None:
        return Ending.UNKNOWN
    if segment.end > size:
        return Ending.CUT
    position = segment.start
    for _ in range(most):
        if position >= segment.end:
            return Ending.CLEAN
        film.seek(position)
        child = ebml.element(film)
        if child is None or child.name not in _IN_SEGMENT:
            return Ending.CUT  # a hole that was never filled
        if child.end is None:
            return Ending.UNKNOWN
        position = child.end
    return Ending.UNKNOWN


def _of_riff(film: BinaryIO, size: int, most: int) -> Ending:
    """Each RIFF chunk holds a piece of at most some GB; one whose length was never filled in says nothing."""
    position = 0
    for _ in range(most):
        if position + 8 > size:
            return Ending.CLEAN
        film.seek(position)
        kind, length = struct.unpack("<4sI", film.read(8))
        if kind != b"RIFF":
            return Ending.CLEAN if position else Ending.UNKNOWN
        if length in (0, 0xFFFFFFFF):
            return Ending.UNKNOWN
        position += 8 + length + length % 2
        if position > size + 1:
            return Ending.CUT
    return Ending.UNKNOWN


def announced_by_riff(film: BinaryIO) -> int | None:
    """How long (bytes) an AVI file says that it is, as far as its first RIFF chunk tells. Raises OSError."""
    film.seek(0)
    head = film.read(8)
    if len(head) < 8 or not head.startswith(b"RIFF"):
        return None
    length = int.from_bytes(head[4:], "little")
    return None if length in (0, 0xFFFFFFFF) else 8 + length


def _of_flv(film: BinaryIO, size: int, most: int) -> Ending:
    """Behind each tag stands how long it was."""
    film.seek(max(size - 4, 0))
    length = int.from_bytes(film.read(4), "big")
    if not 11 <= length <= size - 4:
        return Ending.CUT
    film.seek(size - 4 - length)
    tag = film.read(4)
    whole = tag[0] & 0x1F in _FLV_KINDS and int.from_bytes(tag[1:], "big") + 11 == length
    return Ending.CLEAN if whole else Ending.CUT


def _of_asf(film: BinaryIO, size: int, most: int) -> Ending:
    film.seek(0)
    head = film.read(4096)
    place = head.find(_ASF_FILE)
    if not head.startswith(_ASF_HEADER) or place < 0 or len(head) < place + 92:
        return Ending.UNKNOWN
    (claimed,) = struct.unpack_from("<Q", head, place + 40)
    (flags,) = struct.unpack_from("<I", head, place + 88)
    if flags & 1 or not claimed:
        return Ending.UNKNOWN  # still being sent when it was written
    return Ending.CUT if claimed > size else Ending.CLEAN


_READERS: MappingProxyType[str, Callable[[BinaryIO, int, int], Ending]] = MappingProxyType(
    {"mov": _of_boxes, "mp4": _of_boxes, "matroska": _of_matroska, "avi": _of_riff, "flv": _of_flv, "asf": _of_asf}
)
