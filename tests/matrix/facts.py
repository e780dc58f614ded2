"""What is true about a clip, because it was made so: the checker holds an output against it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Facts:
    """Seconds, pixels, Hz. None: not known, or not to be held against an output.

    shown, heard: seconds of picture and of sound; sounds: whether there is any. frames: of the film itself, without
    repeated ones and as whole frames where they are interlaced; rate: how many of them a second, None where they
    come at uneven times. shape: width over height as shown. sync: how much later the beep is heard than the flash
    is seen. look: "exact" when the scene's colours are to come back, "hues" when only their order is, "gray" when
    there were none. hdr: the transfer of an HDR film, bits: how deep it is; mastering, light: it
    says how it was graded. languages, in the order of the clip's tracks; not_first: the title of a track that must
    not come first. text: languages of the subtitles that are text, bitmaps: how many are not.
    """

    shown: float | None
    heard: float | None
    frames: int | None
    rate: Fraction | None
    shape: float | None
    sounds: bool = True
    sync: float | None = 0.0
    look: str | None = "exact"
    hdr: str | None = None
    bits: int = 10
    mastering: bool = False
    light: bool = False
    interlaced: bool = False
    languages: tuple[str, ...] = ()
    not_first: str | None = None
    chapters: int = 0
    text: tuple[str, ...] = ()
    bitmaps: int = 0
    fonts: int = 0
    cover: bool = False
    title: str | None = None

    @property
    def duration(self) -> float | None:
        spans = [span for span in (self.shown, self.heard) if span is not None]
        return max(spans, default=None)
