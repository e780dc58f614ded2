"""`python -m benchmarks.bus_services ours|bare|daemon ADDRESS`: a service on a private bus, to be measured.

ours: the daemon's bus room; bare: dbus-next as it comes; daemon: the daemon's objects, with 10,000 films queued. The
first two offer the same: Echo, Burst, which sends so many signals, and a few objects below.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from dbus_next.aio import MessageBus
from dbus_next.constants import PropertyAccess
from dbus_next.service import ServiceInterface, dbus_property, method, signal

from mkv2castd.api.bus import Bus
from mkv2castd.api.bus_interface import Argument, Caller, Interface, Method, Property, Served, Signal
from mkv2castd.api.dbus import present
from mkv2castd.api.dbus_values import NAME as DAEMON
from mkv2castd.api.dbus_values import ROOT as DAEMON_ROOT
from mkv2castd.api.permission import OwnerOnly
from tests.api.fakes import FakeDaemon

NAME = "org.mkv2cast.Benchmark1"
ROOT = "/org/mkv2cast/Benchmark1"
INTERFACE = f"{NAME}.Thing"
CHILDREN = 10
QUEUED = 10_000
TEXT = "x" * 200


async def ours(address: str) -> None:
    text = Argument("text", "s")
    interface = Interface(
        INTERFACE,
        "",
        (Method("Echo", (text,), (text,), ""), Method("Burst", (Argument("many", "u"),), (), "")),
        (Signal("Told", (text,), ""),),
        tuple(Property(f"Value{number}", "s", "") for number in range(10)),
    )
    bus = Bus(lambda: address, title="private bus", name=NAME, root=ROOT)

    async def echo(caller: Caller, text: str) -> Sequence[object]:
        return (text,)

    async def burst(caller: Caller, many: int) -> Sequence[object]:
        for _ in range(many):
            bus.emit(ROOT, INTERFACE, "Told", TEXT)
        return ()

    values = {prop.name: lambda: TEXT for prop in interface.properties}
    served = Served(interface, {"Echo": echo, "Burst": burst}, values)
    bus.export(ROOT, [served])
    for number in range(CHILDREN):
        bus.export(f"{ROOT}/c{number}", [served])
    await bus.serve()


class Bare(ServiceInterface):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(INTERFACE)

    @method()
    async def Echo(self, text: "s") -> "s":  # type: ignore[name-defined]  # noqa: F821, UP037
        return text

    @method()
    async def Burst(self, many: "u"):  # type: ignore[name-defined,no-untyped-def]  # noqa: F821, UP037
        for _ in range(many):
            self.Told()

    @signal()
    def Told(self) -> "s":  # type: ignore[name-defined]  # noqa: F821, UP037
        return TEXT


def _property(number: int) -> object:
    def value(self: Bare) -> "s":  # type: ignore[name-defined]  # noqa: F821, UP037
        return TEXT

    value.__name__ = f"Value{number}"
    return dbus_property(access=PropertyAccess.READ)(value)


for _number in range(10):
    setattr(Bare, f"Value{_number}", _property(_number))


async def bare(address: str) -> None:
    bus = await MessageBus(bus_address=address).connect()
    for path in (ROOT, *(f"{ROOT}/c{number}" for number in range(CHILDREN))):
        bus.export(path, Bare())
    await bus.request_name(NAME)
    await bus.wait_for_disconnect()


async def daemon(address: str) -> None:
    fake = FakeDaemon()
    for number in range(QUEUED):
        fake.add(f"{number}.mkv")
    for job_id in list(fake.known)[:4]:
        fake.start(job_id)
    bus = Bus(lambda: address, title="private bus", name=DAEMON, root=DAEMON_ROOT)
    async with asyncio.TaskGroup() as group:
        group.create_task(present(fake, bus, OwnerOnly(bus)))
        group.create_task(bus.serve())


if __name__ == "__main__":
    asyncio.run({"ours": ours, "bare": bare, "daemon": daemon}[sys.argv[1]](sys.argv[2]))
