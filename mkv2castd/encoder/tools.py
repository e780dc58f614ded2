"""What the installed ffmpeg can do, as a value that the rules ask; and how its lists are read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Codecs that ffmpeg 5.1 names but cannot decode: what holds as long as ffmpeg itself has not been asked.
_NEVER = frozenset({"vvc", "ac4", "mpegh_3d_audio"})
# Decoders that are listed but decode nothing by themselves: they need a graphics card of some kind.
_HARDWARE = ("_cuvid", "_qsv", "_v4l2m2m", "_mediacodec", "_mmal", "_rkmpp", "_amf", "_videotoolbox")
# ffmpeg's own AV1 decoder only drives hardware (libavcodec/av1dec.c).
_HOLLOW = frozenset({"av1"})
_CODEC = re.compile(r"^ ([D.])([E.])[VASDT][I.][L.][S.] (\S+)(.*)$", re.MULTILINE)
_NAMED = re.compile(r"\((decoders|encoders): ([^)]*)\)")
# The columns before a filter's name have been three, and two since ffmpeg 8.
_FILTER = re.compile(r"^ [TSC.]{2,3} (\S+)\s+[AVN|]+->[AVN|]+", re.MULTILINE)
# "Device 0 selected: llvmpipe (LLVM 15.0.6, 256 bits) (software) (0x0)"
_SOFTWARE = re.compile(r"Device \d+ selected: .*\(software\)")


@dataclass(frozen=True, slots=True)
class Tools:
    """decoders: names of the codecs that can be decoded; None: nobody has asked, and all but a few are expected.
    encoders, filters: names of ffmpeg's encoders and filters; None: nobody has asked, and all are expected.

    placebo: libplacebo has proved that it works here, so that it can tone-map; in_software: but on the processor, by
    a Vulkan driver such as llvmpipe, which takes several times as long as zscale.
    """

    decoders: frozenset[str] | None = None
    encoders: frozenset[str] | None = None
    filters: frozenset[str] | None = None
    placebo: bool = False
    in_software: bool = False

    def can_decode(self, codec: str | None) -> bool:
        if codec is None:
            return False
        return codec not in _NEVER if self.decoders is None else codec in self.decoders

    def has_encoder(self, name: str) -> bool:
        return self.encoders is None or name in self.encoders

    def has_filter(self, name: str) -> bool:
        return self.filters is None or name in self.filters


UNASKED = Tools()


def read_tools(codecs: str, filters: str) -> Tools:
    """What `ffmpeg -codecs` and `ffmpeg -filters` print, in words of ours. A list that cannot be read counts as not
    asked for, so that an ffmpeg with another way of printing does not lose every film."""
    rows = list(_CODEC.finditer(codecs))
    decoders = frozenset(row[3] for row in rows if row[1] == "D" and any(map(_decodes, _names(row, "decoders"))))
    encoders = frozenset(name for row in rows if row[2] == "E" for name in _names(row, "encoders"))
    found = frozenset(row[1] for row in _FILTER.finditer(filters))
    return Tools(decoders or None, encoders or None, found or None)


def is_software(told: str) -> bool:
    """Whether the Vulkan device that ffmpeg chose, as it tells with -v verbose, is the processor."""
    return _SOFTWARE.search(told) is not None


def _names(row: re.Match[str], kind: str) -> Iterator[str]:
    """A codec whose only decoder or encoder has its own name lists none."""
    listed = next((found[2].split() for found in _NAMED.finditer(row[4]) if found[1] == kind), None)
    yield from listed if listed is not None else [row[3]]


def _decodes(decoder: str) -> bool:
    return decoder not in _HOLLOW and not decoder.endswith(_HARDWARE)
