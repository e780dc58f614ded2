"""What is heard in a file: levels of tones, peaks, beginnings, loudness."""

from __future__ import annotations

import array
import math
import re
import subprocess
from pathlib import Path

RATE = 48000


def samples(path: Path, track: int = 0, channels: int = 2) -> list[array.array[float]]:
    """Each channel of a sound track, 48,000 samples a second, 1.0 being full scale; silence where the track begins
    later than the file."""
    late = "aresample=async=1:first_pts=0:min_hard_comp=0.001"
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:a:{track}", "-af", late]
    argv += ["-ar", str(RATE), "-f", "f32le", "-"]
    raw = array.array("f", subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout)
    return [raw[channel::channels] for channel in range(channels)]


def level(sound: array.array[float], frequency: float) -> float:
    """How loud a tone is in decibels below full scale; over one second from 0.4 s on, which holds whole waves."""
    part = sound[int(0.4 * RATE) : int(1.4 * RATE)]
    factor = 2 * math.cos(2 * math.pi * frequency / RATE)
    last = before = 0.0
    for value in part:
        last, before = value + factor * last - before, last
    power = last * last + before * before - factor * last * before
    return 20 * math.log10(max(2 * math.sqrt(max(power, 0.0)) / len(part), 1e-9))


def peak(sound: array.array[float]) -> float:
    return max(abs(value) for value in sound)


def onset(sound: array.array[float], threshold: float = 0.05) -> float:
    """The second at which something is heard first."""
    return next(position for position, value in enumerate(sound) if abs(value) > threshold) / RATE


def loudness(path: Path, track: int = 0) -> float:
    """LUFS of a whole track, by ffmpeg's other measuring filter, ebur128."""
    argv = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-map", f"0:a:{track}"]
    argv += ["-af", "ebur128=framelog=verbose", "-f", "null", "-"]
    told = subprocess.run(argv, capture_output=True, check=True, text=True, timeout=90).stderr
    return float(re.findall(r"I:\s+(-?[\d.]+|-inf) LUFS", told)[-1])
