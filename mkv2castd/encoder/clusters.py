"""When a Matroska's last pictures and sounds are, read from the end of the file: without an index, which lies there
in most films and is lost with it, ffmpeg would read all of it to find out (RFC 9559, 5.1.3 and 10)."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from mkv2castd.encoder import ebml

# A cluster of Matroska is 5 s or 5 MB by custom; what lies behind the last one is an index, and tags.
_MOST_BYTES = 64 * 1024 * 1024
_PIECE = 1024 * 1024
_MARK = ebml.CLUSTER.to_bytes(4, "big")
_INFO, _SCALE, _TIME = 0x1549A966, 0x2AD7B1, 0xE7
_SIMPLE, _GROUP, _BLOCK = 0xA3, 0xA0, 0xA1
_USUAL_SCALE = 1_000_000  # nanoseconds
_HEADERS, _BLOCKS, _CLUSTERS = 64, 20_000, 200_000


@dataclass(frozen=True, slots=True)
class Tail:
    """reached: when the last frame begins, in seconds by the film's clock. broken: the file ends in the middle of
    something."""

    reached: float
    broken: bool


def tail_of(film: BinaryIO) -> Tail | None:
    """None where there is no cluster, or no Matroska. Raises OSError."""
    size = film.seek(0, os.SEEK_END)
    segment = ebml.segment(film)
    if segment is None:
        return None
    for cluster in _backwards(film, segment, size):
        if cluster is not None and (found := _read(film, cluster, size)) is not None:
            ticks, broken = found
            return Tail(ticks * _scale(film, segment) / 1e9, broken)
    return None


def _backwards(film: BinaryIO, segment: ebml.Element, size: int) -> Iterator[ebml.Element]:
    """What looks like a cluster, the last one first; where there is none near the end, because that was never filled,
    the last one from the start on."""
    for place in _marks(film, size):
        film.seek(place)
        cluster = ebml.element(film)
        if cluster is not None:
            yield cluster
    if size > _MOST_BYTES:
        known = deque((c for c in ebml.children(film, segment, _CLUSTERS) if c.name == ebml.CLUSTER), maxlen=1)
        yield from known


def _marks(film: BinaryIO, size: int) -> Iterator[int]:
    """Where clusters may begin, the last one first."""
    end = size
    while end > max(0, size - _MOST_BYTES):
        start = max(0, end - _PIECE)
        film.seek(start)
        piece = film.read(end - start + len(_MARK) - 1)
        at = piece.rfind(_MARK)
        while at >= 0:
            yield start + at
            at = piece.rfind(_MARK, 0, at + len(_MARK) - 1)
        end = start


def _read(film: BinaryIO, cluster: ebml.Element, size: int) -> tuple[int, bool] | None:
    """The time of its latest block, in the film's ticks, and whether the file ends within it; None for bytes that
    only look like a cluster."""
    time, latest, end = None, 0, cluster.start
    for child in ebml.children(film, cluster, _BLOCKS):
        if child.name in (ebml.CLUSTER, ebml.CUES, ebml.TAGS):
            break  # behind one of unknown length
        end = child.end if child.end is not None else child.start
        if child.name == _TIME and child.size is not None and child.size <= 8:
            film.seek(child.start)
            time = int.from_bytes(film.read(child.size), "big")
        elif time is None and child.name not in ebml.FILLING:
            return None  # its time comes first
        elif child.name in (_SIMPLE, _GROUP) and end <= size:
            latest = max(latest, _since(film, child))
    if time is None:
        return None
    return time + latest, max(end, cluster.end if cluster.end is not None else 0) > size


def _since(film: BinaryIO, block: ebml.Element) -> int:
    """How many ticks after its cluster a block is shown."""
    if block.name == _GROUP:
        inner = next((one for one in ebml.children(film, block, _HEADERS) if one.name == _BLOCK), None)
        return _since(film, inner) if inner is not None else 0
    film.seek(block.start)
    head = film.read(10)
    width = 9 - head[0].bit_length() if head and head[0] else 8  # of the track's number
    return max(0, int.from_bytes(head[width : width + 2], "big", signed=True))


def _scale(film: BinaryIO, segment: ebml.Element) -> int:
    """Nanoseconds a tick."""
    for part in ebml.children(film, segment, _HEADERS):
        if part.name == _INFO:
            for one in ebml.children(film, part, _HEADERS):
                if one.name == _SCALE and one.size is not None and one.size <= 8:
                    film.seek(one.start)
                    return int.from_bytes(film.read(one.size), "big")
    return _USUAL_SCALE
