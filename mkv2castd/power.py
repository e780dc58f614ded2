"""The machine's power: it does not fall asleep over an encode, a shutdown waits while an output is put in place, and
on battery the queue stands still. Asked of logind and UPower over the system bus; where these are not, nothing is
missed."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Never, Protocol

from mkv2castd.api.bus import Bus
from mkv2castd.api.bus_interface import DBUS, BusError, Match
from mkv2castd.api.bus_places import address_of
from mkv2castd.events import Event, Hub, JobChanged, JobProgressed, QueueChanged
from mkv2castd.powering import Doings, Need
from mkv2castd.supervise import supervise

_LOGIN = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
_UPOWER, _UPOWER_PATH = "org.freedesktop.UPower", "/org/freedesktop/UPower"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_AGAIN_SECONDS = 300.0
_log = logging.getLogger(__name__)


class Works(Protocol):
    """What is to be known of the lanes, and done with them."""

    def stands_still(self, lane: str) -> bool: ...
    def set_on_battery(self, on_battery: bool) -> None: ...


async def manage_power(hub: Hub, works: Works) -> None:
    """Until cancelled."""
    bus = Bus(lambda: address_of("system", os.environ), title="system bus", expected=False)
    async with asyncio.TaskGroup() as group:
        group.create_task(supervise("the system bus, for power management", bus.serve))
        group.create_task(supervise("keeping the machine awake", lambda: keep_awake(bus, hub, works.stands_still)))
        group.create_task(supervise("watching the battery", lambda: watch_battery(bus, works.set_on_battery)))


async def keep_awake(
    bus: Bus, hub: Hub, stands_still: Callable[[str], bool], *, again_seconds: float = _AGAIN_SECONDS
) -> Never:
    """Holds what the work needs, and lets go of it, until cancelled. What is refused is asked for again after so
    long, and as soon as the bus is back."""
    doings, changed = Doings(), asyncio.Event()
    held: dict[Need, int] = {}
    refused: dict[Need, float] = {}  # when each is asked for again, by the loop's clock
    clock = asyncio.get_running_loop().time

    def heed(event: Event) -> None:
        match event:
            case JobChanged(job):
                doings.changed(job)
            case JobProgressed(job_id, progress):
                doings.progressed(job_id, progress.stage)
            case QueueChanged():
                pass
            case _:
                return
        changed.set()

    stop = hub.listen(heed)
    try:
        while True:
            changed.clear()
            needs = doings.needs(stands_still)
            for gone in held.keys() - needs:
                os.close(held.pop(gone))
            refused = {need: due for need, due in refused.items() if need in needs and due > clock()}
            for need in needs - held.keys() - refused.keys():
                if (descriptor := await _inhibit(bus, need)) is not None:
                    held[need] = descriptor
                else:
                    refused[need] = clock() + again_seconds
            was_up = bus.is_up
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(refused.values(), default=None)):
                    await _first(changed.wait(), bus.until_down() if was_up else bus.until_up())
            if bus.is_up and not was_up:
                refused.clear()
    finally:
        stop()
        for descriptor in held.values():
            os.close(descriptor)


async def _inhibit(bus: Bus, need: Need) -> int | None:
    """The descriptor that holds it for as long as it is open."""
    asked = need.value
    try:
        (descriptor,) = await bus.call(*_LOGIN, "Inhibit", "ssss", asked.what, "mkv2castd", asked.why, asked.mode)
    except BusError as error:
        level = logging.DEBUG if error.name is None else logging.INFO
        _log.log(level, "%s is not held back while %s: %s", asked.what, asked.why, error.message)
        return None
    return int(descriptor)


async def watch_battery(bus: Bus, tell: Callable[[bool], None]) -> Never:
    """Tells whether the machine runs on its battery, with each change, until cancelled. Where nobody knows, it does
    not."""
    changed = asyncio.Event()

    def heed(body: Any) -> None:
        changed.set()

    matches = (
        Match(_UPOWER, _UPOWER_PATH, _PROPERTIES, "PropertiesChanged", _UPOWER),
        Match(DBUS, interface=DBUS, member="NameOwnerChanged", arg0=_UPOWER),
    )
    stops = [await bus.watch(match, heed) for match in matches]
    try:
        while True:
            await bus.until_up()
            changed.clear()
            if (found := await _on_battery(bus)) is not None:
                tell(found)
            await _first(changed.wait(), bus.until_down())
    finally:
        for stop in stops:
            stop()


async def _on_battery(bus: Bus) -> bool | None:
    """None: no answer came, which says nothing of the battery."""
    try:
        (on_battery,) = await bus.call(_UPOWER, _UPOWER_PATH, _PROPERTIES, "Get", "ss", _UPOWER, "OnBattery")
    except BusError as error:
        _log.debug("it is not known whether the machine runs on battery: %s", error.message)
        return None if error.name is None else False
    return bool(on_battery)


async def _first(*waits: Any) -> None:
    """Until one of them is over."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
