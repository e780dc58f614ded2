"""Whether the picture looks as the clip did: upright, in its shape, in its colours.

The scene has a colour in each of its corners (tests/matrix/scene.py); what stands there after all conversions is
held against it, on thumbnails that ffmpeg turns as the container says.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tests.matrix.facts import Facts
from tests.matrix.scene import CORNERS
from tests.matrix.seen import COLUMNS, ROWS, Colour, Seen, Stream

_SHAPE = 0.03  # sizes are even, which bends small pictures a little
_EXACT = 22.0  # of 255, from lossy codecs and the two matrices of standard and high definition
_SCENE_SECONDS = 0.4  # the flash is later
_PURE = 12.0
_GRAY = 7.0  # no matrix bends what has no colour: only a range that is taken for another


def faults(seen: Seen, facts: Facts) -> Iterator[str]:
    for picture in seen.pictures[:1]:
        yield from _shape(picture, facts)
    if facts.look is None or not seen.thumbs:
        return
    begin = min((at for at in seen.shown_at if at is not None), default=0.0)
    for name, wanted in CORNERS.items():
        column = 1 if name.endswith("left") else COLUMNS - 2
        row = 0 if name.startswith("top") else ROWS - 1
        colour = seen.corner(column, row, begin + _SCENE_SECONDS)
        if colour is not None:
            yield from _corner(name, colour, wanted, facts.look)


def _shape(picture: Stream, facts: Facts) -> Iterator[str]:
    if facts.shape is None:
        return
    width, height = int(picture.told["width"]), int(picture.told["height"])
    over, _, under = str(picture.told.get("sample_aspect_ratio", "1:1")).partition(":")
    pixel = Fraction(int(over), int(under)) if int(under or 0) and int(over) else Fraction(1)
    shape = float(width * pixel / height)
    if picture.turned % 180 == 90:
        shape = 1 / shape
    if abs(shape / facts.shape - 1) > max(_SHAPE, 2.0 / min(width, height)):
        yield f"it is shown {shape:.3f} times as wide as high, the clip {facts.shape:.3f}"


def _corner(name: str, colour: Colour, wanted: Colour, look: str) -> Iterator[str]:
    said = "/".join(f"{plane:.0f}" for plane in colour)
    if look == "exact":
        slack = _GRAY if max(wanted) == min(wanted) else _EXACT
        if any(abs(there - due) > slack for there, due in zip(colour, wanted, strict=True)):
            yield f"{name} is {said} instead of {'/'.join(f'{plane:.0f}' for plane in wanted)}"
        return
    strongest = max(wanted)
    if look == "gray" or strongest - min(wanted) < _PURE:
        if max(colour) - min(colour) > 2 * _PURE:
            yield f"{name} is {said}, which is not gray"
        return
    others = [plane for plane, due in zip(colour, wanted, strict=True) if due != strongest]
    if colour[wanted.index(strongest)] - max(others) < _PURE:
        yield f"{name} is {said}, the clip has {'/'.join(f'{plane:.0f}' for plane in wanted)}"
