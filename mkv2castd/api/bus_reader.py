"""Reading from the bus: dbus-next's, without putting together what is too big to be meant for us.

It makes Python values of a whole message before anybody has looked at it; 32 MiB of strings, which any user may send,
would take half a minute in which nothing else goes on.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from mkv2castd.api.bus_library import EndOfStream, Message, Unmarshaller

LARGEST_BODY = 256 * 2**10  # bytes
_PORTION = 64 * 2**10
_FIXED = 16  # bytes of each header, the length of the body among them
_LENGTH = slice(4, 8)
_BIG_ENDIAN = ord("B")  # the first byte


class Reader(Unmarshaller):
    """wanted: told the header, is the body of this message awaited, however big it is? Others' are thrown away as
    they come in, and `skipped` says so."""

    def __init__(self, stream: Any, sock: socket.socket, wanted: Callable[[Message], bool]) -> None:
        super().__init__(stream, sock)
        self._wanted = wanted
        self._judged = False
        self._left = 0
        self.skipped = False

    message: Message | None

    def unmarshall(self) -> Message | None:
        """None: the rest has not come yet."""
        try:
            if not self._judged:
                self._judge()
            if not self.skipped:
                self._unmarshall()
                return self.message
            while self._left:
                self._skip()
        except EndOfStream:
            return None
        return self.message

    def _judge(self) -> None:
        self.offset = 0
        self.read(_FIXED, prefetch=True)
        said = bytes(self.buf[_LENGTH])
        size = int.from_bytes(said, "big" if self.buf[0] == _BIG_ENDIAN else "little")
        if size > LARGEST_BODY:
            self.buf[_LENGTH] = bytes(4)  # the header alone, as if there were nothing behind it
            try:
                self._unmarshall()
            finally:
                self.buf[_LENGTH] = said
            assert self.message is not None, "a header that has not come whole ends the reading"
            self.skipped = not self._wanted(self.message)
            self._left = size
        self._judged = True

    def _skip(self) -> None:
        self.buf.clear()
        self.offset = 0
        try:
            self.read(min(self._left, _PORTION))
        finally:
            self._left -= len(self.buf)
