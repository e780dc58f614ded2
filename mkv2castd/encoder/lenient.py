"""Reading what ffprobe prints: numbers that come as text, that are absent or that make no sense become None.

Nothing here raises: ffprobe describes damaged films too, and a fact that cannot be read is an absent fact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

_LARGEST = 2**63 - 1


def number(value: Any) -> float | None:
    """A finite number out of a number or its text, else None ("N/A", "nan", True, a list …)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def whole(value: Any, low: int = 0, high: int = _LARGEST) -> int | None:
    """A whole number within low…high, else None."""
    read = number(value)
    if read is None or not low <= read <= high:
        return None
    return int(read)


def text(value: Any) -> str | None:
    """A text that says something, else None."""
    if not isinstance(value, str):
        return None
    stripped = value.strip()
    return None if stripped.lower() in ("", "unknown", "n/a", "none") else stripped


def ratio(value: Any) -> Fraction | None:
    """A positive ratio out of "30000/1001" or "16:9", else None ("0/0", "0:1", "1/-1")."""
    if not isinstance(value, str):
        return None
    upper, _, lower = value.replace(":", "/").partition("/")
    above, below = whole(upper, 1), whole(lower or "1", 1)
    return Fraction(above, below) if above is not None and below is not None else None


def table(value: Any) -> Mapping[str, Any]:
    """A JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The objects in a JSON array, else none."""
    return tuple(row for row in value if isinstance(row, dict)) if isinstance(value, list) else ()


def tags(value: Any) -> Mapping[str, str]:
    """Tags with their names in lower case, since Matroska shouts them and MP4 does not; empty ones left out."""
    found = {str(key).lower(): entry.strip() for key, entry in table(value).items() if isinstance(entry, str)}
    return {key: entry for key, entry in found.items() if entry}


def clock(value: Any) -> float | None:
    """Seconds out of Matroska's DURATION tag "01:02:03.450000000", else None."""
    parts = [number(part) for part in value.split(":")] if isinstance(value, str) else []
    if len(parts) != 3 or any(part is None or part < 0 for part in parts):
        return None
    hours, minutes, seconds = (part for part in parts if part is not None)
    return hours * 3600 + minutes * 60 + seconds
