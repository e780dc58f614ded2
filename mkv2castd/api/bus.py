"""The bus as the rest of the daemon knows it: found again whenever it is lost, with all that was exported on it.

dbus-next is known to this module and the others named `bus_…` only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Never

from mkv2castd.api.bus_body import outward
from mkv2castd.api.bus_callers import Callers
from mkv2castd.api.bus_connection import CALL_SECONDS, LIMITS, Connection, connected
from mkv2castd.api.bus_interface import BusError, Credentials, Match, Served
from mkv2castd.api.bus_library import Message, MessageFlag, MessageType
from mkv2castd.api.bus_objects import Objects
from mkv2castd.api.bus_serving import FAILED, answered, refusal
from mkv2castd.api.bus_standard import OBJECT_MANAGER, PROPERTIES
from mkv2castd.api.bus_watches import Listener, Watches
from mkv2castd.api.bus_writer import Unfit
from mkv2castd.boundary import contained

_FIRST_DELAY = 1.0
_LONGEST_DELAY = 60.0
_MOST_CALLS = 512  # being served at once
_MOST_OF_USER = 256  # of one user, on however many connections: others are answered too
_MOST_OF_ONE = 64  # of one caller: some wait for minutes until a person has given leave
_TOO_MANY = "the daemon is answering too many calls already"
_DO_NOT_QUEUE = 4
_OURS = (1, 4)  # primary owner; we were that already
_log = logging.getLogger(__name__)


class Bus:
    """find: the address, None where there is no bus of that kind now. name: what it is to own on it; None: it only
    calls. root: the object that manages the others. expected: somebody asked for this bus, so that its absence is
    worth a warning."""

    def __init__(
        self,
        find: Callable[[], str | None],
        *,
        title: str,
        name: str | None = None,
        root: str = "/",
        expected: bool = True,
        first_delay: float = _FIRST_DELAY,
    ) -> None:
        self._find = find
        self._title = title
        self._name = name
        self._expected = expected
        self._first_delay = first_delay
        self._objects = Objects(root)
        self._watches = Watches()
        self._callers = Callers(self._watches, self.ask_bus)
        self._connection: Connection | None = None
        self._calls: asyncio.TaskGroup | None = None
        self._serving: Counter[str] = Counter()
        self._serving_users: Counter[int] = Counter()
        self._rooted = asyncio.Event()
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._down.set()

    async def serve(self) -> Never:
        """Keeps the connection, until cancelled: a bus that is lost or not there yet is looked for again, with delays
        that grow up to a minute. Each change is logged once. The name is asked for once the root is exported."""
        told: str | None = None
        delay = self._first_delay
        async with asyncio.TaskGroup() as self._calls:
            while True:
                if self._name is not None:
                    await self._rooted.wait()  # who sees the name finds the objects
                try:
                    async with connected(self._address(), self._hear) as connection:
                        await self._begin(connection)
                        _log.info("on the %s as %s", self._title, self._name or connection.name)
                        delay, told = self._first_delay, None
                        problem = f"lost the {self._title}: {await connection.lost()}"
                except BusError as error:
                    problem = f"no {self._title}: {error.message}"
                finally:
                    self._end()
                if problem != told:
                    level = logging.WARNING if self._expected else logging.INFO
                    _log.log(level, "%s; it is looked for from time to time", problem)
                    told = problem
                await asyncio.sleep(delay)
                delay = min(2 * delay, _LONGEST_DELAY)

    @property
    def is_up(self) -> bool:
        """Is the bus there, and its name ours?"""
        return self._up.is_set()

    async def until_up(self) -> None:
        """Waits until the bus is there and its name is ours."""
        await self._up.wait()

    async def until_down(self) -> None:
        """Waits until the bus is lost: what was asked on it before holds no longer."""
        await self._down.wait()

    # what others have

    async def call(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *args: object,
        timeout: float = CALL_SECONDS,  # noqa: ASYNC109 (the name that callers expect)
        interactive: bool = False,
        activate: bool = True,
    ) -> list[Any]:
        """Calls a method of somebody on the bus: what it gives back, variants unwrapped; a file descriptor in it is
        the caller's to close. interactive: a person may be asked for leave. activate: the bus may start whoever is to
        answer.

        Raises BusError: no bus, no answer in time, or the error that came back, with its name.
        """
        return await self._require().ask(
            *(destination, path, interface, member),
            signature=signature,
            arguments=args,
            seconds=timeout,
            interactive=interactive,
            activate=activate,
        )

    async def ask_bus(self, member: str, signature: str, *arguments: object) -> list[Any]:
        """A method of the bus itself. Raises BusError."""
        return await self._require().ask_bus(member, signature, *arguments)

    async def watch(self, match: Match, listener: Listener) -> Callable[[], None]:
        """Calls `listener` with the body of each such signal, from when this returns, also on a bus that is found
        later; it must be quick and must not raise. Returns what ends it. Raises BusError."""
        return await self._watches.add(match, listener)

    async def credentials(self, unique_name: str) -> Credentials:
        """Of a caller. Raises BusError where it has left the bus."""
        return await self._callers.credentials(unique_name)

    # what we have

    def export(self, path: str, interfaces: Iterable[Served]) -> None:
        """The object is there from now on, on every bus that is found. Told by ObjectManager from the root's path."""
        self._objects.add(path, interfaces)
        if path == self._objects.root:
            self._rooted.set()
        else:
            self.emit(
                self._objects.root, OBJECT_MANAGER.name, "InterfacesAdded", path, self._objects.interfaces(path)
            )

    def withdraw(self, path: str) -> None:
        names = self._objects.remove(path)
        if path == self._objects.root:
            self._rooted.clear()
        else:
            self.emit(self._objects.root, OBJECT_MANAGER.name, "InterfacesRemoved", path, names)

    def exports(self, path: str) -> bool:
        return path in self._objects

    def changed(self, path: str, interface: str, names: Iterable[str]) -> None:
        """Tells the present values of these properties; of those that are not known now, only that."""
        wanted = tuple(names)
        values = self._objects.values(path, interface, wanted)
        unknown = [name for name in wanted if name not in values]
        self.emit(path, PROPERTIES.name, "PropertiesChanged", interface, values, unknown)

    def emit(self, path: str, interface: str, member: str, *values: object) -> None:
        """Sends a signal of ours to whoever listens; without a bus, to nobody. Never waits. What it carries is put
        down in its interface."""
        if self._connection is None:
            return
        with contextlib.suppress(Unfit), contained(f"{interface}.{member} over D-Bus", Unfit(), ()):
            message = Message(
                message_type=MessageType.SIGNAL,
                path=path,
                interface=interface,
                member=member,
                signature=self._objects.signal(path, interface, member),
                body=outward(values),
            )
            self._connection.post(message)

    def _address(self) -> str:
        address = self._find()
        if address is None:
            raise BusError("the environment names none")
        return address

    def _require(self) -> Connection:
        if self._connection is None:
            raise BusError(f"there is no {self._title} now")
        return self._connection

    async def _begin(self, connection: Connection) -> None:
        await self._watches.begin(connection)
        if self._name is not None:
            await _own(connection, self._name)
        self._connection = connection
        self._down.clear()
        self._up.set()

    def _end(self) -> None:
        self._connection = None
        self._watches.end()
        self._callers.clear()
        self._up.clear()
        self._down.set()

    def _hear(self, connection: Connection, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL:
            self._watches.hear(message)
        elif self._serving[message.sender] >= _MOST_OF_ONE or self._serving.total() >= _MOST_CALLS:
            self._turn_away(connection, message)
        elif self._calls is not None:
            self._serving[message.sender] += 1
            self._calls.create_task(self._answer(connection, message))

    def _turn_away(self, connection: Connection, call: Message, why: str = _TOO_MANY) -> None:
        if not call.flags & MessageFlag.NO_REPLY_EXPECTED:
            connection.post(refusal(call, LIMITS if why is _TOO_MANY else FAILED, why))

    async def _answer(self, connection: Connection, call: Message) -> None:
        try:
            uid = (await self._callers.credentials(call.sender)).uid
            if self._serving_users[uid] >= _MOST_OF_USER:
                self._turn_away(connection, call)
                return
            self._serving_users[uid] += 1
            try:
                reply = await answered(self._objects, call, connection.next_serial())
            finally:
                self._serving_users[uid] -= 1
                self._serving_users += Counter()
            if reply is not None:
                connection.post(reply)
        except BusError as error:
            self._turn_away(connection, call, f"it is not known who asks: {error.message}")
        finally:
            self._serving[call.sender] -= 1
            self._serving += Counter()  # callers with nothing under way are not kept


async def _own(connection: Connection, name: str) -> None:
    """Raises BusError, with what has to be done about it."""
    try:
        (answer,) = await connection.ask_bus("RequestName", "su", name, _DO_NOT_QUEUE)
    except BusError as error:
        if error.name is None:
            raise
        raise BusError(
            f"it does not let this user own {name}: is the policy for it installed?", error.name
        ) from error
    if answer not in _OURS:
        raise BusError(f"{name} is owned by another process there: is a second daemon running?")
