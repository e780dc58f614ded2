"""What goes on is told in one line."""

from __future__ import annotations

import pytest

from mkv2castd.status_text import status_text


@pytest.mark.parametrize(
    ("processing", "queued", "pause", "troubles", "line"),
    [
        (0, 0, None, (), "nothing to convert"),
        (2, 14, None, (), "2 converting, 14 waiting"),
        (0, 3, "requested", (), "3 waiting; paused"),
        (1, 0, "battery", (), "1 converting; paused while on battery"),
        (0, 1, "hours", (), "1 waiting; paused until the hours of [queue] begin"),
        (0, 0, "moon", (), "nothing to convert; paused (moon)"),
        (0, 0, None, ("films: is not there",), "nothing to convert; films: is not there"),
        (0, 0, None, ("a: gone", "b: gone", "c: gone"), "nothing to convert; a: gone (and 2 more)"),
    ],
)
def test_counts_pause_and_the_first_trouble_are_told(
    processing: int, queued: int, pause: str | None, troubles: tuple[str, ...], line: str
) -> None:
    assert status_text(processing, queued, pause, troubles) == line
