"""Films whose picture flashes and whose sound beeps at known times, and where they do so once decoded."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

MOMENTS = (1.0, 2.52)
_LONG = 0.12
_WHEN = "+".join(f"between(t,{start},{start + _LONG})" for start in MOMENTS)
_TIME = re.compile(r"pts_time:(\S+)")


def make_flashes(
    film: Path, picture: str, sound: str, late_picture: float = 0, late_sound: float = 0, then: str = ""
) -> Path:
    """picture, sound: encoders and their options. late: seconds by which one starts after the other. then: more
    filters for the picture."""
    white = f"color=black:s=160x96:r=25:d=4,drawbox=c=white:t=fill:enable='{_WHEN}'{then}"
    beep = f"aevalsrc='if({_WHEN},0.8*sin(2*PI*1000*t),0)':s=48000:d=4"
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
    argv += ["-itsoffset", str(late_picture), "-f", "lavfi", "-i", white]
    argv += ["-itsoffset", str(late_sound), "-f", "lavfi", "-i", beep]
    argv += ["-map", "0", "-map", "1", "-c:v", *picture.split(), "-c:a", *sound.split(), str(film)]
    subprocess.run(argv, check=True, timeout=90)
    return film


def distances(film: Path) -> list[float]:
    """Seconds from each flash to its beep, as a player without faults shows them."""
    flashes, beeps = _onsets(_brightness(film), 128), _onsets(_loudness(film), -20)
    assert len(flashes) == len(beeps) == len(MOMENTS), (flashes, beeps)
    return [beep - flash for flash, beep in zip(flashes, beeps, strict=True)]


def moments(film: Path) -> list[float]:
    """When the picture flashes, seconds from the film's first frame."""
    shown = _brightness(film)
    return [onset - shown[0][0] for onset in _onsets(shown, 128)]


def _brightness(film: Path) -> list[tuple[float, float]]:
    chain = "scale=8:8,format=gray,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-"
    return _measured(film, ["-map", "0:v:0", "-fps_mode", "passthrough", "-vf", chain])


def _loudness(film: Path) -> list[tuple[float, float]]:
    """Peaks of each millisecond, in dB."""
    peaks = "astats=metadata=1:reset=1:measure_overall=Peak_level:measure_perchannel=none"
    chain = f"asetnsamples=n=48:p=0,{peaks},ametadata=print:key=lavfi.astats.Overall.Peak_level:file=-"
    return _measured(film, ["-map", "0:a:0", "-af", chain])


def _measured(film: Path, options: Sequence[str]) -> list[tuple[float, float]]:
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-copyts", "-i", str(film), *options, "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout.decode()
    found, time = [], 0.0
    for line in said.splitlines():
        told = _TIME.search(line)
        if told is not None:
            time = float(told[1])
        elif "=" in line:
            found.append((time, float(line.partition("=")[2])))
    return found


def _onsets(measured: Sequence[tuple[float, float]], threshold: float) -> list[float]:
    found: list[float] = []
    last = -1e9
    for time, value in measured:
        if value > threshold:
            if time - last > _LONG:
                found.append(time)
            last = time
    return found
