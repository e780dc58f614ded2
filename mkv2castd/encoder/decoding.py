"""Does a picture decode at all? Asked only where what ffprobe tells of it leaves that open; fails no film."""

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
