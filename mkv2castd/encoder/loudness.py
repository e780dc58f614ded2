"""Loudness by EBU R128: what ffmpeg's loudnorm says that it has measured, and the filters that follow from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from mkv2castd.encoder import lenient
from mkv2castd.encoder.targets import Loudness

TARGET_LUFS = -23.0  # EBU R128
PEAK_DBTP = -1.0
# loudnorm takes no measured value beyond these, and no loudness range of 0.
_LEAST_LUFS = -69.0
_RANGES = (1.0, 20.0)
_PEAKS = (-99.0, 99.0)
_REPORT = re.compile(r"\[loudnorm@track(\d+)c(\d+) @ [^\]]*\]\s*(\{[^{}]*\})")


def measuring(index: int, channels: int) -> str:
    """The filter that measures what goes through it, by a name that its report is known by."""
    return f"loudnorm@track{index}c{channels}=I={TARGET_LUFS:g}:TP={PEAK_DBTP:g}:LRA=20:print_format=json"


def parse(stderr: str) -> Mapping[tuple[int, int], Loudness]:
    """The reports of all `measuring` filters, by stream and number of channels. Silence, and what cannot be read, is
    left out."""
    found = {}
    for report in _REPORT.finditer(stderr):
        told = _loudness(report[3])
        if told is not None:
            found[int(report[1]), int(report[2])] = told
    return found


def _loudness(text: str) -> Loudness | None:
    try:
        raw: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
    integrated, span, peak, threshold, offset = (
        lenient.number(raw.get(key)) for key in ("input_i", "input_lra", "input_tp", "input_thresh", "target_offset")
    )
    if integrated is None or span is None or peak is None or threshold is None or integrated < _LEAST_LUFS:
        return None
    return Loudness(integrated, span, peak, threshold, offset if offset is not None else 0.0)


def levelling(loudness: Loudness, sample_rate: int) -> str:
    """Brings what was measured to the target: by one gain for the whole track, so that nothing of its dynamics is
    lost; where its peaks would then be too high, by loudnorm, which gives way at the loudest moments only."""
    gain = TARGET_LUFS - loudness.integrated
    if loudness.peak + gain <= PEAK_DBTP:
        return f"volume={gain:.2f}dB"
    span = min(max(loudness.range, _RANGES[0]), _RANGES[1])
    peak = min(max(loudness.peak, _PEAKS[0]), _PEAKS[1])
    measured = f"measured_I={min(loudness.integrated, 0.0):.2f}:measured_LRA={span:.2f}:measured_TP={peak:.2f}"
    aim = f"loudnorm=I={TARGET_LUFS:g}:TP={PEAK_DBTP:g}:LRA={span:.2f}"
    known = f"measured_thresh={max(loudness.threshold, -99.0):.2f}:offset={loudness.offset:.2f}"
    # loudnorm works at 192 kHz
    return f"{aim}:{measured}:{known},aresample={sample_rate}"
