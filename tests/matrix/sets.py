"""For what devices, and into which container, the matrix is converted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tests.matrix.checker import Wanted
from tests.matrix.clips import ROWS
from tests.matrix.rows import Row

SETS: Mapping[str, Wanted] = MappingProxyType(
    {
        "chromecast": Wanted(("chromecast",), "mkv"),
        "ultra": Wanted(("chromecast-ultra",), "mp4"),
        "pair": Wanted(("chromecast-3", "nest-hub"), "mkv"),
        "chromecast-mp4": Wanted(("chromecast",), "mp4"),
        "webm": Wanted(("chromecast",), "webm"),
        "streamer": Wanted(("google-tv-streamer", "chromecast-google-tv"), "mkv"),
    }
)


def pairs() -> Iterator[tuple[Row, str]]:
    """Every row with every set that it is converted for."""
    for row in ROWS:
        for where in row.sets:
            yield row, where
