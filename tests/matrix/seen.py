"""What is in a file, as its streams, packets and decoded contents show it: ffprobe and ffmpeg, nothing else."""

from __future__ import annotations

import array
import json
import re
import struct
import subprocess
import tempfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

COLUMNS, ROWS = 16, 9
_FRAME = COLUMNS * ROWS * 3
_IDET = re.compile(r"Multi frame detection: TFF: *(\d+) BFF: *(\d+) Progressive: *(\d+)")
_COMPLAINT = re.compile(r"\[(?:warning|error|fatal|panic)\]")
# Muxers of the decoding run itself, and what says nothing about the file.
_HARMLESS = re.compile(
    r"^\[(?:null|rawvideo|s16le)[ #]|Application provided invalid|deprecated pixel format|Guessed Channel Layout"
    r"|No accelerated colorspace|Could not find codec parameters for stream \d+ \(Subtitle|analyzeduration"
    r"|guess_input_channel_layout|timescale not set|Timestamps are unset in a packet"
)
Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream: what ffprobe says, and its packets as (pts, duration, bytes) and its frames in order."""

    told: dict[str, Any]
    packets: list[dict[str, Any]] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return str(self.told.get("codec_type", "unknown"))

    @property
    def codec(self) -> str:
        return str(self.told.get("codec_name", "unknown"))

    @property
    def tags(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.told.get("tags", {}).items()}

    @property
    def cover(self) -> bool:
        flags = self.told.get("disposition", {})
        return bool(flags.get("attached_pic") or flags.get("timed_thumbnails"))

    @property
    def rate(self) -> Fraction | None:
        return _fraction(self.told.get("avg_frame_rate"))

    @property
    def side_data(self) -> dict[str, dict[str, Any]]:
        """By its name: the stream's own, and that of its first frame."""
        found = list(self.told.get("side_data_list", []))
        for frame in self.frames[:1]:
            found += frame.get("side_data_list", [])
        return {str(one.get("side_data_type")): one for one in found}

    @property
    def turned(self) -> int:
        """Degrees, 0 … 359."""
        told = self.side_data.get("Display Matrix", {}).get("rotation", self.tags.get("rotate", 0))
        return round(float(told)) % 360

    @property
    def start(self) -> float | None:
        return min((at for at in map(_shown_at, self.packets) if at is not None), default=None)

    @property
    def longest(self) -> float:
        """Seconds of the longest packet but the last, whose claim may be anything."""
        return max((_number(packet.get("duration_time")) for packet in self.packets[:-1]), default=0.0)

    @property
    def end(self) -> float | None:
        ends = [at + _number(p.get("duration_time")) for p in self.packets if (at := _shown_at(p)) is not None]
        return max(ends, default=None)


@dataclass(frozen=True, slots=True)
class Seen:
    """A file. thumbs: of each decoded frame of the film's picture, 16 × 9 colours; beep: when the loudest passage
    of the first sound track begins, and how loud it is (0 … 1). combed, whole: frames that idet calls interlaced
    and progressive. index_first: an MP4's moov lies before its mdat."""

    format: dict[str, Any]
    streams: list[Stream]
    chapters: int
    thumbs: list[bytes] = field(default_factory=list)
    beep: float | None = None
    loudness: float | None = None
    combed: int = 0
    whole: int = 0
    complaints: list[str] = field(default_factory=list)
    index_first: bool | None = None
    brand: str | None = None

    def of(self, kind: str) -> list[Stream]:
        return [stream for stream in self.streams if stream.kind == kind]

    @property
    def pictures(self) -> list[Stream]:
        return [stream for stream in self.of("video") if not stream.cover]

    @property
    def duration(self) -> float | None:
        told = self.format.get("duration")
        return None if told is None else float(told)

    @property
    def container(self) -> str | None:
        names = str(self.format.get("format_name", "")).split(",")
        if "mp4" in names:
            return None if (self.brand or "").startswith(("qt", "3g")) else "mp4"
        if "matroska" in names:
            return "webm" if self.format.get("doctype") == "webm" else "mkv"
        return "mpegts" if "mpegts" in names else None

    @property
    def shown_at(self) -> list[float | None]:
        """When each frame of `thumbs` is shown."""
        if not self.pictures:
            return []
        return [_frame_at(frame) for frame in self.pictures[0].frames]

    def brightness(self) -> list[float]:
        return [sum(thumb) / _FRAME for thumb in self.thumbs]

    def corner(self, column: int, row: int, before: float) -> Colour | None:
        """The mean colour of one place in the frames that are shown before `before`."""
        chosen = [t for t, at in zip(self.thumbs, self.shown_at, strict=False) if at is not None and at < before]
        if not chosen:
            return None
        at = (row * COLUMNS + column) * 3
        red, green, blue = (sum(thumb[at + plane] for thumb in chosen) / len(chosen) for plane in range(3))
        return red, green, blue


def see(path: Path) -> Seen:
    """Reads and decodes all of it. Raises CalledProcessError where ffprobe cannot open it."""
    argv = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_chapters"]
    argv += ["-show_packets", "-show_frames", f"file:{path}"]
    done = subprocess.run(argv, check=True, capture_output=True, timeout=90)
    told = json.loads(done.stdout)
    streams = [Stream(one) for one in sorted(told.get("streams", []), key=lambda one: int(one["index"]))]
    by_index = {int(stream.told["index"]): stream for stream in streams}
    for entry in told.get("packets_and_frames", told.get("packets", [])):
        stream = by_index.get(int(entry.get("stream_index", -1)))
        if stream is not None:
            (stream.frames if entry.get("type") == "frame" else stream.packets).append(entry)
    seen = Seen(
        {**told["format"], "doctype": _doctype(path)},
        streams,
        len(told.get("chapters", [])),
        index_first=_index_first(path) if "mp4" in told["format"]["format_name"] else None,
        brand=told["format"].get("tags", {}).get("major_brand"),
    )
    return _decoded(path, seen)


def _decoded(path: Path, seen: Seen) -> Seen:
    pictures, sound = seen.pictures, seen.of("audio")
    argv = ["ffmpeg", "-hide_banner", "-nostats", "-nostdin", "-v", "level+info", "-y", "-i", f"file:{path}"]
    with tempfile.TemporaryDirectory() as folder:
        thumbs, samples = Path(folder, "thumbs"), Path(folder, "samples")
        for other in (*pictures[1:], *sound[1:]):
            argv += ["-map", f"0:{other.told['index']}"]
        if len(pictures) > 1 or len(sound) > 1:
            argv += ["-fps_mode", "passthrough", "-f", "null", "-"]
        if pictures:
            chain = f"idet,scale={COLUMNS}:{ROWS}:flags=area,format=rgb24,settb=1/1000,setpts=N"
            argv += ["-map", f"0:{pictures[0].told['index']}", "-vf", chain, "-fps_mode", "passthrough"]
            argv += ["-enc_time_base", "1:1000", "-f", "rawvideo", str(thumbs)]
        if sound:
            argv += ["-map", f"0:{sound[0].told['index']}", "-ac", "1", "-f", "s16le", str(samples)]
        done = subprocess.run(argv, capture_output=True, timeout=120)
        said = done.stderr.decode("utf-8", "replace").splitlines()
        raw = thumbs.read_bytes() if thumbs.exists() else b""
        heard = array.array("h", samples.read_bytes() if samples.exists() else b"")
    combing = next((match for line in said if (match := _IDET.search(line))), None)
    complaints = [line for line in said if _COMPLAINT.search(line) and not _HARMLESS.search(line)]
    if done.returncode != 0:
        complaints.append(f"ffmpeg ends with {done.returncode}")
    beep, loudness = _beep(sound[0], heard) if sound else (None, None)
    return Seen(
        seen.format,
        seen.streams,
        seen.chapters,
        [raw[at : at + _FRAME] for at in range(0, len(raw) - _FRAME + 1, _FRAME)],
        beep,
        loudness,
        int(combing[1]) + int(combing[2]) if combing else 0,
        int(combing[3]) if combing else 0,
        complaints,
        seen.index_first,
        seen.brand,
    )


def _beep(stream: Stream, samples: array.array[int]) -> tuple[float | None, float | None]:
    """Where the loud passage begins: in the middle between the first window that is louder than half the loudest
    and its neighbour. Windows of 2 ms, so that a tone of 700 Hz has more than a period in each."""
    rate = int(stream.told.get("sample_rate", 0))
    window = max(1, rate // 500)
    levels = [max(map(abs, samples[at : at + window])) for at in range(0, len(samples) - window, window)]
    if not levels:
        return None, None
    loudest = max(levels)
    first = next(number for number, level in enumerate(levels) if level * 2 >= loudest)
    return _moment(stream, (first + 0.5) * window), loudest / 32768


def _moment(stream: Stream, sample: float) -> float | None:
    """When the sample is heard, by the times of the frames: there may be gaps between them."""
    before = 0
    for frame in stream.frames:
        length = int(frame.get("nb_samples", 0))
        at = _frame_at(frame)
        if before <= sample < before + length and at is not None:
            return at + (sample - before) / int(stream.told["sample_rate"])
        before += length
    return None


def _frame_at(frame: dict[str, Any]) -> float | None:
    told = frame.get("best_effort_timestamp_time", frame.get("pts_time"))
    return None if told is None else float(told)


def _shown_at(packet: dict[str, Any]) -> float | None:
    """Packets that players are told to drop are not shown."""
    told = packet.get("pts_time", packet.get("dts_time"))
    return None if told is None or "D" in str(packet.get("flags", "")) else float(told)


def _number(told: object) -> float:
    return float(str(told)) if told is not None else 0.0


def _fraction(told: object) -> Fraction | None:
    over, _, under = str(told).partition("/")
    return (
        Fraction(int(over), int(under)) if over.isdigit() and under.isdigit() and int(under) and int(over) else None
    )


def _doctype(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(64)
    at = head.find(b"\x42\x82")
    return head[at + 3 : at + 3 + (head[at + 2] & 0x7F)].decode("ascii", "replace") if at >= 0 else None


def _index_first(path: Path) -> bool | None:
    """Which comes first in an MP4, moov or mdat; None: it is none."""
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            size, name = struct.unpack(">I4s", head)
            if name in (b"moov", b"mdat"):
                return bool(name == b"moov")
            if size == 1:
                (size,) = struct.unpack(">Q", file.read(8))
                file.seek(size - 16, 1)
            elif size >= 8 and name.isascii():
                file.seek(size - 8, 1)
            else:
                return None
    return None
