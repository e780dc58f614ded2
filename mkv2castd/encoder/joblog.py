"""What a child said on stderr: its tail for messages, and the job's log file, bounded.

A log that cannot be written costs the log, never the film: I/O errors end the writing silently.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

TAIL_BYTES = 32 * 1024
LOG_BYTES = 1024 * 1024
_KEPT_BYTES = LOG_BYTES // 8


class Tail:
    """The last TAIL_BYTES of a stream."""

    def __init__(self) -> None:
        self._held = bytearray()

    def add(self, data: bytes) -> None:
        self._held += data[-TAIL_BYTES:]
        if len(self._held) > 4 * TAIL_BYTES:
            del self._held[:-TAIL_BYTES]

    def bytes(self) -> bytes:
        return bytes(self._held[-TAIL_BYTES:])

    def text(self) -> str:
        return self.bytes().decode("utf-8", "replace")


class JobLog:
    """One attempt's part of a job's log: the command, then what it says, at most LOG_BYTES with all that was there.

    When its share is used up the rest is left out but for the tail, which `close` appends. A log that is half
    full when an attempt begins is first cut to its beginning and its end.
    """

    def __init__(self, path: Path | None, argv: Sequence[str]) -> None:
        self._descriptor: int | None = None
        self._room = LOG_BYTES // 2 - 2 * TAIL_BYTES
        self._left_out = 0
        if path is None:
            return
        with suppress(OSError):
            _shorten(path)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self.add(b"$ " + os.fsencode(shlex.join(argv))[:TAIL_BYTES] + b"\n")

    def add(self, data: bytes) -> None:
        taken = data[: self._room]
        self._room -= len(taken)
        self._left_out += len(data) - len(taken)
        if taken:
            self._write(taken)

    def close(self, tail: Tail, ending: str) -> None:
        """Ends this attempt's part with `ending`, one line; before it the tail when something was left out."""
        if self._left_out:
            held = tail.bytes()[-self._left_out :]
            gap = self._left_out - len(held)
            self._write(b"\n[... %d bytes left out ...]\n" % gap + held if gap else held)
        self._write(f"\n[{ending}]\n".encode())
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self, data: bytes) -> None:
        if self._descriptor is None:
            return
        with suppress(OSError):
            os.write(self._descriptor, data)


def _shorten(path: Path) -> None:
    """Cuts a log of more than half the limit to its beginning and its end."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return
    if size <= LOG_BYTES // 2:
        return
    fresh = path.with_name(path.name + ".new")
    with path.open("rb") as old, fresh.open("wb") as new:
        new.write(old.read(_KEPT_BYTES))
        new.write(b"\n[... %d bytes left out ...]\n" % (size - 2 * _KEPT_BYTES))
        old.seek(size - _KEPT_BYTES)
        new.write(old.read(_KEPT_BYTES))
    fresh.replace(path)
