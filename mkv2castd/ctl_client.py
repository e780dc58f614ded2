"""The daemon as a client on D-Bus has it: found on one of the two buses, asked with every wait bounded."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

from mkv2castd.api import wire
from mkv2castd.api.bus import Bus
from mkv2castd.api.bus_connection import Connection, connected
from mkv2castd.api.bus_interface import DBUS, DBUS_PATH, BusError, Match, Variant
from mkv2castd.api.bus_places import Which, address_of
from mkv2castd.ctl_errors import HOW_TO_START, NO_SUCH_JOB, UNREACHABLE, CtlError, complaint
from mkv2castd.ctl_feed import Feed
from mkv2castd.ctl_reading import view
from mkv2castd.ctl_text import safe, short_ids

NAME = "org.mkv2cast.Daemon1"
ROOT = "/org/mkv2cast/Daemon1"
MANAGER = f"{NAME}.Manager"
PAGE = 500  # jobs that the daemon tells at once, at most
_BUSES: tuple[Which, ...] = ("system", "session")
_PROPERTIES = "org.freedesktop.DBus.Properties"
_OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
_UP_SECONDS = 10.0
_ANSWER_SECONDS = 60.0  # a store that is busy with many films
_LEAVE_SECONDS = 330.0  # polkit gives a person five minutes to find their password
_CANDIDATES = 5  # jobs that are named where an id is ambiguous

Fields = dict[str, Any]

# The polkit action that guards each method; what is not here anybody may.
LEAVE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("Submit", "Cancel", "Pause", "Resume", "Retry", "Remove", "SetPriority", "PauseQueue", "ResumeQueue"),
            f"{NAME}.manage-jobs",
        ),
        **dict.fromkeys(("AddFolder", "RemoveFolder", "ScanFolder"), f"{NAME}.manage-folders"),
        **dict.fromkeys(("Reload", "EnableDevice", "DisableDevice"), f"{NAME}.manage-daemon"),
    }
)


class Daemon:
    """A running mkv2castd. Every coroutine raises CtlError."""

    def __init__(self, bus: Bus, which: Which) -> None:
        self._bus = bus
        self.which = which

    async def ask(self, member: str, signature: str = "", *arguments: object) -> list[Any]:
        """A method of the Manager, which may need somebody's leave."""
        return await self._call(ROOT, MANAGER, member, signature, *arguments)

    async def properties(self, path: str = ROOT, interface: str = MANAGER) -> Fields:
        (values,) = await self._call(path, _PROPERTIES, "GetAll", "s", interface)
        return dict(values)

    async def objects(self, kind: str) -> list[Fields]:
        """The properties of all objects of one kind (Device, Folder or Job), in the order of their paths."""
        (found,) = await self._call(ROOT, _OBJECT_MANAGER, "GetManagedObjects", "")
        return [found[path][f"{NAME}.{kind}"] for path in sorted(found) if f"{NAME}.{kind}" in found[path]]

    async def job(self, job_id: str) -> wire.JobView:
        (values,) = await self.ask("GetJob", "s", job_id)
        return view(values, wire.JobView)

    async def jobs(self, wanted: Mapping[str, Variant], limit: int) -> tuple[list[wire.JobView], int]:
        """The newest `limit` of those that are wanted, and how many there are."""
        found: list[wire.JobView] = []
        while True:
            page = {"offset": Variant("u", len(found)), "limit": Variant("u", min(PAGE, limit - len(found)))}
            told, total = await self.ask("ListJobs", "a{sv}", {**wanted, **page})
            found += [view(values, wire.JobView) for values in told]
            if not told or len(found) >= min(limit, total):
                return found, total

    async def job_id(self, text: str) -> str:
        """The id of the one job whose id begins like that."""
        if _is_uuid(text):
            return text.lower()
        found, total = ([], 0) if not text else await self.jobs({"id": Variant("s", text)}, _CANDIDATES)
        if total == 1:
            return found[0].id
        if not text or not total:
            raise CtlError(f"there is no job {text}: `mkv2castctl jobs` shows those that there are", NO_SUCH_JOB)
        shown = short_ids(job.id for job in found)
        names = [f"  {shown[job.id]}  {safe(job.filename)}" for job in found]
        more = [f"  and {total - len(found)} more"] if total > len(found) else []
        said = "\n".join([f"{total} jobs begin with {text}; say more of the id:", *names, *more])
        raise CtlError(said, NO_SUCH_JOB)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Feed]:
        """Everything that the daemon tells of jobs from now on."""
        feed = Feed()
        ends = []
        try:
            for member in ("JobAdded", "JobChanged", "JobProgress", "JobFinished", "JobRemoved"):
                match = Match(NAME, path=ROOT, interface=MANAGER, member=member)
                ends.append(await self._bus.watch(match, partial(feed.put, member)))
            owner = Match(DBUS, path=DBUS_PATH, interface=DBUS, member="NameOwnerChanged", arg0=NAME)
            ends.append(await self._bus.watch(owner, lambda _: feed.look_anew()))
            yield feed
        except BusError as error:
            raise complaint(error, "", None) from error
        finally:
            for end in ends:
                end()

    async def _call(self, path: str, interface: str, member: str, signature: str, *arguments: object) -> list[Any]:
        leave = LEAVE.get(member) if interface == MANAGER else None
        slow = leave is not None or member == "Analyze"
        try:
            return await self._bus.call(
                *(NAME, path, interface, member, signature),
                *arguments,
                timeout=_LEAVE_SECONDS if slow else _ANSWER_SECONDS,
                interactive=leave is not None,
                # who stops the daemon does not have it started again by somebody who looks on
                activate=False,
            )
        except BusError as error:
            hint = leave if self.which == "system" else None
            raise complaint(error, f"{interface}.{member} of {NAME}: ", hint) from error


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


@asynccontextmanager
async def reached(which: Which | None) -> AsyncIterator[Daemon]:
    """The daemon on that bus; None: on the system bus, else on the session bus. It is not started by being asked for.
    Raises CtlError where it is on none of them."""
    found, address = await _found(_BUSES if which is None else (which,))
    bus = Bus(lambda: address, title=f"{found} bus", expected=False)
    serving = asyncio.create_task(bus.serve())
    try:
        try:
            async with asyncio.timeout(_UP_SECONDS):
                await bus.until_up()
        except TimeoutError:
            raise CtlError(f"the {found} bus does not answer", UNREACHABLE) from None
        yield Daemon(bus, found)
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def _found(buses: Sequence[Which]) -> tuple[Which, str]:
    """The first bus that a daemon is on, and its address. Raises CtlError."""
    problems = []
    for which in buses:
        try:
            if (address := address_of(which, os.environ)) is None:
                raise BusError("neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR says where it is")
            async with connected(address, _deaf) as connection:
                (there,) = await connection.ask_bus("NameHasOwner", "s", NAME)
                if there:
                    return which, address
        except BusError as error:
            problems.append(f"no {which} bus: {error.message}")
    if len(problems) == len(buses):
        raise CtlError("; ".join(problems), UNREACHABLE)
    where = " or ".join(f"the {which} bus" for which in buses)
    said = "".join(f"\n({problem})" for problem in problems)
    raise CtlError(f"no mkv2castd is running on {where}: {HOW_TO_START}{said}", UNREACHABLE)


def _deaf(connection: Connection, message: object) -> None:
    pass
