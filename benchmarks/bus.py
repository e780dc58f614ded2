"""Calls and signals on a bus of our own, against dbus-next as it comes; and what a client pays that looks at a daemon
with 10,000 films in its queue."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dbus_next.aio import MessageBus
from dbus_next.constants import MessageType
from dbus_next.message import Message

from benchmarks.bus_services import CHILDREN, INTERFACE, NAME, QUEUED, ROOT, TEXT
from benchmarks.figures import Figure, median, ratio, spread
from mkv2castd.api.dbus_values import NAME as DAEMON
from mkv2castd.api.dbus_values import ROOT as DAEMON_ROOT
from tests.api.buses import private_bus

RUNS = 5
CALLS = 1_000
AT_ONCE = 50
SIGNALS = 5_000
BURST = 100  # signals; with more at once dbus-next loses its connection
_OBJECTS = "org.freedesktop.DBus.ObjectManager"


async def measure() -> list[Figure]:
    """Both sides answer in turn, to one and the same client, which is dbus-next's."""
    took: dict[str, dict[str, list[float]]] = {"ours": {}, "bare": {}}
    with tempfile.TemporaryDirectory() as folder:
        async with private_bus(Path(folder)) as private:
            for _ in range(RUNS):
                for side in ("bare", "ours"):
                    async with _service(side, private.address, NAME) as client:
                        for what, seconds in (await _run(client)).items():
                            took[side].setdefault(what, []).append(seconds)
            async with _service("daemon", private.address, DAEMON) as client:
                looks = [await _timed(_objects(client, DAEMON, DAEMON_ROOT)) for _ in range(20)]
    ours, bare = took["ours"], took["bare"]
    figures = [_against(what, ours[what], bare[what], many) for what, many in _MANY.items()]
    how = f"{spread(looks, 1000, 'ms', 1)}, 20 looks"
    figures.append(Figure(f"GetManagedObjects with {QUEUED:,} films queued", median(looks) * 1000, "ms", 50, how))
    return figures


_MANY = {
    "calls, one after the other": CALLS,
    f"calls, {AT_ONCE} at once": CALLS,
    f"signals of {len(TEXT)} bytes": SIGNALS,
    f"GetManagedObjects of {CHILDREN} objects": 20,
}


def _against(what: str, ours: list[float], bare: list[float], many: int) -> Figure:
    rates = ", ".join(f"{name} {many / median(side):,.0f}/s" for name, side in (("ours", ours), ("dbus-next", bare)))
    return Figure(f"{what}, to dbus-next", ratio(ours, bare), "×", 1.0, f"{rates}; {RUNS} runs each, in turn")


async def _run(client: Any) -> dict[str, float]:
    one, several, signals, objects = _MANY

    async def in_turn() -> None:
        for _ in range(CALLS):
            await _call(client, "Echo", "s", TEXT)

    async def at_once() -> None:
        for _ in range(CALLS // AT_ONCE):
            await asyncio.gather(*(_call(client, "Echo", "s", TEXT) for _ in range(AT_ONCE)))

    async def looked_at() -> None:
        for _ in range(_MANY[objects]):
            await _objects(client, NAME, ROOT)

    return {
        one: await _timed(in_turn()),
        several: await _timed(at_once()),
        signals: await _timed(_burst(client)),
        objects: await _timed(looked_at()),
    }


async def _burst(client: Any) -> None:
    heard, all_heard = 0, asyncio.Event()

    def hear(message: Message) -> None:
        nonlocal heard
        heard += message.message_type is MessageType.SIGNAL and message.member == "Told"
        if heard == SIGNALS:
            all_heard.set()

    client.add_message_handler(hear)
    for _ in range(SIGNALS // BURST):
        await _call(client, "Burst", "u", BURST)
    await asyncio.wait_for(all_heard.wait(), 60)
    client.remove_message_handler(hear)


async def _call(client: Any, member: str, signature: str, *values: object) -> None:
    reply = await client.call(Message(NAME, ROOT, INTERFACE, member, signature=signature, body=list(values)))
    assert reply.message_type is MessageType.METHOD_RETURN, reply.body


async def _objects(client: Any, name: str, root: str) -> None:
    reply = await client.call(Message(name, root, _OBJECTS, "GetManagedObjects"))
    assert reply.body[0], "no object is there"


async def _timed(work: Any) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


@asynccontextmanager
async def _service(side: str, address: str, name: str) -> AsyncIterator[Any]:
    """A client of the service, once that is there."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.bus_services", side, address)
    client = await MessageBus(bus_address=address).connect()
    bus = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
    try:
        await client.call(Message(*bus, "AddMatch", signature="s", body=[f"type='signal',interface='{INTERFACE}'"]))
        async with asyncio.timeout(120):
            while not (await client.call(Message(*bus, "NameHasOwner", signature="s", body=[name]))).body[0]:
                await asyncio.sleep(0.05)
        yield client
    finally:
        process.kill()
        await process.wait()
        client.disconnect()
