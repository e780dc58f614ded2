"""Subtitles as ASS → WebVTT as Cast receivers and browsers take it. ASS is what ffmpeg turns every text format into.

Bold, italic, underlined and "at the top" are kept; fonts, colours, places and effects are not, since receivers draw
none of them. Drawings and comments go. A line that is repeated frame by frame, or on several layers, becomes one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pysubs2 import SSAEvent, SSAFile, SSAStyle

_MARK = "NOTE MKV2CASTD="
_TOP = re.compile(r"\\an([1-9])|\\a(\d{1,2})(?!\d)")
_TOP_NUMBERS = frozenset({7, 8, 9})
_OLD_TOP_NUMBERS = frozenset({5, 6, 7})  # of SSA's \a
_SEAM_MS = 50  # at most so long after one another are the pieces of a line that is shown frame by frame
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class _Cue:
    """Times in milliseconds."""

    start: int
    end: int
    text: str
    top: bool


def to_webvtt(ass: str, tag: str) -> str | None:
    """None where nothing is to be shown. tag: whose subtitle it is; `tag_of` finds it again."""
    from pysubs2 import SSAFile

    subtitles = SSAFile.from_string(ass, format_="ass")
    cues = _joined([cue for event in subtitles.events if (cue := _cue(event, subtitles)) is not None])
    if not cues:
        return None
    blocks = [f"{_clock(cue.start)} --> {_clock(cue.end)}{' line:0' if cue.top else ''}\n{cue.text}" for cue in cues]
    return "\n\n".join(("WEBVTT", f"{_MARK}{tag}", *blocks)) + "\n"


def tag_of(head: str) -> str | None:
    """The tag in a WebVTT file's first lines, if it is one of ours."""
    for line in head.splitlines()[:5]:
        if line.startswith(_MARK):
            return line.removeprefix(_MARK).strip()
    return None


def _cue(event: SSAEvent, subtitles: SSAFile) -> _Cue | None:
    style = subtitles.styles.get(event.style)
    text = _text(event, subtitles, style)
    if event.is_comment or event.end <= event.start or not text:
        return None
    return _Cue(max(event.start, 0), event.end, text, _is_top(event, style))


def _is_top(event: SSAEvent, style: SSAStyle | None) -> bool:
    told = _TOP.search(event.text)
    if told is None:
        return style is not None and int(style.alignment) in _TOP_NUMBERS
    return int(told[1]) in _TOP_NUMBERS if told[1] is not None else int(told[2]) in _OLD_TOP_NUMBERS


def _text(event: SSAEvent, subtitles: SSAFile, style: SSAStyle | None) -> str:
    """The lines with WebVTT's tags. Empty ones are left out: they would end the cue."""
    from pysubs2 import SSAStyle
    from pysubs2.formats.substation import parse_tags

    base = style if style is not None else SSAStyle()
    lines: list[list[tuple[str, str]]] = [[]]
    for fragment, look in parse_tags(event.text, base, subtitles.styles):
        if look.drawing:
            continue
        # a whole style in bold is how somebody likes his subtitles, not what is said
        marks = (("b", look.bold and not base.bold), ("i", look.italic), ("u", look.underline and not base.underline))
        names = "".join(name for name, there in marks if there)
        first, *rest = fragment.replace(r"\n", " ").replace(r"\h", " ").split(r"\N")
        lines[-1].append((first, names))
        lines += [[(text, names)] for text in rest]
    return "\n".join(line for line in map(_line, lines) if line)


def _line(parts: list[tuple[str, str]]) -> str:
    """Neighbours of one look share their tags: karaoke cuts words into syllables."""
    runs: list[tuple[str, str]] = []
    for text, marks in parts:
        plain = _CONTROL.sub("", text)
        if runs and (runs[-1][1] == marks or not plain.strip()):
            runs[-1] = (runs[-1][0] + plain, runs[-1][1])
        elif plain:
            runs.append((plain, marks))
    if runs:
        runs[0] = (runs[0][0].lstrip(), runs[0][1])
        runs[-1] = (runs[-1][0].rstrip(), runs[-1][1])
    return "".join(_marked(text, marks) for text, marks in runs)


def _marked(text: str, marks: str) -> str:
    written = escape(text, quote=False)
    if not text.strip():
        return written
    return "".join(f"<{mark}>" for mark in marks) + written + "".join(f"</{mark}>" for mark in reversed(marks))


def _joined(cues: list[_Cue]) -> list[_Cue]:
    """Sorted by time; one cue for what is the same text without a break."""
    done: list[_Cue] = []
    latest: dict[tuple[str, bool], int] = {}
    for cue in sorted(cues, key=lambda cue: (cue.start, cue.end)):
        place = latest.get((cue.text, cue.top))
        if place is not None and cue.start <= done[place].end + _SEAM_MS:
            done[place] = replace(done[place], end=max(done[place].end, cue.end))
        else:
            latest[cue.text, cue.top] = len(done)
            done.append(cue)
    return done


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
