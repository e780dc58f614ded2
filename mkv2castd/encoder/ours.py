"""Is a subtitle file one that we have made, and is it still as we left it? Asked of the file alone. Blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mkv2castd.encoder.tag import Origin, parse_tag
from mkv2castd.encoder.webvtt import is_as_written, tag_of

_HEAD_BYTES = 1024
_MOST_BYTES = 64 * 1024 * 1024  # beyond it, nothing of ours is left as it was


@dataclass(frozen=True, slots=True)
class Mark:
    """What a file of ours says of itself. origin: the film it was made from, where that is understood. untouched:
    nobody has changed it since; whoever corrects a file owns it."""

    origin: Origin | None
    untouched: bool


def mark_of(path: Path) -> Mark | None:
    """None for a file that we have not made. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        head = file.read(_HEAD_BYTES)
        tag = tag_of(head.decode("utf-8", "replace"))
        if tag is None:
            return None
        file.seek(0)
        text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    return Mark(parse_tag(tag), is_as_written(text))
