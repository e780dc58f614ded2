"""Reads ASS and SSA: which text is shown when, and which of its words are bold, italic or underlined.

Made for what is in the wild: a line that cannot be read is left out, a style that says nothing sensible is a plain
one, and the work grows with the text's length alone. Fields and overrides as libass takes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

# By whether it is SSA (v4.00).
_STYLE_FIELDS: Mapping[bool, Sequence[str]] = MappingProxyType(
    {
        False: (
            *(
                "name",
                "fontname",
                "fontsize",
                "primarycolour",
                "secondarycolour",
                "outlinecolour",
                "backcolour",
                "bold",
            ),
            *("italic", "underline", "strikeout", "scalex", "scaley", "spacing", "angle", "borderstyle", "outline"),
            *("shadow", "alignment", "marginl", "marginr", "marginv", "encoding"),
        ),
        True: (
            *(
                "name",
                "fontname",
                "fontsize",
                "primarycolour",
                "secondarycolour",
                "tertiarycolour",
                "backcolour",
                "bold",
            ),
            *(
                "italic",
                "borderstyle",
                "outline",
                "shadow",
                "alignment",
                "marginl",
                "marginr",
                "marginv",
                "alphalevel",
            ),
            "encoding",
        ),
    }
)
_EVENT_FIELDS: Sequence[str] = (
    "layer",
    "start",
    "end",
    "style",
    "name",
    "marginl",
    "marginr",
    "marginv",
    "effect",
    "text",
)
_TOP_NUMBERS = frozenset({7, 8, 9})
_SSA_TOP = 4  # the bit for it in the numbers of SSA and of \a
_BOLD_WEIGHT = 600
_CLOCK = re.compile(r"\s*(-?)(\d{1,4}):(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,3}))?\s*")
_NUMBER = re.compile(r"\s*(-?\d{1,9})")
_OVERRIDE = re.compile(r"\\(?:(an|[aibpu])(-?\d{0,9})(?![A-Za-z])|r([^\\)]*))")


@dataclass(frozen=True, slots=True)
class Look:
    """How words are drawn. drawing: they are the outline of a shape, not words."""

    bold: bool = False
    italic: bool = False
    underline: bool = False
    drawing: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    r"""Text from `start` to `end` (milliseconds), in pieces of one look each; `\N`, `\n` and `\h` are still in it.

    base: the look of the whole line's style. top: it stands at the top of the picture."""

    start: int
    end: int
    parts: tuple[tuple[str, Look], ...]
    base: Look
    top: bool


@dataclass(frozen=True, slots=True)
class _Style:
    look: Look = Look()
    top: bool = False


_PLAIN = _Style()


def events(lines: Iterable[str]) -> Iterator[Event]:
    """What `lines` show, in their order; comments, and what cannot be read, left out."""
    styles: dict[str, _Style] = {}
    ssa = styling = False
    style_fields, event_fields = _STYLE_FIELDS[ssa], _EVENT_FIELDS
    for line in lines:
        kind, colon, rest = line.strip().partition(":")
        if kind == "Dialogue":
            event = _event(rest.lstrip(), event_fields, styles)
            if event is not None:
                yield event
        elif kind == "Style":
            told = dict(zip(style_fields, rest.split(","), strict=False))
            styles[_plain_name(told["name"])] = _style(told, ssa)
        elif kind == "Format" and styling:
            style_fields = _fields(rest, {"name"}) or style_fields
        elif kind == "Format":
            event_fields = _event_format(rest)
        elif kind.startswith("[") and not colon:
            section = kind.lower()
            styling = "styles" in section
            if styling:
                ssa = "+" not in section
                style_fields = _STYLE_FIELDS[ssa]


def _fields(told: str, needed: set[str]) -> tuple[str, ...]:
    """The names in a Format line; none where one of `needed` is missing."""
    names = tuple(name.strip().lower() for name in told.split(","))
    return names if needed.issubset(names) else ()


def _event_format(told: str) -> Sequence[str]:
    """Text is all the rest of a line, commas and all: only as the last field can it be told from the others."""
    names = _fields(told, {"start", "end", "text"})
    return names if names and names[-1] == "text" else _EVENT_FIELDS


def _style(told: Mapping[str, str], ssa: bool) -> _Style:
    number = _number(told.get("alignment", ""))
    top = number is not None and (bool(number & _SSA_TOP) if ssa else number in _TOP_NUMBERS)
    return _Style(Look(*(bool(_number(told.get(name, ""))) for name in ("bold", "italic", "underline"))), top)


def _number(text: str) -> int | None:
    found = _NUMBER.match(text)
    return int(found[1]) if found is not None else None


def _plain_name(name: str) -> str:
    return name.strip().lstrip("*")


def _event(rest: str, fields: Sequence[str], styles: Mapping[str, _Style]) -> Event | None:
    values = rest.split(",", len(fields) - 1)
    if len(values) < len(fields):
        return None
    told = dict(zip(fields, values, strict=True))
    start, end = _milliseconds(told["start"]), _milliseconds(told["end"])
    if start is None or end is None:
        return None
    style = styles.get(_plain_name(told.get("style", "")), _PLAIN)
    parts, top = _parts(told["text"], style, styles)
    return Event(start, end, parts, style.look, top)


def _milliseconds(text: str) -> int | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    sign, hours, minutes, seconds, fraction = found.groups()
    whole = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + int(f"{fraction or '':0<3}")
    return -whole if sign else whole


def _parts(text: str, style: _Style, styles: Mapping[str, _Style]) -> tuple[tuple[tuple[str, Look], ...], bool]:
    """Its pieces, each in the look that the overrides before it come to; and whether it stands at the top, which the
    first override of that kind decides."""
    parts = []
    look = style.look
    top: bool | None = None
    at = 0
    while (opening := text.find("{", at)) >= 0 and (closing := text.find("}", opening)) >= 0:
        parts.append((text[at:opening], look))
        for found in _OVERRIDE.finditer(text, opening, closing):
            tag, value, name = found.groups()
            if name is not None:
                look = styles.get(_plain_name(name), style).look
            elif tag in ("a", "an"):
                told = _is_top(tag, value)
                top = told if top is None else top
            else:
                look = _overridden(look, tag, value, style.look)
        at = closing + 1
    parts.append((text[at:], look))
    return tuple(parts), style.top if top is None else top


def _is_top(tag: str, value: str) -> bool | None:
    """None where it says nothing."""
    number = _number(value)
    if not number:
        return None
    return number in _TOP_NUMBERS if tag == "an" else bool(number & _SSA_TOP)


def _overridden(look: Look, tag: str, value: str, base: Look) -> Look:
    """Without a number, a tag brings the style's own look back."""
    number = _number(value)
    match tag:
        case "b":
            return replace(look, bold=base.bold if number is None else number == 1 or number >= _BOLD_WEIGHT)
        case "i":
            return replace(look, italic=base.italic if number is None else number == 1)
        case "u":
            return replace(look, underline=base.underline if number is None else number == 1)
        case _:
            return replace(look, drawing=number is not None and number > 0)
