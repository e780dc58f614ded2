"""Texts inside the film whose letters are not UTF-8, as Matroska and AVI may hold them: found, and laid out as UTF-8.

An ordinary film costs one short look at three places of it. What such a look does not meet goes through ffmpeg as it
is (`extra_options.as_found`): it costs neither the film nor the WebVTT beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from mkv2castd.encoder.extra_options import FORMATS, as_found
from mkv2castd.encoder.extra_rules import TEXT
from mkv2castd.encoder.laying import FFMPEG, THE_FILMS_FAULT, Runner, mend_letters
from mkv2castd.encoder.media import External, SubtitleStream
from mkv2castd.encoder.plan import Plan
from mkv2castd.errors import DeviceError, MediaError
from mkv2castd.model import Action
from mkv2castd.patience import see_through
from mkv2castd.threads import in_thread

# What a codec's packets are in a file of their own, byte for byte.
_COPIED: Mapping[str | None, str] = MappingProxyType(
    {"subrip": "subrip", "srt": "subrip", "text": "subrip", "ass": "ass", "ssa": "ass", "webvtt": "webvtt"}
)
_CONVERTED = "subrip"
# Where it is looked (parts of the film's length), and at how many pictures' worth of packets each time: a minute.
_PLACES = (0.1, 0.4, 0.7)
_PACKETS = "1500"
# A film up to this length (seconds) is read through.
_SHORT = 300.0
_SIGN = "Invalid UTF-8"  # ffmpeg 4 to 7


async def embedded(plan: Plan, source: Path, place: Callable[[str], Path], run: Runner) -> dict[int, External]:
    """Those of the texts that go over which are something else than UTF-8, by their index. place: where a file of
    this name is laid. Raises what `run` does, but for what lies in the film."""
    tracks = [track for stream in plan.tracks if (track := _text_inside(stream.source, stream.action)) is not None]
    try:
        if not tracks or _SIGN not in await run(_looking(plan, source, tracks)):
            return {}
        taken = {track.index: _taken(track, place) for track in tracks}
        await run(_taking(source, tracks, taken))
    except (MediaError, DeviceError) as error:
        if error.code not in THE_FILMS_FAULT:
            raise
        return {}
    return {
        track.index: taken[track.index]
        for track in tracks
        if await see_through(in_thread(mend_letters, taken[track.index].path, track.language))
    }


def _text_inside(source: object, action: Action) -> SubtitleStream | None:
    if not isinstance(source, SubtitleStream) or source.external is not None:
        return None
    fit = source.codec in _COPIED or (action is Action.CONVERT and source.codec in TEXT)
    return source if fit else None


def _looking(plan: Plan, source: Path, tracks: Sequence[SubtitleStream]) -> list[str]:
    """Decodes nothing but texts. The picture's packets end each look, since texts may be far apart."""
    duration = plan.duration
    starts = [duration * part for part in _PLACES] if duration is not None and duration > _SHORT else [None]
    argv = [*FFMPEG, "-v", "error", "-max_error_rate", "1"]
    for start in starts:
        argv += [*(("-ss", f"{start:.3f}") if start is not None else ()), *_input(source)]
    for number, start in enumerate(starts):
        argv += ["-map", f"{number}:{plan.picture.index}", "-c:v", "copy", "-c:s", "ass"]
        argv += [word for track in tracks for word in ("-map", f"{number}:{track.index}")]
        argv += [*(("-frames:v", _PACKETS) if start is not None else ()), "-f", "null", "-"]
    return argv


def _taken(track: SubtitleStream, place: Callable[[str], Path]) -> External:
    return External(place(f"text-{track.index}"), _COPIED.get(track.codec, _CONVERTED))


def _taking(source: Path, tracks: Sequence[SubtitleStream], taken: Mapping[int, External]) -> list[str]:
    converted = [track for track in tracks if track.codec not in _COPIED]
    argv = [*FFMPEG, *as_found(converted), *_input(source)]
    for track in tracks:
        external = taken[track.index]
        codec = "copy" if track.codec in _COPIED else _CONVERTED
        argv += ["-map", f"0:{track.index}", "-c", codec, "-f", FORMATS[external.codec], f"file:{external.path}"]
    return argv


def _input(source: Path) -> list[str]:
    return ["-protocol_whitelist", "file", "-i", f"file:{source}"]
