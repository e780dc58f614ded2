"""Which pictures of text are flagged as forced: only decoding tells, so it is looked for only where it matters."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mkv2castd.config import Settings
from mkv2castd.encoder.captions import doubtful
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.process import run
from mkv2castd.errors import DeviceError
from mkv2castd.model import printable

_log = logging.getLogger(__name__)
_FFMPEG = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "error", "-progress", "pipe:1")
# Ends with the first picture of which anything can be seen. PGS pictures that are not forced come out transparent.
_SEEN = "alphaextract,bbox=min_val=16,metadata=mode=select:key=lavfi.bbox.w"


async def look_for_forced(
    path: Path, media: Media, settings: Settings, environment: Mapping[str, str] | None = None
) -> Media:
    """`media` with forced_events of the tracks whose pictures might have to be drawn. Reads the whole film where none
    is found; a film that cannot be read that far stays as it is."""
    for track in doubtful(media, settings):
        try:
            found = await _has_forced(path, track.index, settings.stall_seconds, environment)
        except DeviceError as error:
            _log.warning("%s: its forced subtitles stay unknown: %s", printable(path), error.message)
            return media
        known = replace(track, forced_events=found)
        media = replace(media, streams=tuple(known if s.index == track.index else s for s in media.streams))
        if found:
            break
    return media


async def _has_forced(path: Path, index: int, stall_seconds: float, environment: Mapping[str, str] | None) -> bool:
    frames = 0

    def on_line(line: str) -> bool:
        nonlocal frames
        name, _, value = line.partition("=")
        if name == "frame" and value.strip().isdigit():
            frames = int(value)
        return name == "progress"

    argv = [*_FFMPEG, f"-forced_subs_only:{index}", "1", "-protocol_whitelist", "file", "-i", f"file:{path}"]
    argv += ["-filter_complex", f"[0:{index}]{_SEEN}[seen]", "-map", "[seen]", "-frames:v", "1", "-f", "null", "-"]
    await run(argv, on_line=on_line, stall_seconds=stall_seconds, environment=environment)
    return frames > 0
