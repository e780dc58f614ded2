"""A chart of grey patches in HDR, each of a known brightness, and how bright they come out."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

from tests.encoder.converting import ffmpeg

NITS = (0, 1, 5, 20, 50, 100, 203, 400, 1000)
_PATCH, _HEIGHT = 32, 64
_TRANSFERS = {"pq": "smpte2084", "hlg": "arib-std-b67"}
# As an HDR10 film says how it was graded; x265's own words.
SCREEN = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"


def pq(nits: float) -> float:
    """SMPTE ST 2084: brightness → signal, 0…1."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = float((nits / 10_000) ** m1)
    return float(((c1 + c2 * power) / (1 + c3 * power)) ** m2)


def hlg(nits: float) -> float:
    """ITU-R BT.2100: brightness on a screen of 1000 nits → signal, 0…1."""
    scene = (nits / 1000) ** (1 / 1.2)
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * math.log(4 * a)
    return float(math.sqrt(3 * scene) if scene <= 1 / 12 else a * math.log(12 * scene - b) + c)


def chart(kind: str, path: Path, encoder: str = "libx265") -> Path:
    """kind: pq or hlg. The film at `path` says how it was graded, in its bitstream."""
    signal = {"pq": pq, "hlg": hlg}[kind]
    codes = [round(64 + 876 * signal(nits)) for nits in NITS]
    patches = "+".join(f"{code}*eq(floor(X/{_PATCH})\\,{number})" for number, code in enumerate(codes))
    size = f"{_PATCH * len(NITS)}x{_HEIGHT}"
    # ffmpeg 5 goes by the encoder's options alone, ffmpeg 7 by the frames' word
    said = f"setparams=color_primaries=bt2020:color_trc={_TRANSFERS[kind]}:colorspace=bt2020nc"
    source = f"color=black:s={size}:r=10:d=0.4,format=yuv420p10le,geq=lum='{patches}':cb=512:cr=512,{said}"
    told = SCREEN if kind == "pq" else ""
    x265 = ["-preset", "ultrafast", "-x265-params", f"log-level=none:crf=4{':' if told else ''}{told}"]
    tags = ["-color_primaries", "bt2020", "-color_trc", _TRANSFERS[kind], "-colorspace", "bt2020nc"]
    options = x265 if encoder == "libx265" else ["-qp", "4"]
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", encoder, *options, *tags, "-f", "matroska", str(path))
    return path


def brightness(path: Path, filters: str = "null") -> list[float]:
    """Luma of each patch in an 8-bit film: 0 is black, 1 is white, limited range."""
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-vf", f"{filters},format=yuv420p"]
    raw = subprocess.run([*argv, "-f", "rawvideo", "-"], capture_output=True, check=True, timeout=90).stdout
    middle = _PATCH * len(NITS) * _HEIGHT // 2
    return [(raw[middle + _PATCH * number + _PATCH // 2] - 16) / 219 for number in range(len(NITS))]
