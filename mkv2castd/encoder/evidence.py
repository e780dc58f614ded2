"""Is a film cut off, or does it only claim a wrong length? Asked of its file, and only where there is a doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mkv2castd.encoder.clusters import Tail, tail_of
from mkv2castd.encoder.ending import Ending, announced_by_riff, ending_of
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.sample import Look, Place
from mkv2castd.encoder.wholeness import tolerance
from mkv2castd.threads import in_thread

# Headers that are read of an ordinary film: those of its outermost boxes, not those of each fragment or cluster.
_FEW, _ALL = 64, 200_000
# How much earlier than the place in question reading begins (seconds), so that each track has had a packet.
_AHEAD = 10.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """reached: where the last packet of each stream ends, seconds by the film's own clock, counted from its start."""

    ending: Ending
    reached: Mapping[int, float]


async def quick_ending(path: Path, media: Media) -> Ending:
    """From a few reads; UNKNOWN where these do not suffice, or the file cannot be read."""
    return await in_thread(_ending, path, media, _FEW)


async def lost_end(path: Path, media: Media, ending: Ending) -> float | None:
    """When a Matroska's last frame begins, in seconds, if the file is cut off: from a few reads at its end. None
    where it is not, or where that does not show. ending: as quick_ending has it."""
    if "matroska" not in media.format_names or media.duration is None or ending is Ending.CLEAN:
        return None
    tail = await in_thread(_tail, path)
    if tail is None or ending is Ending.CUT:
        return tail.reached if tail is not None else None
    if tail.reached >= media.duration - tolerance(media.duration):
        return None
    cut = tail.broken or await in_thread(_ending, path, media, _ALL) is Ending.CUT
    return tail.reached if cut else None


def _tail(path: Path) -> Tail | None:
    try:
        with path.open("rb") as film:
            return tail_of(film)
    except OSError:
        return None


async def evidence(
    path: Path, media: Media, near: float, patience: float, environment: Mapping[str, str] | None
) -> Evidence:
    """near: about where the film seems to end, in seconds; from a little before on all its packets are read.

    Raises DeviceError (verify_failed, stalled) when ffprobe cannot read it.
    """
    ending = await in_thread(_ending, path, media, _ALL)
    start = media.start if media.start is not None else 0.0
    begin = near + start - _AHEAD
    look = Look(path, patience, environment)
    reached, _ = await look.read_on(Place(begin if begin > 0 else None, None))
    return Evidence(ending, {index: end - start for index, end in reached.items()})


async def claimed_duration(path: Path, media: Media) -> float | None:
    """Seconds that a film claims to last that is cut off. Of AVI, libavformat tells only what is left of it."""
    if "avi" not in media.format_names or media.duration is None or not media.size:
        return media.duration
    announced = await in_thread(_announced, path)
    return media.duration if announced is None else media.duration * max(1.0, announced / media.size)


def _announced(path: Path) -> int | None:
    try:
        with path.open("rb", buffering=0) as film:
            return announced_by_riff(film)
    except OSError:
        return None


def _ending(path: Path, media: Media, headers: int) -> Ending:
    try:
        with path.open("rb", buffering=0) as film:
            return ending_of(film, media.format_names, headers)
    except OSError:
        return Ending.UNKNOWN
