"""Which layer of MPEG audio is a track of an MP4 in? The format has one number for all three, 0x6B, which libavformat
takes for the third. Asked of the track's first frame, and only where it is in doubt; fails no film."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import msgspec

from mkv2castd.encoder import lenient
from mkv2castd.encoder.command import file_url
from mkv2castd.encoder.media import AudioStream, Media
from mkv2castd.encoder.process import capture
from mkv2castd.errors import DeviceError
from mkv2castd.model import printable
from mkv2castd.threads import in_thread

_log = logging.getLogger(__name__)
_ARGV = ("ffprobe", "-v", "error", "-protocol_whitelist", "file", "-of", "json")
_FIRST = ("-show_entries", "packet=pos", "-read_intervals", "%+#1")
# By the two bits of the frame's header (ISO/IEC 11172-3, 2.4.2.3).
_LAYERS: Mapping[int, str] = MappingProxyType({3: "mp1", 2: "mp2", 1: "mp3"})


async def look_at_layers(path: Path, media: Media, environment: Mapping[str, str] | None, patience: float) -> Media:
    """The film with the true codec of what an MP4 calls MP3. environment and patience (seconds): the child's."""
    if "mp4" not in media.format_names:
        return media
    for track in media.audio:
        codec = await _layer(path, track, environment, patience) if track.codec == "mp3" else None
        if codec is not None:
            known = replace(track, codec=codec)
            media = replace(media, streams=tuple(known if s is track else s for s in media.streams))
    return media


async def _layer(
    path: Path, track: AudioStream, environment: Mapping[str, str] | None, patience: float
) -> str | None:
    argv = [*_ARGV, "-select_streams", str(track.index), *_FIRST, file_url(path)]
    try:
        answer = await capture(argv, timeout=patience, environment=environment)
        told = lenient.rows(lenient.table(msgspec.json.decode(answer.stdout)).get("packets"))
        place = next((lenient.whole(row.get("pos")) for row in told), None)
        head = await in_thread(_head, path, place) if place is not None else b""
    except (DeviceError, msgspec.MsgspecError, OSError) as error:
        _log.warning("%s: the layer of its sound stays unknown: %s", printable(path), error)
        return None
    return layer_of(head)


def _head(path: Path, place: int) -> bytes:
    with path.open("rb", buffering=0) as film:
        film.seek(place)
        return film.read(2)


def layer_of(head: bytes) -> str | None:
    """ffmpeg's name for what begins with these two bytes; None where they begin no frame."""
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    return _LAYERS.get(head[1] >> 1 & 3)
