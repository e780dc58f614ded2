"""Subtitles as ASS → WebVTT as Cast receivers and browsers take it. ASS is what ffmpeg turns every text format into.

Bold, italic, underlined and "at the top" are kept; fonts, colours, places and effects are not, since receivers draw
none of them. Drawings and comments go. A line that is repeated frame by frame, or on several layers, becomes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from html import escape

from mkv2castd.encoder.ass import Event, Look, events

_MARK = "NOTE MKV2CASTD="
_DIGITS = 16  # of a digest: enough against a change by chance
_SEAM_MS = 50  # at most so long after one another are the pieces of a line that is shown frame by frame
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class _Cue:
    """Times in milliseconds."""

    start: int
    end: int
    text: str
    top: bool


def to_webvtt(ass: Iterable[str], tag: str) -> str | None:
    """ass: its lines. None where nothing is to be shown. tag: whose subtitle it is; `tag_of` finds it again, and
    `is_as_written` tells whether anybody has changed the text since."""
    # once as they come, so that what is kept is what is shown, not each of its frames; and once in order
    pieces = _joined(cue for event in events(ass) if (cue := _cue(event)) is not None)
    cues = _joined(sorted(pieces, key=lambda cue: (cue.start, cue.end)))
    if not cues:
        return None
    blocks = [f"{_clock(cue.start)} --> {_clock(cue.end)}{' line:0' if cue.top else ''}\n{cue.text}" for cue in cues]
    text = "\n\n".join(("WEBVTT", f"{_MARK}{tag}", *blocks)) + "\n"
    return text.replace(f"{_MARK}{tag}", f"{_MARK}{tag} {_digest(text)}", 1)


def tag_of(head: str) -> str | None:
    """The tag in a WebVTT file's first lines, if it is one of ours."""
    mark = _mark(head)
    return mark[0] if mark is not None else None


def is_as_written(text: str) -> bool:
    """Whether a file of ours holds what it did at first. True for one of an older version, which does not tell."""
    mark = _mark(text)
    if mark is None or not mark[1]:
        return mark is not None
    return _digest(text.replace(f"{_MARK}{mark[0]} {mark[1]}", f"{_MARK}{mark[0]}", 1)) == mark[1]


def _mark(head: str) -> tuple[str, str] | None:
    """The tag, and the digest of all the rest (empty in files of older versions)."""
    for line in head.split("\n", 5)[:5]:
        if line.startswith(_MARK):
            tag, _, digest = line.removeprefix(_MARK).strip().partition(" ")
            return tag, digest
    return None


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def _cue(event: Event) -> _Cue | None:
    start = max(event.start, 0)
    text = _text(event) if event.end > start else ""
    return _Cue(start, event.end, text, event.top) if text else None


def _text(event: Event) -> str:
    """The lines with WebVTT's tags. Empty ones are left out: they would end the cue."""
    lines: list[list[tuple[str, str]]] = [[]]
    for piece, look in event.parts:
        if look.drawing or not piece:
            continue
        marks = _marks(look, event.base)
        first, *rest = piece.replace(r"\n", " ").replace(r"\h", " ").split(r"\N")
        lines[-1].append((first, marks))
        lines += [[(text, marks)] for text in rest]
    return "\n".join(line for line in map(_line, lines) if line)


def _marks(look: Look, base: Look) -> str:
    # a whole style in bold is how somebody likes his subtitles, not what is said
    marks = (("b", look.bold and not base.bold), ("i", look.italic), ("u", look.underline and not base.underline))
    return "".join(name for name, there in marks if there)


def _line(parts: list[tuple[str, str]]) -> str:
    """Neighbours of one look share their tags: karaoke cuts words into syllables."""
    runs: list[tuple[list[str], str]] = []
    for text, marks in parts:
        plain = _CONTROL.sub("", text)
        if runs and (runs[-1][1] == marks or not plain.strip()):
            runs[-1][0].append(plain)
        elif plain:
            runs.append(([plain], marks))
    whole = [("".join(pieces), marks) for pieces, marks in runs]
    if whole:
        whole[0] = (whole[0][0].lstrip(), whole[0][1])
        whole[-1] = (whole[-1][0].rstrip(), whole[-1][1])
    return "".join(_marked(text, marks) for text, marks in whole)


def _marked(text: str, marks: str) -> str:
    written = escape(text, quote=False)
    if not text.strip():
        return written
    return "".join(f"<{mark}>" for mark in marks) + written + "".join(f"</{mark}>" for mark in reversed(marks))


def _joined(cues: Iterable[_Cue]) -> list[_Cue]:
    """One cue for what is the same text without a break, as far as it comes one after the other."""
    done: list[_Cue] = []
    latest: dict[tuple[str, bool], int] = {}
    for cue in cues:
        place = latest.get((cue.text, cue.top))
        if place is not None and _touch(done[place], cue):
            known = done[place]
            done[place] = replace(known, start=min(known.start, cue.start), end=max(known.end, cue.end))
        else:
            latest[cue.text, cue.top] = len(done)
            done.append(cue)
    return done


def _touch(one: _Cue, other: _Cue) -> bool:
    return other.start <= one.end + _SEAM_MS and one.start <= other.end + _SEAM_MS


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
