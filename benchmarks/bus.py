"""Calls and signals on a bus of our own, against dbus-next as it comes; and what a client pays that looks at a daemon
with 10,000 films in its queue."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
    """Both sides answer in turn, to one and the same client, which is dbus-next's. The ratio is that of the processor
    time in the service: by the clock, most of it is the client's and the bus's."""
    took: dict[str, dict[str, list[_Took]]] = {"ours": {}, "bare": {}}
    with tempfile.TemporaryDirectory() as folder:
        async with private_bus(Path(folder)) as private:
            for _ in range(RUNS):
                for side in ("bare", "ours"):
                    async with _service(side, private.address, NAME) as (client, pid):
                        for what, one in (await _run(client, pid)).items():
                            took[side].setdefault(what, []).append(one)
            async with _service("daemon", private.address, DAEMON) as (client, pid):
                looks = [(await _timed(_objects(client, DAEMON, DAEMON_ROOT), pid)).seconds for _ in range(20)]
    ours, bare = took["ours"], took["bare"]
    figures = [_against(what, ours[what], bare[what], many) for what, many in _MANY.items()]
    how = f"{spread(looks, 1000, 'ms', 1)}, 20 looks"
    figures.append(Figure(f"GetManagedObjects with {QUEUED:,} films queued", median(looks) * 1000, "ms", 50, how))
    return figures


_MANY = {
    "calls, one after the other": CALLS,
    f"calls, {AT_ONCE} at once": CALLS,
    f"signals of {len(TEXT)} bytes": SIGNALS,
    f"GetManagedObjects of {CHILDREN} objects": 50,
}


@dataclass(frozen=True)
class _Took:
    """Seconds by the clock, and of the processor in the service."""

    seconds: float
    processor: float


def _against(what: str, ours: list[_Took], bare: list[_Took], many: int) -> Figure:
    def told(name: str, side: list[_Took]) -> str:
        rate, each = many / median([one.seconds for one in side]), median([one.processor for one in side]) / many
        return f"{name} {rate:,.0f}/s, {each * 1e6:,.0f} µs of the processor each"

    how = f"{told('ours', ours)}; {told('dbus-next', bare)}; {RUNS} runs each, in turn"
    return Figure(
        f"{what}, processor time to dbus-next's",
        ratio([one.processor for one in ours], [one.processor for one in bare]),
        *("×", 1.25, how),
    )


async def _run(client: Any, pid: int) -> dict[str, _Took]:
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
        one: await _timed(in_turn(), pid),
        several: await _timed(at_once(), pid),
        signals: await _timed(_burst(client), pid),
        objects: await _timed(looked_at(), pid),
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


async def _timed(work: Any, pid: int) -> _Took:
    began, before = time.perf_counter(), _processor_time(pid)
    await work
    return _Took(time.perf_counter() - began, _processor_time(pid) - before)


def _processor_time(pid: int) -> float:
    told = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(told[0]) / 1e9


@asynccontextmanager
async def _service(side: str, address: str, name: str) -> AsyncIterator[tuple[Any, int]]:
    """A client of the service, once that is there, and the service's process."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.bus_services", side, address)
    client = await MessageBus(bus_address=address).connect()
    bus = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
    try:
        await client.call(Message(*bus, "AddMatch", signature="s", body=[f"type='signal',interface='{INTERFACE}'"]))
        async with asyncio.timeout(120):
            while not (await client.call(Message(*bus, "NameHasOwner", signature="s", body=[name]))).body[0]:
                await asyncio.sleep(0.05)
        yield client, process.pid
    finally:
        process.kill()
        await process.wait()
        client.disconnect()
