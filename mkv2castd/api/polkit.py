"""May this caller do that? As polkit says; and where no polkit answers, root and the members of one group may."""

from __future__ import annotations

import asyncio
import grp
import logging
from typing import Any, Protocol
from uuid import uuid4

from mkv2castd.api.bus_interface import BusError, Caller, Credentials, Variant
from mkv2castd.api.permission import VerbKind
from mkv2castd.errors import ErrorCode, RequestError

ACTIONS = "org.mkv2cast.Daemon1."
GROUP = "mkv2cast"
_NAME = "org.freedesktop.PolicyKit1"
_AUTHORITY = (_NAME, "/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority")
_ASK_SECONDS = 25.0
# as long as a person may take to find their password
_INTERACTIVE_SECONDS = 300.0
_ALLOW_INTERACTION = 1
_log = logging.getLogger(__name__)


class Asked(Protocol):
    """The bus, as far as it is needed here."""

    async def credentials(self, unique_name: str) -> Credentials:
        """Raises BusError."""

    async def call(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *args: object,
        timeout: float = ...,  # noqa: ASYNC109 (the bus's own name for it)
    ) -> list[Any]:
        """Raises BusError."""


class Polkit:
    """An `Allow` for the system bus. group: whose members may everything where there is no polkit."""

    def __init__(self, bus: Asked, group: str = GROUP) -> None:
        self._bus = bus
        self._group = group

    async def allow(self, kind: VerbKind, caller: Caller) -> None:
        """A person is asked only where the caller allows it, and has five minutes then.

        Raises RequestError (not_authorized).
        """
        try:
            allowed, challenge = await self._check(f"{ACTIONS}{kind.value}", caller)
        except BusError as error:
            if error.name is None and caller.interactive:
                raise _refused("nobody has answered for it in time") from error
            if error.name is not None and error.name.startswith(_NAME):
                _log.warning("polkit cannot tell who may do what: %s: is the package whole?", error.message)
            await self._without_polkit(caller)
            return
        if challenge:
            raise _refused(f"this needs a password, which was not asked for: be root, or of the group {self._group}")
        if not allowed:
            raise _refused("polkit does not allow it")

    async def _check(self, action: str, caller: Caller) -> tuple[bool, bool]:
        """Is it allowed; and else, would a password help?"""
        subject = ("system-bus-name", {"name": Variant("s", caller.unique_name)})
        cancellation = str(uuid4()) if caller.interactive else ""
        flags = _ALLOW_INTERACTION if caller.interactive else 0
        try:
            ((allowed, challenge, _),) = await self._bus.call(
                *_AUTHORITY,
                "CheckAuthorization",
                "(sa{sv})sa{ss}us",
                *(subject, action, {}, flags, cancellation),
                timeout=_INTERACTIVE_SECONDS if caller.interactive else _ASK_SECONDS,
            )
        except BusError as error:
            if error.name is None and caller.interactive:
                await self._give_up(cancellation)
            raise
        return bool(allowed), bool(challenge)

    async def _give_up(self, cancellation: str) -> None:
        """The question is taken off the screen again."""
        try:
            await self._bus.call(*_AUTHORITY, "CancelCheckAuthorization", "s", cancellation)
        except BusError as error:
            _log.info("polkit still asks: %s", error.message)

    async def _without_polkit(self, caller: Caller) -> None:
        try:
            found = await self._bus.credentials(caller.unique_name)
        except BusError as error:
            raise _refused(f"it is not known who asks: {error.message}") from error
        if found.uid != 0 and await asyncio.to_thread(_group_id, self._group) not in found.groups:
            raise _refused(f"only root and members of the group {self._group} may do that")


def _group_id(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def _refused(why: str) -> RequestError:
    return RequestError(ErrorCode.NOT_AUTHORIZED, why)
