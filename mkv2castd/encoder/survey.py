"""A closer look at a film whose flags leave something open. Costs nothing where they do not; fails no film."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mkv2castd.config import Settings
from mkv2castd.encoder.beside import externals_of
from mkv2castd.encoder.command import file_url
from mkv2castd.encoder.decoding import look_behind_the_lock, look_for_a_frame
from mkv2castd.encoder.ending import Ending
from mkv2castd.encoder.evidence import claimed_duration, evidence, lost_end, quick_ending
from mkv2castd.encoder.ffprobe import decoded_refs, frame_facts
from mkv2castd.encoder.forced import look_for_forced
from mkv2castd.encoder.hdr import may_be_dolby
from mkv2castd.encoder.levels import references_matter
from mkv2castd.encoder.media import Media, Scan, VideoStream
from mkv2castd.encoder.mpeg_audio import look_at_layers
from mkv2castd.encoder.probe import PATIENCE_SECONDS, probe
from mkv2castd.encoder.process import capture
from mkv2castd.encoder.programmes import of_one
from mkv2castd.encoder.scanning import is_doubtful, read_idet, scan_of
from mkv2castd.encoder.wholeness import ended
from mkv2castd.errors import DeviceError
from mkv2castd.model import printable

_log = logging.getLogger(__name__)
_QUIET = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "info")
# Where samples are taken (parts of the film's length), and how many frames each has: five seconds or less.
_PLACES = (0.1, 0.4, 0.7)
_FRAMES = "120"
# Below this length (seconds) one sample is enough.
_SHORT = 15.0
_FIRST_FRAME = ("ffprobe", "-v", "error", "-protocol_whitelist", "file", "-of", "json")
# Bits a second below which no film can be as long as it claims: a tenth of what the leanest speech alone needs.
_LEAST_BITRATE = 600
# Files up to this size (bytes) are read through to find their end; of larger ones, what lies where it is claimed.
_READ_WHOLE = 256 * 1024 * 1024


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
    media = await look_behind_the_lock(path, await probe(path, environment, patience), environment, patience)
    media = of_one(await look_for_a_frame(path, media, environment, patience))
    picture = media.picture
    if picture is None or media.ours is not None:
        return media
    media = await look_at_layers(path, media, environment, patience)
    media = replace(media, externals=await externals_of(path, patience))
    if picture.coded_fields and not picture.coded_interlaced:
        picture = replace(picture, **await _look_at_first_frame(path, picture, environment, patience))
    if is_doubtful(picture):
        scan = await _look_at_fields(path, media, picture, environment, patience)
        picture = replace(picture, scan=scan)
    if may_be_dolby(picture) or (picture.hdr and picture.mastering is None):
        picture = replace(picture, **await _look_at_first_frame(path, picture, environment, patience))
    if references_matter(picture):
        picture = replace(picture, refs=await _look_at_references(path, picture, environment, patience))
    media = await _look_at_end(path, _with_picture(media, picture), patience, environment)
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


async def _look_at_first_frame(
    path: Path, picture: VideoStream, environment: Mapping[str, str] | None, patience: float
) -> dict[str, Any]:
    """What its first frames say of HDR and of interlacing, where the container says nothing or something else."""
    which = ("-select_streams", str(picture.index), "-read_intervals", "%+#2")
    argv = [
        *_FIRST_FRAME,
        *which,
        "-show_frames",
        "-show_entries",
        "frame=interlaced_frame,top_field_first:frame_side_data",
        file_url(path),
    ]
    try:
        answer = await capture(argv, timeout=patience, environment=environment)
    except DeviceError as error:
        _log.warning("%s: what its frames say stays unknown: %s", printable(path), error.message)
        return {}
    facts = frame_facts(answer.stdout)
    known = picture.dolby_vision is not None  # by the container's record, which players go by
    return {name: fact for name, fact in facts.items() if not (known and name.startswith("dolby"))}


async def _look_at_references(
    path: Path, picture: VideoStream, environment: Mapping[str, str] | None, patience: float
) -> int | None:
    which = ("-select_streams", str(picture.index), "-read_intervals", "%+#2")
    argv = [*_FIRST_FRAME, *which, "-show_streams", "-show_frames", "-show_entries", "stream=refs:frame=pts"]
    try:
        answer = await capture([*argv, file_url(path)], timeout=patience, environment=environment)
    except DeviceError as error:
        _log.warning("%s: how many references it uses stays unknown: %s", printable(path), error.message)
        return None
    return decoded_refs(answer.stdout)


async def _look_at_end(path: Path, media: Media, patience: float, environment: Mapping[str, str] | None) -> Media:
    """Where the film really ends, if it is cut off or claims a length that its bytes cannot fill."""
    if media.duration is None or media.size is None:
        return media
    ending = await quick_ending(path, media)
    ends = await lost_end(path, media, ending)
    if ends is not None:
        return ended(media, ends, cut=True)
    cut = ending is Ending.CUT
    hollow = media.duration > _SHORT and media.size * 8 / media.duration < _LEAST_BITRATE
    if not cut and not hollow:
        return media
    near = media.duration if media.size > _READ_WHOLE else 0.0
    if cut:
        media = replace(media, duration=await claimed_duration(path, media))
    try:
        told = await evidence(path, media, near, patience, environment)
    except DeviceError as error:
        _log.warning("%s: where it ends stays unknown: %s", printable(path), error.message)
        return replace(media, cut=cut)
    film = {stream.index for stream in (*media.pictures, *media.audio)}
    ends = max((end for index, end in told.reached.items() if index in film), default=None)
    return ended(media, ends, cut=told.ending is Ending.CUT)


def _with_picture(media: Media, picture: VideoStream) -> Media:
    streams = tuple(picture if stream.index == picture.index else stream for stream in media.streams)
    return replace(media, streams=streams)
