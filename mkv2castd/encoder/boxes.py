"""Where an MP4's index lies, which ffprobe does not tell: in front it can be played while it is being fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

_MOST_BOXES = 64


def index_first(film: BinaryIO) -> bool | None:
    """True: `moov` before the first `mdat`; False: behind it; None: cannot be told (ISO/IEC 14496-12, 4.2).

    Reads the headers of the outermost boxes only. Raises OSError.
    """
    return next((kind == b"moov" for kind, _ in _boxes(film) if kind in (b"moov", b"mdat")), None)


def index_at(film: BinaryIO) -> int | None:
    """Where `moov` begins, in bytes from the file's start; None: there is none. Raises OSError."""
    return next((position for kind, position in _boxes(film) if kind == b"moov"), None)


def _boxes(film: BinaryIO) -> Iterator[tuple[bytes, int]]:
    end = film.seek(0, os.SEEK_END)
    position = 0
    for _ in range(_MOST_BOXES):
        film.seek(position)
        header = film.read(16)
        if len(header) < 8:
            return
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        yield kind, position
        if size == 1 and len(header) == 16:
            size = int.from_bytes(header[8:], "big")
        if size < 8 or position + size > end:
            return
        position += size
