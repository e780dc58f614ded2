"""Does a picture decode at all, and is what names a key locked? Asked only where what ffprobe tells leaves it open;
fails no film."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mkv2castd.encoder.command import file_url
from mkv2castd.encoder.media import Media, VideoStream
from mkv2castd.encoder.process import capture
from mkv2castd.errors import DeviceError
from mkv2castd.model import printable

_log = logging.getLogger(__name__)
_ARGV = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "error", "-progress", "pipe:1")
# Codecs whose decoders complain of what is locked; others make a picture of anything.
_TELLING = frozenset({"h264", "hevc"})
# Where it is looked (parts of the film's length), and for how many seconds each time.
_PARTS = (0.0, 0.3, 0.6, 0.9)
_SECONDS = "1"
_FRAMES = re.compile(rb"^frame=\s*(\d+)", re.MULTILINE)


def is_doubtful(media: Media, picture: VideoStream) -> bool:
    """Has nobody seen a frame of it? The pixel format is known from the first frame or from the stream's own headers,
    the rate from a few packets, the duration from the container: a film has all three. What names a key may be
    locked, though its headers can be read."""
    if picture.decodes is not None or not picture.opens:
        return False
    if media.keyed:
        return True
    lasts = media.duration if media.duration is not None else picture.duration
    return picture.pixel_format is None or picture.frame_rate is None or lasts is None


async def look_behind_the_lock(
    path: Path, media: Media, environment: Mapping[str, str] | None, patience: float
) -> Media:
    """An MP4 that names a key with `encrypted` as its pictures and sound show it at some places: it may be clear all
    the same, or only where it begins. environment and patience (seconds): the child's."""
    picture = media.picture
    if picture is None or not (media.keyed or media.encrypted) or "mp4" not in media.format_names:
        return media
    if media.duration is None or (media.encrypted and picture.codec not in _TELLING):
        return media
    argv = ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "error", "-progress", "pipe:1"]
    for part in _PARTS:
        argv += ["-ss", f"{media.duration * part:.3f}", "-protocol_whitelist", "file", "-i", file_url(path)]
    for number in range(len(_PARTS)):
        argv += ["-map", f"{number}:{picture.index}", "-map", f"{number}:a?", "-t", _SECONDS, "-f", "null", "-"]
    try:
        answer = await capture(argv, timeout=patience, environment=environment)
    except DeviceError as error:
        _log.warning("%s: whether it is locked stays unknown: %s", printable(path), error.message)
        return media
    seen = answer.exit_code == 0 and any(int(count) for count in _FRAMES.findall(answer.stdout))
    clear = seen and not answer.stderr_tail.strip()
    shown = tuple(replace(s, decodes=True) if clear and s is picture else s for s in media.streams)
    return replace(media, streams=shown, encrypted=not clear, keyed=True)


async def look_for_a_frame(path: Path, media: Media, environment: Mapping[str, str] | None, patience: float) -> Media:
    """The film with `decodes` told of its picture where there is a doubt; where that one has no frame, of the next
    that then becomes the film's picture. environment and patience (seconds): the child's."""
    while (picture := media.picture) is not None and is_doubtful(media, picture):
        decodes = await _decodes(path, picture, environment, patience)
        if decodes is None:
            break
        looked_at = replace(picture, decodes=decodes)
        media = replace(media, streams=tuple(looked_at if s is picture else s for s in media.streams))
    return media


async def _decodes(
    path: Path, picture: VideoStream, environment: Mapping[str, str] | None, patience: float
) -> bool | None:
    source = ("-protocol_whitelist", "file", "-i", file_url(path), "-map", f"0:{picture.index}")
    try:
        answer = await capture(
            [*_ARGV, *source, "-frames:v", "1", "-f", "null", "-"], timeout=patience, environment=environment
        )
    except DeviceError as error:
        _log.warning("%s: whether its picture decodes stays unknown: %s", printable(path), error.message)
        return None
    return any(int(count) for count in _FRAMES.findall(answer.stdout))
