"""Matroska's elements: what each is called, and how long it is, in a few small reads (RFC 8794, RFC 9559)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

EBML, SEGMENT, CLUSTER, CUES, TAGS = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1C53BB6B, 0x1254C367
# May stand anywhere: a void, and a checksum.
FILLING = frozenset({0xEC, 0xBF})
_DOC_TYPE, _MOST_OF_HEAD, _LONGEST_NAME = 0x4282, 32, 32


@dataclass(frozen=True, slots=True)
class Element:
    """start: where its contents begin in the file; size: of these, in bytes; None: unknown, as in live recordings."""

    name: int
    start: int
    size: int | None

    @property
    def end(self) -> int | None:
        return None if self.size is None else self.start + self.size


def element(film: BinaryIO) -> Element | None:
    """The element that begins where `film` stands, which is then at its contents; None where there is none. Raises
    OSError."""
    name = _number(film, keep_marker=True)
    length = _number(film, keep_marker=False)
    if name is None or length is None:
        return None
    value, width = length
    return Element(name[0], film.tell(), None if value == (1 << 7 * width) - 1 else value)


def segment(film: BinaryIO) -> Element | None:
    """The Segment, which is all of the film; None for what is no Matroska. Raises OSError."""
    film.seek(0)
    head = element(film)
    if head is None or head.name != EBML or head.end is None:
        return None
    film.seek(head.end)
    found = element(film)
    return found if found is not None and found.name == SEGMENT else None


def doc_type(film: BinaryIO) -> str | None:
    """What the file calls itself: "matroska" or "webm"; None for what is neither. Raises OSError."""
    film.seek(0)
    head = element(film)
    if head is None or head.name != EBML:
        return None
    for part in children(film, head, _MOST_OF_HEAD):
        if part.name == _DOC_TYPE and part.size is not None and part.size <= _LONGEST_NAME:
            film.seek(part.start)
            return film.read(part.size).rstrip(b"\0").decode("ascii", "replace")
    return None


def children(film: BinaryIO, parent: Element, most: int) -> Iterator[Element]:
    """What lies in `parent`, as far as it can be read: at most so many, and none behind one of unknown length. Raises
    OSError."""
    position = parent.start
    for _ in range(most):
        if parent.end is not None and position >= parent.end:
            return
        film.seek(position)
        child = element(film)
        if child is None:
            return
        yield child
        if child.end is None:
            return
        position = child.end


def _number(film: BinaryIO, *, keep_marker: bool) -> tuple[int, int] | None:
    first = film.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    raw = first + film.read(width - 1)
    if len(raw) < width:
        return None
    value = int.from_bytes(raw, "big")
    return (value if keep_marker else value & ((1 << 7 * width) - 1)), width
