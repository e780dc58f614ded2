"""Whether a file lasts as long as its clip, has all of its frames, and keeps picture and sound together."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from statistics import median

from tests.matrix.facts import Facts
from tests.matrix.seen import Seen, Stream

SYNC_SECONDS = 0.020
_SPAN_SECONDS = 0.15  # a frame of sound and one of picture at either end
_FEWEST_FPS = 15
_CONTRAST = 20.0  # levels of 256 by which the flash is brighter than the scene
_AUDIBLE = 0.02


def faults(seen: Seen, facts: Facts) -> Iterator[str]:
    yield from _spans(seen, facts)
    for stream in (*seen.pictures, *seen.of("audio")):
        yield from _order(stream)
    if seen.pictures and facts.frames is not None:
        yield from _frames(seen, facts, facts.frames)
    if facts.sync is not None and seen.pictures:
        yield from _together(seen, facts, facts.sync)


def flash(seen: Seen) -> float | None:
    """When the flash is seen: the first frame that is as bright as the brightest."""
    levels = seen.brightness()
    if not levels or max(levels) - median(levels) < _CONTRAST:
        return None
    bright = (max(levels) + median(levels)) / 2
    first = next(number for number, level in enumerate(levels) if level > bright)
    times = seen.shown_at
    return times[first] if first < len(times) else None


def _spans(seen: Seen, facts: Facts) -> Iterator[str]:
    begin = min((s.start for s in (*seen.pictures, *seen.of("audio")) if s.start is not None), default=0.0)
    wanted = facts.duration
    # Matroska and MP4 count from 0 what begins later; other containers from where they begin
    late = max(0.0, begin) if seen.container in ("mkv", "webm", "mp4") else 0.0
    if wanted is not None:
        if seen.duration is None:
            yield "no duration is stated"
        elif abs(seen.duration - late - wanted) > _SPAN_SECONDS:
            yield f"it states {seen.duration:.2f} s, the clip lasts {wanted:.2f} s"
    spans = (("picture", seen.pictures[:1], facts.shown), ("sound", seen.of("audio")[:1], facts.heard))
    frame = 1.1 / float(facts.rate) if facts.rate is not None else 0.0  # how long the last one is shown, few tell
    for name, streams, span in spans:
        for stream in streams:
            if span is None or stream.start is None or stream.end is None:
                continue
            slack = max(_SPAN_SECONDS, 2 * stream.longest, frame if name == "picture" else 0.0)
            lasts = stream.end - stream.start
            # what begins late or ends early may be led in or out by silence or a still
            if lasts < span - slack or lasts > (wanted if wanted is not None else span) + slack:
                yield f"the {name} lasts {lasts:.2f} s instead of {span:.2f} s"


def _order(stream: Stream) -> Iterator[str]:
    clock = [float(p["dts_time"]) for p in stream.packets if "dts_time" in p]
    if any(later < earlier for earlier, later in pairwise(clock)):
        yield f"the clock of stream {stream.told['index']} ({stream.kind}) goes back"


def _frames(seen: Seen, facts: Facts, film: int) -> Iterator[str]:
    """All of the film's, or half of them where they were too many a second; for fields also twice as many, for
    what was telecined what the broadcast had."""
    picture = seen.pictures[0]
    there = len(picture.frames)
    stored = sum("D" not in str(packet.get("flags", "")) for packet in picture.packets)
    if abs(stored - there) > 2 and picture.codec not in ("vp8", "vp9", "av1"):
        yield f"{there} frames come out of {stored} packets"
    factors = [Fraction(1)]
    if facts.rate is not None and facts.rate > 30:
        factors += [Fraction(1, 2), Fraction(1, 4), Fraction(1, 8)]
    if facts.interlaced:
        factors += [Fraction(2), Fraction(5, 4)]
    fastest = facts.rate is None or facts.rate >= _FEWEST_FPS
    slack = max(2, film // 30)
    repeated = facts.rate is None and there > film  # uneven times made even
    if not repeated and not any(abs(there - film * factor) <= slack for factor in factors):
        yield f"{there} frames, the clip has {film}"
    if fastest and there > 3 and len(set(seen.thumbs)) < there // 4:
        yield f"{len(set(seen.thumbs))} different frames of {there}"


def _together(seen: Seen, facts: Facts, apart: float) -> Iterator[str]:
    lit = flash(seen)
    if lit is None:
        yield "the flash is not to be seen"
    if not facts.sounds:
        return
    if seen.beep is None or seen.loudness is None or seen.loudness < _AUDIBLE:
        yield f"the beep is not to be heard ({seen.loudness})"
        return
    # a frame made of fields shows two moments
    slack = SYNC_SECONDS * (1.5 if facts.interlaced else 1)
    if lit is not None and abs(seen.beep - lit - apart) > slack:
        yield f"the sound comes {(seen.beep - lit - apart) * 1000:+.0f} ms against the picture"
