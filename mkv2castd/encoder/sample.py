"""Looks into a finished output: what it claims to be, and a decode of its start, its middle and its end.

Two ffprobe at the same time for a film of usual length, one for a short one. The cost does not depend on the
film's length: each place is a few dozen packets from the nearest key frame on, and the way to the very end is read
without decoding.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from mkv2castd.encoder import lenient
from mkv2castd.encoder.command import file_url
from mkv2castd.encoder.ffprobe import parse_ffprobe
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.process import capture, run
from mkv2castd.errors import DeviceError, ErrorCode, MediaError

_ARGV = ("ffprobe", "-v", "error", "-protocol_whitelist", "file")
_ALL = ("-of", "json", "-show_format", "-show_streams", "-show_chapters", "-show_packets", "-show_frames")
_FIELDS = "packet=stream_index,pts_time,dts_time,duration_time:frame=stream_index"
_PACKETS = 40
# A film up to this long (seconds) is decoded as a whole, which so many packets suffice for.
_SHORT = 6.0
_SHORT_PACKETS = 6000
_TAIL = 1.0
# ffprobe's flag of a packet that is only there to be decoded: an edit list hides it.
_HIDDEN = "D"
# What ffprobe says of a file without an index to go by, such as one whose picture has no key frame.
_NO_SEEKING = "Could not seek to position"


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look: from the key frame before `start` (seconds; None: the first packet, without seeking) on, so
    many packets; None: to the end."""

    start: float | None = None
    packets: int | None = _PACKETS

    @property
    def interval(self) -> str:
        start = f"{self.start:.3f}" if self.start is not None else ""
        return f"{start}%" + (f"+#{self.packets}" if self.packets is not None else "")


@dataclass(frozen=True, slots=True)
class Samples:
    """frames: decoded at each place, counted by stream; packets: read there, likewise. reached: where the last packet
    of each stream ends, in seconds, as far as the end was read. complaints: what ffprobe said on stderr."""

    media: Media
    frames: list[Counter[int]]
    packets: list[Counter[int]]
    reached: Mapping[int, float]
    complaints: list[str]


class Look:
    """ffprobe on one file. patience: seconds without an answer, then DeviceError (stalled).

    Every call raises DeviceError (verify_failed) when the file cannot be opened.
    """

    def __init__(self, path: Path, patience: float, environment: Mapping[str, str] | None = None) -> None:
        self._url = file_url(path)
        self._patience = patience
        self._environment = environment

    async def sample(self, duration: float | None) -> Samples:
        """duration: what the film is expected to last, in seconds; None when nobody knows."""
        if duration is None:
            return await self._blindly()
        if duration <= _SHORT:
            return await self.decode(Place(None, _SHORT_PACKETS))
        last = duration - _TAIL
        try:
            async with asyncio.TaskGroup() as group:
                made = group.create_task(self.decode(Place(), Place(duration / 2), Place(last)))
                tail = group.create_task(self.read_on(Place(last, None)))
        except BaseExceptionGroup as raised:
            first = raised.exceptions[0]
            if isinstance(first, DeviceError) and _NO_SEEKING in (first.details or ""):
                return await self.all_of_it()
            raise first from None
        reached, complaints = tail.result()
        return replace(made.result(), reached=reached, complaints=[*made.result().complaints, *complaints])

    async def _blindly(self) -> Samples:
        """One after the other, since where the middle is must be asked first."""
        first = await self.decode(Place())
        found = first.media.duration
        if found is None:
            return first
        if found <= _SHORT:
            return await self.decode(Place(None, _SHORT_PACKETS))
        rest = await self.decode(Place(found / 2), Place(max(found - _TAIL, 0.0), None))
        return Samples(
            first.media,
            first.frames + rest.frames,
            first.packets + rest.packets,
            rest.reached,
            first.complaints + rest.complaints,
        )

    async def all_of_it(self) -> Samples:
        """For a file in which no place can be gone to, or a picture that is rarely there: its beginning, and how far
        it reaches, read through."""
        made = await self.decode(Place(None, _SHORT_PACKETS))
        reached, complaints = await self.read_on(Place(None, None))
        return replace(made, reached=reached, complaints=[*made.complaints, *complaints])

    async def has_packets(self, index: int) -> bool:
        """Is there anything at all in this stream? For a track that none of the places touched."""
        reached, _ = await self.read_on(Place(None, 1), str(index))
        return bool(reached)

    async def subtitles_end(self) -> float:
        """When the last subtitle disappears, in seconds; reads the whole file."""
        reached, _ = await self.read_on(Place(None, None), "s")
        return max(reached.values(), default=0.0)

    async def decode(self, *places: Place) -> Samples:
        intervals = ",".join(place.interval for place in places)
        argv = [*_ARGV, *_ALL, "-show_entries", _FIELDS, "-read_intervals", intervals, self._url]
        answer = await capture(argv, timeout=self._patience, environment=self._environment)
        try:
            media = parse_ffprobe(answer.stdout)
        except MediaError as error:
            raise _unreadable(answer.stderr_tail) from error
        if answer.exit_code != 0 or not media.streams:
            raise _unreadable(answer.stderr_tail)
        entries = lenient.rows(
            msgspec.json.decode(answer.stdout.decode("utf-8", "replace")).get("packets_and_frames")
        )
        pictures = frozenset(stream.index for stream in media.pictures)
        return Samples(media, *_read(entries, places, pictures), answer.stderr_tail.splitlines())

    async def read_on(self, place: Place, streams: str | None = None) -> tuple[Mapping[int, float], list[str]]:
        """All packets of a place that are shown, however many, without decoding: where each stream ends, and the
        complaints. streams: ffprobe's stream specifier."""
        reached: dict[int, float] = {}

        def on_line(line: str) -> bool:
            index, *told = line.split(",")
            if index.isdigit() and len(told) > 3 and _HIDDEN not in told[3]:
                _reach(reached, int(index), [lenient.number(time) for time in told[:3]])
            return True

        fields = ("-show_entries", "packet=stream_index,pts_time,dts_time,duration_time,flags", "-of", "csv=p=0")
        select = ("-select_streams", streams) if streams is not None else ()
        argv = [*_ARGV, *select, *fields, "-read_intervals", place.interval, self._url]
        ended = await run(argv, on_line=on_line, stall_seconds=self._patience, environment=self._environment)
        if ended.exit_code != 0:
            raise _unreadable(ended.stderr_tail)
        return reached, ended.stderr_tail.splitlines()


def _read(
    entries: Sequence[Mapping[str, Any]], places: Sequence[Place], pictures: frozenset[int]
) -> tuple[list[Counter[int]], list[Counter[int]], dict[int, float]]:
    """Frames and packets by place, out of ffprobe's order, which tells no places apart: one ends when it has its
    packets, or, where the file ended before, when the picture's clock goes back."""
    frames: list[Counter[int]] = [Counter() for _ in places]
    counted: list[Counter[int]] = [Counter() for _ in places]
    reached: dict[int, float] = {}
    place, packets, clock = 0, 0, -math.inf
    for entry in entries:
        index = lenient.whole(entry.get("stream_index"))
        if index is None:
            continue
        if entry.get("type") == "frame":
            frames[place][index] += 1
        elif entry.get("type") == "packet":
            pts, dts, length = (lenient.number(entry.get(key)) for key in ("pts_time", "dts_time", "duration_time"))
            back = index in pictures and dts is not None and dts <= clock
            if place < len(places) - 1 and (packets == places[place].packets or back):
                place, packets, clock = place + 1, 0, -math.inf
            packets += 1
            counted[place][index] += 1
            if index in pictures and dts is not None:
                clock = dts
            _reach(reached, index, [pts, dts, length])
    return frames, counted, reached


def _reach(reached: dict[int, float], index: int, times: Sequence[float | None]) -> None:
    """times: of presentation, of decoding, length; each may be absent."""
    pts, dts, length, *_ = (*times, None, None, None)
    start = pts if pts is not None else dts
    if start is not None:
        end = start + (length if length is not None else 0.0)
        reached[index] = max(reached.get(index, end), end)


def _unreadable(stderr: str) -> DeviceError:
    return DeviceError(ErrorCode.VERIFY_FAILED, "the output cannot be read: it is tried again", details=stderr)
