"""May this caller do that? The question, as all answer it, and the answer of a session bus."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Protocol

from mkv2castd.api.bus_interface import BusError, Caller, Credentials
from mkv2castd.errors import ErrorCode, RequestError


class VerbKind(StrEnum):
    """What a caller wants to change; the last part of polkit's names for it."""

    JOBS = "manage-jobs"
    FOLDERS = "manage-folders"
    DAEMON = "manage-daemon"


class Allow(Protocol):
    async def allow(self, kind: VerbKind, caller: Caller) -> None:
        """Returns where the caller may; raises RequestError (not_authorized) where it may not."""


class Registry(Protocol):
    """Where it is known who the callers are."""

    async def credentials(self, unique_name: str) -> Credentials:
        """Raises BusError where the caller has left."""


class OwnerOnly:
    """On a session bus: who runs the daemon may do everything, and so may root; nobody else."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def allow(self, kind: VerbKind, caller: Caller) -> None:
        try:
            found = await self._registry.credentials(caller.unique_name)
        except BusError as error:
            raise RequestError(ErrorCode.NOT_AUTHORIZED, f"it is not known who asks: {error.message}") from error
        if found.uid not in (0, os.getuid()):
            raise RequestError(ErrorCode.NOT_AUTHORIZED, "only the user who runs this daemon may do that")
