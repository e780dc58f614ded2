"""Loudness by EBU R128: what ffmpeg's ebur128 says that it has measured, and the filters that follow from it.

Not ffmpeg's loudnorm: compared with ebur128, its first pass is up to 6 LU wrong where short loud moments stand out,
and its second one turns quiet scenes up as soon as one peak is too high. One gain for the whole track keeps what the
mix meant, and a limiter touches nothing but the peaks that would be too high.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mkv2castd.encoder import lenient
from mkv2castd.encoder.targets import Loudness

TARGET_LUFS = -23.0  # EBU R128
PEAK_DBTP = -1.0
# What is fainter than this is silence, or its noise: R128 itself counts nothing below −70 LUFS.
_SILENCE_LUFS = -69.0
_LIMIT = 0.87  # −1.2 dB, since the encoder adds a little
_FINE = 192_000  # so many samples a second show peaks between samples
_REPORT = re.compile(
    r"\[ebur128@track(\d+)c(\d+) @ [^\]]*\] Summary:.*?I:\s+(\S+) LUFS.*?True peak:\s+Peak:\s+(\S+) dBFS", re.DOTALL
)


def measuring(index: int, channels: int) -> str:
    """The filter that measures what goes through it, by a name that its report is known by."""
    return f"ebur128@track{index}c{channels}=peak=true:framelog=verbose"


def parse(stderr: str) -> Mapping[tuple[int, int], Loudness]:
    """The reports of all `measuring` filters, by stream and number of channels. Silence, and what cannot be read, is
    left out."""
    found = {}
    for report in _REPORT.finditer(stderr):
        integrated, peak = lenient.number(report[3]), lenient.number(report[4])
        if integrated is not None and peak is not None and integrated > _SILENCE_LUFS:
            found[int(report[1]), int(report[2])] = Loudness(integrated, peak)
    return found


def levelling(loudness: Loudness, sample_rate: int) -> str:
    """Brings what was measured to the target."""
    gain = TARGET_LUFS - loudness.integrated
    turned = f"volume={gain:.2f}dB"
    if loudness.peak + gain <= PEAK_DBTP:
        return turned
    limited = f"alimiter=limit={_LIMIT}:level=false:latency=true:attack=5:release=100"
    return f"{turned},aresample={_FINE},{limited},aresample={sample_rate}"
