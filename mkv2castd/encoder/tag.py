"""The tag by which our own outputs are known, also when the store has forgotten them.

`1;SIZE;MTIME_NS;CRC`: size and modification time of the film it was made from, and the CRC-32 of that film's name.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from mkv2castd.model import Identity


@dataclass(frozen=True, slots=True)
class Origin:
    """What an output's tag says of the film that it was made from."""

    size: int
    mtime_ns: int
    name_crc: int

    def is_version(self, identity: Identity) -> bool:
        return (self.size, self.mtime_ns) == (identity.size, identity.mtime_ns)

    def is_named(self, source: Path) -> bool:
        return self.name_crc == _crc(source)


def tag_for(source: Path, identity: Identity) -> str:
    return f"1;{identity.size};{identity.mtime_ns};{_crc(source)}"


def parse_tag(text: str) -> Origin | None:
    """None for a tag of another make or a mangled one: the file is ours, but nothing is known of its origin."""
    parts = text.split(";")
    try:
        if len(parts) == 4 and parts[0] == "1":
            return Origin(int(parts[1]), int(parts[2]), int(parts[3]))
    except ValueError:
        pass
    return None


def _crc(source: Path) -> int:
    return zlib.crc32(os.fsencode(source.name))
