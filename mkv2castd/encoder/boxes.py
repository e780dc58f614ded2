"""Where an MP4's index lies, which ffprobe does not tell: in front it can be played while it is being fetched."""

from __future__ import annotations

import os
from typing import BinaryIO

_MOST_BOXES = 64


def index_first(film: BinaryIO) -> bool | None:
    """True: `moov` before the first `mdat`; False: behind it; None: cannot be told (ISO/IEC 14496-12, 4.2).

    Reads the headers of the outermost boxes only. Raises OSError.
    """
    end = film.seek(0, os.SEEK_END)
    position = 0
    for _ in range(_MOST_BOXES):
        film.seek(position)
        header = film.read(16)
        if len(header) < 8:
            return None
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if kind in (b"moov", b"mdat"):
            return kind == b"moov"
        if size == 1 and len(header) == 16:
            size = int.from_bytes(header[8:], "big")
        if size < 8 or position + size > end:
            return None
        position += size
    return None
