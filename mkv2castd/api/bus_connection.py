"""One connection to a bus: dbus-next's, with what is wrong in it mended.

It waits while the bus does not read (`bus_writer`), reads no more than is meant for it (`bus_reader`), notices an end
in mid-greeting, gives other tasks their turn while messages pour in, bounds every wait, and leaves neither descriptor
nor handler behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from mkv2castd.api.bus_body import body, close_descriptors, inward
from mkv2castd.api.bus_interface import DBUS, DBUS_PATH, BusError
from mkv2castd.api.bus_library import AuthError, Message, MessageBus, MessageFlag, MessageType
from mkv2castd.api.bus_places import sockets
from mkv2castd.api.bus_reader import LARGEST_BODY, Reader
from mkv2castd.api.bus_writer import Writer
from mkv2castd.boundary import contained

GREETING_SECONDS = 10.0
CALL_SECONDS = 25.0  # as libdbus waits
LIMITS = "org.freedesktop.DBus.Error.LimitsExceeded"
_REPLIES = (MessageType.METHOD_RETURN, MessageType.ERROR)
_MESSAGES_AT_ONCE = 32
_LONGEST_LINE = 4096  # bytes, of the greeting


Hear = Callable[["Connection", Message], None]


class Connection(MessageBus):
    """hear: is given every method call and signal; it must be quick and must not raise."""

    def __init__(self, sock: socket.socket, hear: Hear) -> None:
        self._given = sock
        self._hear = hear
        super().__init__(bus_address="unix:path=/given", negotiate_unix_fd=True)
        self._outgoing = Writer(self._loop, sock, self._finalize)
        self._writer = self._outgoing  # type: ignore[assignment]  # where dbus-next looks for it
        self.add_message_handler(self._sorted)

    @property
    def name(self) -> str:
        """Its unique name."""
        assert self.unique_name is not None, "given out only once it is connected"
        return str(self.unique_name)

    def post(self, message: Message | bytes) -> None:
        """Sends without waiting for anything."""
        if isinstance(message, Message) and not message.serial:
            message.serial = self.next_serial()
        self._outgoing.put(message)

    async def ask(
        self,
        *where: str,
        signature: str = "",
        arguments: tuple[object, ...] = (),
        seconds: float = CALL_SECONDS,
        interactive: bool = False,
        activate: bool = True,
    ) -> list[Any]:
        """Calls a method. where: destination, path, interface, member. activate: the bus may start whoever is to
        answer. Raises BusError."""
        destination, path, interface, member = where
        flags = MessageFlag.NONE if activate else MessageFlag.NO_AUTOSTART
        if interactive:
            flags |= MessageFlag.ALLOW_INTERACTIVE_AUTHORIZATION
        message = Message(
            destination=destination,
            path=path,
            interface=interface,
            member=member,
            flags=flags,
            signature=signature,
            body=body(signature, arguments),
            serial=self.next_serial(),
        )
        called = f"{interface}.{member} of {destination}"
        if not self.connected:
            raise BusError(f"{called}: the bus is gone")
        try:
            async with asyncio.timeout(seconds):
                reply = await self.call(message)
        except TimeoutError:
            raise BusError(f"{called}: no answer within {seconds:g} s") from None
        except (OSError, EOFError) as error:
            raise BusError(f"{called}: the bus is gone: {error}") from error
        finally:
            self._method_return_handlers.pop(message.serial, None)
        if reply is None:
            raise BusError(f"{called}: the bus is gone")
        answer = inward(reply)
        if reply.message_type is MessageType.ERROR:
            text = answer[0] if answer and isinstance(answer[0], str) else "no reason given"
            raise BusError(f"{called}: {text}", reply.error_name)
        return answer

    async def ask_bus(self, member: str, signature: str, *arguments: object) -> list[Any]:
        """A method of the bus itself. Raises BusError."""
        return await self.ask(DBUS, DBUS_PATH, DBUS, member, signature=signature, arguments=arguments)

    def tell_bus(self, member: str, signature: str, *arguments: object) -> None:
        """The same without waiting for an answer."""
        message = Message(
            *(DBUS, DBUS_PATH, DBUS, member),
            flags=MessageFlag.NO_REPLY_EXPECTED,
            signature=signature,
            body=body(signature, arguments),
        )
        self.post(message)

    async def lost(self) -> str:
        """Waits for the end of the connection, however long; says why it ended."""
        try:
            await self.wait_for_disconnect()
        except (OSError, EOFError, BusError) as error:
            return _why(error)
        return "it was closed"

    def disconnect(self) -> None:
        self._finalize(None)

    def _setup_socket(self) -> None:
        # where dbus-next would connect, and block meanwhile
        self._sock = self._given
        self._stream = self._given.makefile("rwb")
        self._fd = self._given.fileno()

    def _finalize(self, err: Exception | None = None) -> None:
        if self._disconnected:
            return
        self._outgoing.close()
        self._loop.remove_reader(self._fd)
        super(MessageBus, self)._finalize(err)
        if not self._disconnect_future.done():
            if err is None:
                self._disconnect_future.set_result(None)
            else:
                self._disconnect_future.set_exception(err)
                self._disconnect_future.exception()  # taken note of: nobody may be waiting for it
        with contextlib.suppress(OSError):  # what is in the stream's buffer cannot be sent any more
            self._stream.close()
        self._sock.close()

    async def _auth_readline(self) -> str:
        line = b""
        while not line.endswith(b"\r\n"):
            # byte by byte: what follows the line is not ours to take
            if not (read := await self._loop.sock_recv(self._sock, 1)) or len(line) > _LONGEST_LINE:
                raise EOFError("the bus ended the greeting")
            line += read
        return line[:-2].decode("ascii", "replace")

    def _message_reader(self) -> None:
        unreadable = BusError("the bus sent what cannot be read")
        try:
            with contained("reading from D-Bus", unreadable, (OSError, EOFError)):
                for _ in range(_MESSAGES_AT_ONCE):
                    if self._disconnected or not self._unmarshaller.unmarshall():
                        return
                    message, skipped = self._unmarshaller.message, self._unmarshaller.skipped
                    self._unmarshaller = self._create_unmarshaller()
                    if skipped:
                        self._refuse(message)
                    else:
                        self._on_message(message)
        except (OSError, EOFError, BusError) as error:
            self._finalize(error)

    def _create_unmarshaller(self) -> Reader:
        return Reader(self._stream, self._sock, self._is_awaited)

    def _is_awaited(self, message: Message) -> bool:
        return message.message_type in _REPLIES and message.reply_serial in self._method_return_handlers

    def _refuse(self, message: Message) -> None:
        """Its body was too big to be read."""
        close_descriptors(message)
        if message.message_type is MessageType.METHOD_CALL and not message.flags & MessageFlag.NO_REPLY_EXPECTED:
            told = f"the arguments of {message.member} are bigger than {LARGEST_BODY // 1024} KiB"
            self.post(Message.new_error(message, LIMITS, told))

    def _sorted(self, message: Message) -> bool:
        """True: the message needs nothing more from dbus-next."""
        if message.message_type in (MessageType.METHOD_CALL, MessageType.SIGNAL):
            close_descriptors(message)  # or anybody could fill our table of them
            self._hear(self, message)
            return True
        if message.reply_serial not in self._method_return_handlers:
            close_descriptors(message)
        return False


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or "it has ended the connection"


@asynccontextmanager
async def connected(address: str, hear: Hear) -> AsyncIterator[Connection]:
    """A connection to the bus at a D-Bus address, greeted; closed when the block is left. Raises BusError."""
    connection = Connection(await _reached(address), hear)
    try:
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                await connection.connect()
        except TimeoutError:
            raise BusError(f"{address}: it does not answer") from None
        except (OSError, EOFError, ValueError, AuthError) as error:
            raise BusError(f"{address}: {_why(error)}") from error
        if not connection.connected or not connection.name.startswith(":"):
            raise BusError(f"{address}: it refuses the connection")
        yield connection
    finally:
        connection.disconnect()


async def _reached(address: str) -> socket.socket:
    loop = asyncio.get_running_loop()
    problem = "is no address of a bus that can be reached from here"
    for place in sockets(address, os.environ):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                await loop.sock_connect(sock, place)
            return sock
        except (OSError, ValueError) as error:  # TimeoutError among them
            problem = _why(error)
            sock.close()
        except asyncio.CancelledError:
            sock.close()
            raise
    raise BusError(f"{address}: {problem}")
