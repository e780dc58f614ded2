"""The noun of an encode before it is given to a device: what it asks for, and how much of it there is."""

from __future__ import annotations

from dataclasses import dataclass

# Pixels of a picture, up to which a size is called so; beyond all of them it is "uhd".
_SIZES = (("sd", 1024 * 576), ("hd", 1280 * 720), ("fhd", 1920 * 1088))
# Of a film of which nobody knows how long it is, or how many pictures it has a second: only to guess when something
# may end.
_USUAL_SECONDS = 5400.0
_USUAL_RATE = 25.0


@dataclass(frozen=True, slots=True)
class Shape:
    """What the picture of a film asks of whatever encodes it; films of one shape take equally long per frame.

    codec, width, height, deep (10 bits), graded (it is told how its HDR was graded), container: of the output.
    source_codec, source_deep, source_pixels: of what is decoded; None: not known. steps: what is done to its frames
    that takes time, in alphabetical order: deinterlace, draw, scale, tone-map. quality: fast, balanced or high.
    """

    codec: str
    width: int
    height: int
    container: str
    quality: str
    deep: bool = False
    graded: bool = False
    source_codec: str | None = None
    source_deep: bool = False
    source_pixels: int | None = None
    steps: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """By which speeds are learned: what takes about equally long for each of its pixels."""
        source = size_of(self.source_pixels if self.source_pixels is not None else self.width * self.height)
        before = f"{self.source_codec or 'unknown'}{'-10bit' if self.source_deep else ''} {source}"
        after = f"{self.codec}{'-10bit' if self.deep else ''} {size_of(self.width * self.height)}"
        return " ".join((f"{before} → {after}", self.quality, *self.steps))


@dataclass(frozen=True, slots=True)
class Work:
    """An encode: its shape, and how much of it there is. seconds: of the film; rate: pictures a second; None: not
    known."""

    shape: Shape
    seconds: float | None = None
    rate: float | None = None

    @property
    def megapixels(self) -> float:
        """How many million pixels are decoded and encoded in all; above 0. Guessed where the film does not say."""
        seconds = self.seconds if self.seconds is not None and self.seconds > 0 else _USUAL_SECONDS
        rate = self.rate if self.rate is not None and self.rate > 0 else _USUAL_RATE
        after = self.shape.width * self.shape.height
        before = self.shape.source_pixels if self.shape.source_pixels is not None else after
        return max(seconds * rate, 1.0) * (before + after) / 1e6


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job belongs, a device's id, and why there."""

    lane: str
    why: str


def size_of(pixels: int) -> str:
    """sd, hd, fhd or uhd."""
    return next((name for name, most in _SIZES if pixels <= most), "uhd")
