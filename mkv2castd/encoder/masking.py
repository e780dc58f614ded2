"""A film as ffprobe can describe it, though the decoder of one of its tracks cannot be opened.

ffmpeg goes on without such a track, ffprobe gives up the whole film. So it is shown the film with another name for
what that track is coded in, one that no decoder has: everything else is told as it is. The file itself is only read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from mkv2castd.encoder import ebml

# What ffprobe says before it gives up.
_UNOPENED = re.compile(r"^Could not open codec for input stream (\d+)$", re.MULTILINE)
_MOST = 64  # elements, boxes or chunks that are read of each kind
_MOST_BYTES = 1024 * 1024
_TRACKS, _ENTRY, _TYPE, _CODEC = 0x1654AE6B, 0xAE, 0x83, 0x86
# Matroska's pictures, sound, subtitles and metadata; libavformat makes no stream of other kinds.
_STREAMS = frozenset({1, 2, 17, 33})
_TO_ENTRY = (b"mdia", b"minf", b"stbl", b"stsd")
# The boxes that say what an MP4's track is coded in, besides the name of its sample entry.
_CONFIGURATIONS = re.compile(rb"esds|wave|alac|dfLa|dOps|dac3|dec3|ddts|avcC|hvcC|vpcC|av1C|glbl")

# Where to put what instead of what is there, by place in bytes.
Mask = Mapping[int, bytes]


def unopened(stderr: str) -> int | None:
    """The index of the stream that ffprobe gave up for, by what it said at its level `warning`."""
    found = _UNOPENED.search(stderr)
    return int(found[1]) if found is not None else None


def mask(path: Path, index: int) -> Mask | None:
    """What has to be hidden so that the stream of this index is in no codec; None where that is not known. Raises
    OSError."""
    with path.open("rb") as film:
        return next((found for read in _READERS if (found := read(film, index)) is not None), None)


def arguments(path: Path, hidden: Mask, folder: Path) -> tuple[str, ...]:
    """ffprobe's arguments for the film with all that hidden. folder: an empty one, for what stands there instead; it
    has to last as long as ffprobe does. Raises OSError."""
    # the name of a link means nothing to ffmpeg's protocols, whatever the film is called
    film = folder / "film"
    film.symlink_to(path.absolute())
    parts, done = [], 0
    for place, data in sorted(hidden.items()):
        instead = folder / str(place)
        instead.write_bytes(data)
        parts += [f"subfile,,start,{done},end,{place},,:file:{film}", f"file:{instead}"]
        done = place + len(data)
    parts.append(f"subfile,,start,{done},end,{path.stat().st_size},,:file:{film}")
    return ("-protocol_whitelist", "file,subfile,concat", f"concat:{'|'.join(parts)}")


def _of_matroska(film: BinaryIO, index: int) -> Mask | None:
    segment = ebml.segment(film)
    if segment is None:
        return None
    tracks = next((one for one in ebml.children(film, segment, _MOST) if one.name == _TRACKS), None)
    if tracks is None:
        return None
    entries = (one for one in ebml.children(film, tracks, _MOST) if one.name == _ENTRY)
    streams = (codec for entry in entries if (codec := _codec(film, entry)) is not None)
    codec = next(islice(streams, index, None), None)
    if codec is None or codec.size is None or codec.size < 3:
        return None
    # what stands before the line (A_, V_, S_) has to fit the kind of track
    return {codec.start + 2: b"X" * (codec.size - 2)}


def _codec(film: BinaryIO, entry: ebml.Element) -> ebml.Element | None:
    """Where the codec of a track is named that libavformat makes a stream of."""
    parts = {part.name: part for part in ebml.children(film, entry, _MOST)}
    kind = parts.get(_TYPE)
    if kind is None or kind.size is None:
        return None
    film.seek(kind.start)
    return parts.get(_CODEC) if int.from_bytes(film.read(kind.size), "big") in _STREAMS else None


def _of_mp4(film: BinaryIO, index: int) -> Mask | None:
    index_box = next((box for box in _boxes(film, 0, film.seek(0, os.SEEK_END)) if box[0] == b"moov"), None)
    if index_box is None:
        return None
    traks = (box for box in _boxes(film, *index_box[1:]) if box[0] == b"trak")
    found = next(islice(traks, index, None), None)
    for name in _TO_ENTRY:
        if found is not None:
            found = next((box for box in _boxes(film, *found[1:]) if box[0] == name), None)
    if found is None or not 16 <= found[2] - found[1] <= _MOST_BYTES:
        return None
    entry = found[1] + 12  # behind version, count and the entry's length
    film.seek(entry)
    said = film.read(found[2] - entry)
    return {entry: b"XXXX" + _CONFIGURATIONS.sub(b"free", said[4:])}


def _boxes(film: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, and where the contents begin and end."""
    for _ in range(_MOST):
        film.seek(start)
        header = film.read(16)
        size, name, inside = int.from_bytes(header[:4], "big"), header[4:8], start + 8
        if size == 1:
            size, inside = int.from_bytes(header[8:16], "big"), start + 16
        if size < 8 or start + size > end:
            return
        yield name, inside, start + size
        start += size


def _of_avi(film: BinaryIO, index: int) -> Mask | None:
    film.seek(0)
    head = film.read(_MOST_BYTES)
    if not head.startswith(b"RIFF") or head[8:12] != b"AVI ":
        return None
    headers = (found.end() for found in re.finditer(rb"strh.{4}", head, re.DOTALL))
    place = next(islice(headers, index, None), None)
    form = head.find(b"strf", place) if place is not None else -1
    if place is None or form < 0 or head[place : place + 4] != b"auds":
        return None
    return {form + 8: b"\xfe\x7f"}


_READERS: tuple[Callable[[BinaryIO, int], Mask | None], ...] = (_of_matroska, _of_mp4, _of_avi)
