"""Chapters whose times make no sense: mended where that is possible, left out where it is not.

ffmpeg takes over a film's chapters all together. Its Matroska muxer fails the film for one that ends beyond what its
clock can count (common where the end stands for "the last"), and its MP4 muxer lets the film last as long as the
latest of them claims. So as soon as one is wrong, all are written anew, for ffmpeg's format `ffmetadata`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mkv2castd.encoder.media import Chapter, Media
from mkv2castd.encoder.wholeness import tolerance

_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "=;#\\\n\r"})
# A film's clock may begin a little before 0; no chapter begins earlier than so many seconds before.
_EARLY = 1.0


def mended(media: Media) -> tuple[tuple[Chapter, ...] | None, int]:
    """The film's chapters as they are to be written, in seconds from the output's start, in order; None: just as they
    are. And how many are lost, since nobody can say where they begin."""
    begin = media.start if media.start is not None else 0.0
    end = _film_end(media, begin)
    placed = [chapter for chapter in media.chapters if _is_in(chapter, min(begin, 0.0) - _EARLY, end)]
    placed.sort(key=_start)
    whole = [replace(chapter, end=_end(chapter, placed, end)) for chapter in placed]
    if tuple(whole) == media.chapters:
        return None, 0
    shown = [chapter for chapter in whole if _start(chapter) >= begin or (chapter.end or begin) > begin]
    return tuple(_from(chapter, begin) for chapter in shown), len(media.chapters) - len(placed)


def _film_end(media: Media, begin: float) -> float | None:
    ends = [time for time in (media.duration, media.ends) if time is not None]
    return begin + min(ends) if ends else None


def _is_in(chapter: Chapter, earliest: float, film_end: float | None) -> bool:
    if chapter.start is None or chapter.start < earliest:
        return False
    return film_end is None or chapter.start <= film_end + tolerance(film_end)


def _end(chapter: Chapter, chapters: Sequence[Chapter], film_end: float | None) -> float:
    """Its own where it can be, else where the next one begins, else the film's."""
    start = _start(chapter)
    latest = film_end + tolerance(film_end) if film_end is not None else None
    if chapter.end is not None and chapter.end >= start and (latest is None or chapter.end <= latest):
        return chapter.end
    following = next((begin for begin in map(_start, chapters) if begin > start), film_end)
    return max(start, following) if following is not None else start


def _start(chapter: Chapter) -> float:
    assert chapter.start is not None, "only chapters that begin somewhere have a place"
    return chapter.start


def _from(chapter: Chapter, begin: float) -> Chapter:
    assert chapter.end is not None, "every chapter that is kept has its end by now"
    return replace(chapter, start=max(0.0, _start(chapter) - begin), end=max(0.0, chapter.end - begin))


def as_ffmetadata(chapters: Sequence[Chapter]) -> str:
    """Chapters that have a start and an end, as ffmpeg reads them from a file."""
    lines = [";FFMETADATA1"]
    for chapter in chapters:
        assert chapter.end is not None, "every chapter that is written has its end"
        lines += ["[CHAPTER]", "TIMEBASE=1/1000000"]
        lines += [f"START={round(_start(chapter) * 1e6)}", f"END={round(chapter.end * 1e6)}"]
        if chapter.title is not None:
            lines.append(f"title={chapter.title.translate(_SPECIAL)}")
    return "\n".join([*lines, ""])
