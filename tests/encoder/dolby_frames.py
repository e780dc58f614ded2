"""Dolby Vision as frames of HEVC tell it, each with a description (RPU) behind it: what remains of a film of profile
5 that was put from a raw stream into a container without Dolby's record."""

from __future__ import annotations

import re
from pathlib import Path

from tests.encoder.converting import ffmpeg

_X265 = "log-level=none:aud=1:repeat-headers=1:keyint=5:bframes=0"
_DELIMITER = b"\x00\x00\x00\x01\x46\x01"


def film_of_profile_5(path: Path, transfer: str = "undef") -> Path:
    """Half a second at `path`, whose extension tells the container: 10 bits. transfer: what it says of its colours,
    as x265 calls it."""
    raw = path.with_suffix(".raw")
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=0.5", "-pix_fmt", "yuv420p10le")
    ffmpeg(
        *source,
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        f"{_X265}:transfer={transfer}",
        "-f",
        "hevc",
        str(raw),
    )
    # each picture begins with a delimiter
    pictures = raw.read_bytes().split(_DELIMITER)[1:]
    raw.write_bytes(b"".join(_DELIMITER + picture + _description() for picture in pictures))
    tag = ("-tag:v", "hvc1") if path.suffix == ".mp4" else ()
    ffmpeg("-fflags", "+genpts", "-f", "hevc", "-framerate", "10", "-i", str(raw), "-c:v", "copy", *tag, str(path))
    return path


def _description() -> bytes:
    """A NAL unit of type 62 that reshapes nothing: RPU profile 0 over a base of full range, in IPT (libavcodec's
    dovi_rpu.c reads it so)."""
    bits = _Bits()
    bits.put(25, 8).put(2, 6).put(18, 11).put(0, 4).put(0, 4)  # prefix, type, format, profile, level
    bits.put(1, 1).put(0, 1).put(0, 2).ue(23).put(1, 2).put(1, 1)  # coefficients in 1/2²³; the base is of full range
    bits.ue(2).ue(2).ue(4).put(0, 5).put(1, 1)  # 10 and 10 bits, 12 in the end; no second layer
    bits.put(1, 1).put(0, 1).ue(0).ue(0).ue(0)
    for _ in range(3):
        bits.ue(0).put(0, 10).put(1023, 10)  # one piece from black to white
    bits.ue(0).ue(0)
    for _ in range(3):
        bits.ue(0).ue(0).put(0, 1)  # a polynomial of the first order: 0 + 1 x
        bits.ue(0).put(0, 23).ue(1).put(0, 23)
    bits.ue(0).ue(0).ue(1)
    for number in (9574, 802, 1681, 9574, -1022, 1091, 9574, 267, -5545):
        bits.put(number & 0xFFFF, 16)
    for number in (0, 134217728, 134217728):
        bits.put(number, 32)
    for number in (17081, -349, -349, -349, 17081, -349, -349, -349, 17081):
        bits.put(number & 0xFFFF, 16)
    bits.put(65535, 16).put(0, 16).put(0, 16).put(0, 32).put(12, 5).put(2, 2).put(0, 2).put(1, 2)
    bits.put(62, 12).put(3079, 12).put(42, 10).ue(0)
    return b"\x00\x00\x00\x01\x7c\x01" + _escaped(bits.bytes() + bytes(4) + b"\x80")


def _escaped(payload: bytes) -> bytes:
    return re.sub(b"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", payload)


class _Bits:
    def __init__(self) -> None:
        self._text = ""

    def put(self, value: int, width: int) -> _Bits:
        self._text += f"{value:0{width}b}"
        return self

    def ue(self, value: int) -> _Bits:
        """Exp-Golomb."""
        text = f"{value + 1:b}"
        self._text += "0" * (len(text) - 1) + text
        return self

    def bytes(self) -> bytes:
        text = self._text + "0" * (-len(self._text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")
