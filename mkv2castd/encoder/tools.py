"""What the installed ffmpeg can do, as a value that the rules ask."""

from __future__ import annotations

from dataclasses import dataclass

# Codecs that ffmpeg 5.1 names but cannot decode: what holds as long as ffmpeg itself has not been asked.
_NEVER = frozenset({"vvc", "ac4", "mpegh_3d_audio"})


@dataclass(frozen=True, slots=True)
class Tools:
    """decoders: names of the codecs that can be decoded; None: nobody has asked, and all but a few are expected.

    placebo: libplacebo has proved that it works here, so that it can tone-map.
    """

    decoders: frozenset[str] | None = None
    placebo: bool = False

    def can_decode(self, codec: str | None) -> bool:
        if codec is None:
            return False
        return codec not in _NEVER if self.decoders is None else codec in self.decoders


UNASKED = Tools()
