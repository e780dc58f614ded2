"""A closer look at a film whose flags leave something open. Costs nothing where they do not; fails no film."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mkv2castd.config import Settings
from mkv2castd.encoder.beside import externals_of
from mkv2castd.encoder.command import file_url
from mkv2castd.encoder.forced import look_for_forced
from mkv2castd.encoder.media import Media, Scan, VideoStream
from mkv2castd.encoder.probe import PATIENCE_SECONDS, probe
from mkv2castd.encoder.process import capture
from mkv2castd.encoder.scanning import is_doubtful, read_idet, scan_of
from mkv2castd.errors import DeviceError
from mkv2castd.model import printable

_log = logging.getLogger(__name__)
_QUIET = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "info")
# Where samples are taken (parts of the film's length), and how many frames each has: five seconds or less.
_PLACES = (0.1, 0.4, 0.7)
_FRAMES = "120"
# Below this length (seconds) one sample is enough.
_SHORT = 15.0


async def examine(
    path: Path,
    environment: Mapping[str, str] | None = None,
    patience: float = PATIENCE_SECONDS,
    settings: Settings | None = None,
) -> Media:
    """What is in the film: what ffprobe says, and where that leaves something open, what a closer look shows. With
    the subtitle files beside it.

    environment is added to the children's; patience: seconds for each of them. settings: what is wished for, which
    may need a look of its own. Raises as `probe` does.
    """
    media = await probe(path, environment, patience)
    picture = media.picture
    if picture is None or media.ours is not None:
        return media
    media = replace(media, externals=await externals_of(path, patience))
    if is_doubtful(picture):
        scan = await _look_at_fields(path, media, picture, environment, patience)
        media = _with_picture(media, replace(picture, scan=scan))
    return media if settings is None else await look_for_forced(path, media, settings, environment)


async def _look_at_fields(
    path: Path, media: Media, picture: VideoStream, environment: Mapping[str, str] | None, patience: float
) -> Scan | None:
    long = media.duration is not None and media.duration > _SHORT
    starts = [media.duration * place for place in _PLACES] if long and media.duration is not None else [0.0]
    argv = list(_QUIET)
    for start in starts:
        seek = ["-ss", f"{start:.3f}"] if start else []
        argv += [*seek, "-protocol_whitelist", "file", "-i", file_url(path)]
    for number in range(len(starts)):
        argv += ["-map", f"{number}:{picture.index}", "-frames:v", _FRAMES, "-vf", "idet", "-f", "null", "-"]
    try:
        answer = await capture(argv, timeout=patience, environment=environment)
    except DeviceError as error:
        _log.warning("%s: its scanning stays unknown: %s", printable(path), error.message)
        return None
    return scan_of(picture, read_idet(answer.stderr_tail))


def _with_picture(media: Media, picture: VideoStream) -> Media:
    streams = tuple(picture if stream.index == picture.index else stream for stream in media.streams)
    return replace(media, streams=streams)
