"""What is in this file? Asks ffprobe, once a film."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from mkv2castd.encoder import masking, process
from mkv2castd.encoder.avc import Sequence, sequences
from mkv2castd.encoder.boxes import index_at, index_first
from mkv2castd.encoder.ebml import doc_type
from mkv2castd.encoder.ffprobe import parse_ffprobe
from mkv2castd.encoder.media import AnyStream, Media, VideoStream
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.model import printable
from mkv2castd.threads import in_thread

PATIENCE_SECONDS = 60.0
_LIMIT_BYTES = 16 * 1024 * 1024
# So much of a film, or of an MP4's index, holds the descriptions of its tracks.
_HEAD_BYTES = 1024 * 1024
# In it an MP4 names the key of a track, also of one whose beginning is not locked (ISO/IEC 23001-7, 8.2).
_KEY_BOX = b"tenc"
# Only `file`: a playlist that calls itself a film must not make us open addresses.
_LOCAL = ("-protocol_whitelist", "file")
_ARGV = ("ffprobe", "-of", "json")
_SHOW = ("-show_format", "-show_streams", "-show_chapters")
# What encryption there is, and what edit lists hide, only packets tell. The first cost nothing: they were read to
# find out about the streams.
_PACKETS = ("-show_packets", "-read_intervals", "%+#48")
_FIELDS = (
    "-show_entries",
    "packet=stream_index,pts_time,flags:packet_side_data=side_data_type"
    ":program=program_num:program_tags=service_name:program_stream=index",
)


_MOST_UNOPENED = 8


async def probe(
    path: Path, environment: Mapping[str, str] | None = None, patience: float = PATIENCE_SECONDS
) -> Media:
    """What ffprobe says about `path`. environment is added to the child's.

    Raises MediaError (source_unreadable): not there, no regular file, empty, not to be read, or nothing that ffprobe
    knows; ConfigError: no ffprobe; DeviceError (stalled): no answer within `patience` seconds.
    """
    await in_thread(require_regular_file, path)

    async def ask(level: str, *film: str) -> process.Captured:
        argv = [*_ARGV, "-v", level, *_SHOW, *_PACKETS, *_FIELDS, *film]
        return await process.capture(argv, timeout=patience, limit=_LIMIT_BYTES, environment=environment)

    answer = await ask("error", *_LOCAL, f"file:{path}")
    unopened: frozenset[int] = frozenset()
    if answer.exit_code != 0:
        answer, unopened = await _without_what_cannot_be_opened(path, ask)
    if answer.exit_code != 0:
        raise MediaError(
            ErrorCode.SOURCE_UNREADABLE,
            f"{printable(path)} is no film that ffmpeg can read, or it is damaged: copy it here again",
            _last_line(answer.stderr_tail),
        )
    return await in_thread(_look_inside, path, _marked(parse_ffprobe(answer.stdout), unopened))


async def _without_what_cannot_be_opened(
    path: Path, ask: Callable[..., Awaitable[process.Captured]]
) -> tuple[process.Captured, frozenset[int]]:
    """What ffprobe says once the tracks are hidden for which it gives up the film, and which these are."""
    hidden: dict[int, bytes] = {}
    unopened: set[int] = set()
    answer = await ask("warning", *_LOCAL, f"file:{path}")
    while answer.exit_code != 0 and len(unopened) < _MOST_UNOPENED:
        index = masking.unopened(answer.stderr_tail)
        found = await in_thread(masking.mask, path, index) if index is not None and index not in unopened else None
        if index is None or found is None:
            break
        hidden |= found
        unopened.add(index)
        with tempfile.TemporaryDirectory(prefix="mkv2castd-") as folder:
            answer = await ask("warning", *await in_thread(masking.arguments, path, hidden, Path(folder)))
    return answer, frozenset(unopened)


def _marked(media: Media, unopened: frozenset[int]) -> Media:
    return replace(media, streams=tuple(replace(s, opens=s.index not in unopened) for s in media.streams))


def _look_inside(path: Path, media: Media) -> Media:
    """What ffprobe does not tell, read from the file itself: where an MP4's index lies and whether it names a key,
    whether a Matroska is WebM, and what H.264 says."""
    is_mp4, is_matroska = "mp4" in media.format_names, "matroska" in media.format_names
    is_avc = any(picture.codec == "h264" for picture in media.pictures)
    if not is_mp4 and not is_matroska and not is_avc:
        return media
    try:
        with path.open("rb", buffering=0) as film:
            if is_mp4:
                media = replace(media, index_first=index_first(film))
            if is_matroska:
                media = replace(media, doc_type=doc_type(film))
            if is_mp4 or is_avc:
                start = index_at(film) if is_mp4 else 0
                film.seek(start if start is not None else 0)
                head = film.read(_HEAD_BYTES)
                media = replace(media, keyed=media.keyed or (is_mp4 and _KEY_BOX in head))
                media = with_sequences(media, tuple(sequences(head))) if is_avc else media
    except OSError:
        pass
    return media


def with_sequences(media: Media, found: tuple[Sequence, ...]) -> Media:
    """H.264 pictures with what their parameter sets tell; the set of a picture is the one of its size."""
    return replace(media, streams=tuple(_told(stream, found) for stream in media.streams))


def _told(stream: AnyStream, found: tuple[Sequence, ...]) -> AnyStream:
    if not isinstance(stream, VideoStream) or stream.codec != "h264" or stream.width is None or stream.height is None:
        return stream
    for one in found:
        # what is cropped away is less than two macroblocks
        if 0 <= one.width - stream.width < 32 and 0 <= one.height - stream.height < 32:
            return replace(stream, refs=one.references, coded_fields=one.fields)
    return stream


def require_regular_file(path: Path) -> None:
    """Raises MediaError (source_unreadable) for what could hang ffprobe or mislead it: folders, pipes, devices."""
    shown = printable(path)
    try:
        found = path.stat()
    except OSError as error:
        raise MediaError(
            ErrorCode.SOURCE_UNREADABLE, f"{shown} cannot be opened: {error.strerror}", str(error)
        ) from error
    except ValueError as error:
        raise MediaError(ErrorCode.SOURCE_UNREADABLE, f"{shown!r} can be no file's name: {error}") from error
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or a device"
        raise MediaError(ErrorCode.SOURCE_UNREADABLE, f"{shown} is {kind}, not a file: name the film itself")
    if found.st_size == 0:
        raise MediaError(ErrorCode.SOURCE_UNREADABLE, f"{shown} is empty: copy it here again")
    if not os.access(path, os.R_OK, effective_ids=True):
        raise MediaError(
            ErrorCode.SOURCE_UNREADABLE,
            f"{shown} may not be read: permission denied: give this user (uid {os.geteuid()}) leave to read it",
        )


def _last_line(stderr: str) -> str | None:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return printable(lines[-1]) if lines else None
