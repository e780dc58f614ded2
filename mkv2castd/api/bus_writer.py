"""What one connection has still to say, and the writing of it: a producer that never waits, a socket that may."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable

from mkv2castd.api.bus_interface import BusError
from mkv2castd.api.bus_library import Message
from mkv2castd.boundary import contained

_MOST_WAITING = 20_000  # messages
_AT_ONCE = 64 * 1024  # bytes; then the rest of the daemon has its turn
LARGEST = 16 * 2**20  # bytes of one message: the system bus cuts off who sends more than 32 MiB

_log = logging.getLogger(__name__)


class Unfit(Exception):
    """A message cannot be put into bytes: a mistake of ours, which is logged."""


class Writer:
    """Takes the place of dbus-next's own, which ends the connection as soon as the socket's buffer is full.

    failed: told of the end of the connection; also where a bus has not read for so long that too much waits.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, failed: Callable[[Exception], None]
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._failed = failed
        self._waiting: deque[Message | bytes] = deque()
        self._rest = memoryview(b"")
        self._greeted = False
        self._writing = False
        self._closed = False

    def schedule_write(self, msg: Message | None = None, future: object = None) -> None:
        """dbus-next's call: without a message once the bus has answered the greeting, before which nothing may be
        sent."""
        if msg is None:
            self._greeted = True
            self._begin()
        else:
            self.put(msg)

    def put(self, message: Message | bytes) -> None:
        """Never waits. Put into bytes only when its turn comes; one that cannot be is dropped and logged."""
        if self._closed:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._failed(BusError(f"the bus has not read for so long that {_MOST_WAITING} messages wait"))
            return
        self._waiting.append(message)
        if self._greeted:
            self._begin()

    def close(self) -> None:
        self._closed = True
        self._waiting.clear()
        self._rest = memoryview(b"")
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._sock.fileno())

    def _begin(self) -> None:
        if not self._writing and (self._waiting or self._rest):
            self._writing = True
            self._loop.add_writer(self._sock.fileno(), self._write)

    def _write(self) -> None:
        if not self._rest:
            self._rest = memoryview(self._next())
        try:
            while self._rest:
                self._rest = self._rest[self._sock.send(self._rest) :]
        except (BlockingIOError, InterruptedError):
            return  # called again as soon as it can be written to
        except OSError as error:
            self._failed(error)
            return
        if not self._waiting:
            self._writing = False
            self._loop.remove_writer(self._sock.fileno())

    def _next(self) -> bytes:
        made = bytearray()
        while self._waiting and len(made) < _AT_ONCE:
            message = self._waiting.popleft()
            made += message if isinstance(message, bytes) else _bytes(message)
        return bytes(made)


def _bytes(message: Message) -> bytes:
    try:
        return marshalled(message)
    except Unfit:
        return b""


def marshalled(message: Message) -> bytes:
    """The message as it goes over the wire. Raises Unfit where its body does not fit its signature or is too much."""
    with contained(f"{message.interface}.{message.member} over D-Bus", Unfit(), ()):
        made = bytes(message._marshall(negotiate_unix_fd=False))
        if len(made) > LARGEST:
            raise BusError(f"{len(made)} bytes are too much for one message")
        return made
