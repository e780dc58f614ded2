"""Names of vendors and devices from the list that pciids.github.io keeps and distributions install."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

PLACES = ("usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids")
Number = tuple[int | None, int | None]


def pci_names(root: Path, wanted: set[Number]) -> dict[Number, str]:
    """What the first list below `root` that knows any of them calls these (vendor, device), and each vendor as
    (vendor, None). Empty where there is no list. Blocking: a megabyte is read."""
    return next((names for place in PLACES if wanted and (names := _read(root / place, wanted))), {})


def _read(path: Path, wanted: set[Number]) -> dict[Number, str]:
    """A vendor's line is its number, two spaces and its name; a device's has one tab in front, a board's two."""
    vendors = {vendor for vendor, _ in wanted}
    names: dict[Number, str] = {}
    vendor: int | None = None
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            number, _, name = line.strip().partition("  ")
            if line.startswith(("#", "\t\t")):
                continue
            if line.startswith("\t"):
                if (vendor, _hexadecimal(number)) in wanted:
                    names[vendor, _hexadecimal(number)] = name
            else:
                vendor = _hexadecimal(number)
                if vendor in vendors:
                    names[vendor, None] = name
    return names


def _hexadecimal(number: str) -> int | None:
    """None for the lines of classes ("C 03") at the end."""
    with suppress(ValueError):
        return int(number, 16)
    return None
