"""Signals of others: who listens to what, told to each bus anew, and who may speak in whose name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from mkv2castd.api.bus_body import inward
from mkv2castd.api.bus_connection import Connection
from mkv2castd.api.bus_interface import DBUS, BusError, Match
from mkv2castd.api.bus_library import Message

Listener = Callable[[Sequence[Any]], None]  # told the signal's body; it must be quick and must not raise


class Watches:
    """A signal counts only from the owner of the name that is watched: anybody may send one to us directly."""

    def __init__(self) -> None:
        self._listeners: dict[Match, list[Listener]] = {}
        self._owners: dict[str, str] = {}
        self._connection: Connection | None = None

    async def begin(self, connection: Connection) -> None:
        """From now on this connection is listened to. Raises BusError."""
        self._connection = connection
        self._owners = {}
        for match in tuple(self._listeners):
            await self._follow(match, connection)

    def end(self) -> None:
        self._connection = None

    async def add(self, match: Match, listener: Listener) -> Callable[[], None]:
        """Listens from when this returns; without a bus, from when there is one. Returns what ends it.
        Raises BusError; then nobody listens."""
        listeners = self._listeners.setdefault(match, [])
        listeners.append(listener)
        with ExitStack() as undo:
            undo.callback(self._remove, match, listener)
            if len(listeners) == 1 and (connection := self._connection) is not None:
                await self._follow(match, connection)
            undo.pop_all()
        return lambda: self._remove(match, listener)

    def hear(self, message: Message) -> None:
        """A signal has come."""
        if message.sender == DBUS and message.member == "NameOwnerChanged" and message.signature == "sss":
            name, _, owner = message.body
            if name in self._owners:
                self._owners[name] = owner
        for match, listeners in tuple(self._listeners.items()):
            if self._means(match, message):
                told = inward(message)
                for listener in tuple(listeners):
                    listener(told)

    def _remove(self, match: Match, listener: Listener) -> None:
        listeners = self._listeners.get(match, [])
        if listener in listeners:
            listeners.remove(listener)
            if not listeners:
                del self._listeners[match]
                if self._connection is not None:
                    self._connection.tell_bus("RemoveMatch", "s", match.rule)

    async def _follow(self, match: Match, connection: Connection) -> None:
        sender = match.sender
        if sender != DBUS and not sender.startswith(":") and sender not in self._owners:
            self._owners[sender] = ""
            await connection.ask_bus("AddMatch", "s", _owner_of(sender).rule)
            try:
                (owner,) = await connection.ask_bus("GetNameOwner", "s", sender)
            except BusError as error:
                if error.name is None:
                    raise
            else:
                self._owners[sender] = owner
        await connection.ask_bus("AddMatch", "s", match.rule)

    def _means(self, match: Match, message: Message) -> bool:
        return (
            message.sender in (match.sender, self._owners.get(match.sender))
            and match.path in (None, message.path)
            and match.interface in (None, message.interface)
            and match.member in (None, message.member)
            and (match.arg0 is None or (bool(message.body) and message.body[0] == match.arg0))
        )


def _owner_of(name: str) -> Match:
    return Match(DBUS, interface=DBUS, member="NameOwnerChanged", arg0=name)
