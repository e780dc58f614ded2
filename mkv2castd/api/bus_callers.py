"""Who the callers are: uid and groups, as the kernel told them to the bus; asked once for each of them."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from mkv2castd.api.bus_interface import DBUS, BusError, Credentials, Match
from mkv2castd.api.bus_watches import Watches

_MOST = 256  # callers remembered

AskBus = Callable[..., Awaitable[list[Any]]]


class Callers:
    """Forgets who has left the bus. A unique name is never given to another while the bus lives."""

    def __init__(self, watches: Watches, ask_bus: AskBus) -> None:
        self._watches = watches
        self._ask_bus = ask_bus
        self._known: OrderedDict[str, tuple[Credentials, Callable[[], None]]] = OrderedDict()

    async def credentials(self, unique_name: str) -> Credentials:
        """Raises BusError where the caller has left, or nobody can tell."""
        if unique_name in self._known:
            return self._known[unique_name][0]
        left = asyncio.Event()

        def gone(told: Any) -> None:
            if not told[2]:
                left.set()
                self._forget(unique_name)

        match = Match(DBUS, interface=DBUS, member="NameOwnerChanged", arg0=unique_name)
        stop = await self._watches.add(match, gone)
        kept = False
        try:
            (told,) = await self._ask_bus("GetConnectionCredentials", "s", unique_name)
            found = await _credentials(told)
            kept = unique_name not in self._known and not left.is_set()
        finally:
            if not kept:
                stop()
        if kept:
            self._known[unique_name] = (found, stop)
            if len(self._known) > _MOST:
                self._forget(next(iter(self._known)))
        return found

    def clear(self) -> None:
        """The bus is another one: its unique names are other callers'."""
        for unique_name in tuple(self._known):
            self._forget(unique_name)

    def __len__(self) -> int:
        return len(self._known)

    def _forget(self, unique_name: str) -> None:
        if unique_name in self._known:
            self._known.pop(unique_name)[1]()


async def _credentials(told: dict[str, Any]) -> Credentials:
    uid = told.get("UnixUserID")
    if uid is None:
        raise BusError("the bus does not know which user calls")
    groups: list[int] | None = told.get("UnixGroupIDs")
    if groups is None:  # a bus older than 1.15 on some kernels
        groups = await asyncio.to_thread(_groups_of, uid)
    return Credentials(int(uid), frozenset(groups))


def _groups_of(uid: int) -> list[int]:
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return []
    return os.getgrouplist(user.pw_name, user.pw_gid)
