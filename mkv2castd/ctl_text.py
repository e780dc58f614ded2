"""Text for people: names that cannot break a terminal, sizes in units, local times, ids as short as they may be."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime, tzinfo

SHORT_ID = 8  # digits of an id that are shown at least
_JOINERS = "\u200c\u200d"  # what holds emoji and some scripts together
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def safe(text: str, *, lines: bool = False) -> str:
    """The text with everything spelled out that a terminal would obey instead of showing it: control characters,
    marks that turn the direction, lone surrogates. lines: ends of lines and tabulators stay."""
    if text.isprintable():
        return text
    kept = _JOINERS + ("\n\t" if lines else "")
    return "".join(
        char if char in kept or unicodedata.category(char) not in _UNSAFE else _spelled(char) for char in text
    )


def _spelled(char: str) -> str:
    number = ord(char)
    if number < 0x100:
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char, f"\\x{number:02x}")
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def size(count: int) -> str:
    """Bytes in the unit that leaves a number below 1024: 1.4 GiB."""
    amount = float(count)
    for unit in _UNITS[:-1]:
        if amount < 1023.95:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} {_UNITS[-1]}"


def length(seconds: float) -> str:
    """A duration as 1:02:03, or 2:03 below an hour."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def local_time(stamp: str, zone: tzinfo | None = None) -> str:
    """An ISO 8601 time as the clock of `zone` shows it; None: the clock of this machine."""
    return datetime.fromisoformat(stamp).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def short_ids(ids: Iterable[str]) -> dict[str, str]:
    """Each id → its beginning, of 8 digits at least and equally long for all, that no other of them has."""
    known = frozenset(ids)
    digits = next((count for count in range(SHORT_ID, 36) if len({one[:count] for one in known}) == len(known)), 36)
    return {one: one[:digits] for one in known}
