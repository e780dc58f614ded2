"""Is a picture interlaced? Which films' flags are not enough to tell, and what counts of their fields tell instead.

The counts are those of ffmpeg's idet filter. On interlaced film nearly every frame that moves is of one field order;
on a progressive one nearly none, or, where fine patterns flicker, as many of one as of the other. Film spread over
interlaced video by 3:2 pulldown repeats a field in two of five frames: one top, one bottom.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.encoder.media import Scan, VideoStream

# Codecs without interlacing, or whose interlaced form no decoder shows as frames.
_NEVER = frozenset(
    {
        *("vp6", "vp6f", "vp6a", "vp7", "vp8", "vp9", "av1", "hevc", "theora", "flv1", "h261", "h263", "h263i"),
        *("mpeg1video", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "rv10", "rv20", "cinepak", "indeo3"),
        *("svq1", "svq3", "gif", "apng", "png", "webp", "bmp", "tiff", "flic", "msvideo1", "qtrle", "rpza", "smc"),
        *("zmbv", "flashsv", "flashsv2", "tscc", "tscc2", "screenpresso", "vmnc", "fraps", "roq", "smackvideo"),
    }
)
# Codecs that may go over as they are, so that a look would cost something; their "progressive" is nearly always true
# but where they were made from DVDs and broadcasts of standard definition, by encoders that nobody had told.
_TRUSTED = frozenset({"h264", "hevc"})
_STANDARD_DEFINITION = frozenset({480, 486, 576})
_BROADCAST_RATES = (Fraction(24), Fraction(31))
_INTERLACED = frozenset({"tt", "bb", "tb", "bt"})
# What is interlaced unless its frames show otherwise, and which field comes first.
_BY_NATURE = MappingProxyType({"dvvideo": Scan.BOTTOM_FIRST})
# Rates (of frames) at which film is spread by 3:2 pulldown.
_PULLED_DOWN = (Fraction(29), Fraction(31))

_COUNTS = re.compile(
    r"\[Parsed_idet_\d+ @ (?P<which>0x[0-9a-f]+)\] (?P<what>Repeated Fields|Single frame detection):(?P<rest>.*)"
)
_PAIR = re.compile(r"(\w+):\s*(\d+)")

# Frames that show which they are, below which a sample tells nothing; and below which all together do not make a
# film interlaced that does not say so itself: patterns that scroll up the screen look like it for a second or two.
_LEAST, _LEAST_UNTOLD = 8, 60
# Share of these that are of one field order in an interlaced sample, and the most of the other.
_SURE, _OTHER = 0.6, 0.15
# Share in a progressive one, before flags that say otherwise are overruled.
_PROGRESSIVE = 0.97
# Share of all frames with a repeated field, top and bottom each: 0.2 in 3:2 pulldown.
_REPEATED = (0.14, 0.26)


@dataclass(frozen=True, slots=True)
class Fields:
    """What idet counted in one sample: frames by kind, and those whose top or bottom field is the last frame's."""

    top_first: int = 0
    bottom_first: int = 0
    progressive: int = 0
    undetermined: int = 0
    repeated_top: int = 0
    repeated_bottom: int = 0

    @property
    def told(self) -> int:
        return self.top_first + self.bottom_first + self.progressive


def is_doubtful(stream: VideoStream) -> bool:
    """Do its frames have to be looked at? Hardly ever where the picture would go over as it is: codecs that are
    encoded anew anyway, pictures that are interlaced by their flags, may be by their codec or say nothing at all, and
    those that have the size and rate of DVDs and broadcasts."""
    if stream.codec is None or stream.codec in _NEVER or stream.scan is not None:
        return False
    if stream.field_order in _INTERLACED or stream.coded_fields:
        return True
    return stream.field_order != "progressive" or stream.codec not in _TRUSTED or _may_be_a_recording(stream)


def _may_be_a_recording(stream: VideoStream) -> bool:
    rate, (low, high) = stream.frame_rate, _BROADCAST_RATES
    return stream.height in _STANDARD_DEFINITION and rate is not None and low < rate <= high


def read_idet(stderr: str) -> tuple[Fields, ...]:
    """One for each idet filter in what ffmpeg said, in the order of their addresses' first mention. Those that saw no
    frame are left out: with ffmpeg 7, each graph that is made anew for its first frame leaves one behind."""
    found: dict[str, Fields] = {}
    for line in _COUNTS.finditer(stderr):
        counts = {name: int(number) for name, number in _PAIR.findall(line["rest"])}
        fields = found.get(line["which"], Fields())
        if line["what"] == "Repeated Fields":
            fields = replace(fields, repeated_top=counts.get("Top", 0), repeated_bottom=counts.get("Bottom", 0))
        else:
            fields = replace(
                fields,
                top_first=counts.get("TFF", 0),
                bottom_first=counts.get("BFF", 0),
                progressive=counts.get("Progressive", 0),
                undetermined=counts.get("Undetermined", 0),
            )
        found[line["which"]] = fields
    return tuple(fields for fields in found.values() if fields != Fields())


def scan_of(stream: VideoStream, samples: Sequence[Fields]) -> Scan | None:
    """What the samples say together; None where they say too little to add to the flags.

    Samples that are interlaced decide, since a film may be mixed; telecine counts only where nothing else is found,
    and flags that say "interlaced" are overruled only by samples without one frame to the contrary.
    """
    votes = Counter(vote for vote in (_vote(stream, fields) for fields in samples) if vote is not None)
    if votes[Scan.TELECINED] and len(votes) == 1:
        return Scan.TELECINED
    orders = votes[Scan.TOP_FIRST], votes[Scan.BOTTOM_FIRST]
    if votes[Scan.TELECINED] and not any(orders):
        orders = _parity(samples)
    if any(orders):
        if not _says_so(stream) and sum(sample.told for sample in samples) < _LEAST_UNTOLD:
            return None
        return Scan.TOP_FIRST if orders[0] >= orders[1] else Scan.BOTTOM_FIRST
    if votes[Scan.PROGRESSIVE] and _says_so(stream) and len(samples) == sum(votes.values()):
        return Scan.PROGRESSIVE
    return _BY_NATURE.get(stream.codec or "")


def _says_so(stream: VideoStream) -> bool:
    return stream.field_order in _INTERLACED or stream.codec in _BY_NATURE


def _vote(stream: VideoStream, fields: Fields) -> Scan | None:
    if fields.told < _LEAST:
        return None
    if _is_telecined(stream, fields):
        return Scan.TELECINED
    most, least = max(fields.top_first, fields.bottom_first), min(fields.top_first, fields.bottom_first)
    if most >= _SURE * fields.told and least <= _OTHER * fields.told:
        return Scan.TOP_FIRST if fields.top_first > fields.bottom_first else Scan.BOTTOM_FIRST
    return Scan.PROGRESSIVE if fields.progressive >= _PROGRESSIVE * fields.told else None


def _is_telecined(stream: VideoStream, fields: Fields) -> bool:
    rate = stream.frame_rate
    if rate is None or not _PULLED_DOWN[0] <= rate <= _PULLED_DOWN[1]:
        return False
    frames = fields.told + fields.undetermined
    low, high = _REPEATED
    return all(low * frames <= count <= high * frames for count in (fields.repeated_top, fields.repeated_bottom))


def _parity(samples: Sequence[Fields]) -> tuple[int, int]:
    return sum(sample.top_first for sample in samples), sum(sample.bottom_first for sample in samples)
