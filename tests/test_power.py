"""Power management against python-dbusmock's logind and UPower on a bus of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import msgspec

from mkv2castd.api.bus import Bus
from mkv2castd.api.bus_interface import DBUS, Argument, BusError, Caller, Interface, Match, Method, Served
from mkv2castd.config import Config, QueueConfig
from mkv2castd.events import Hub, JobChanged, JobProgressed, QueueChanged
from mkv2castd.model import Job, JobStatus, Progress, Stage
from mkv2castd.power import _on_battery, keep_awake, watch_battery
from tests.api.buses import PrivateBus, private_bus
from tests.encoder.scene import scene

LOGIN, UPOWER = "org.freedesktop.login1", "org.freedesktop.UPower"
UPOWER_PATH = "/org/freedesktop/UPower"
JOB = Job(uuid4(), "films", Path("/films/film.mkv"), None, JobStatus.PROCESSING, 0.0, lane="cpu")


@dataclass
class Machine:
    """What power management is on this bus."""

    private: PrivateBus
    bus: Bus

    async def held(self) -> list[tuple[str, str]]:
        """(what, mode) of each inhibitor that is held."""
        path, interface = "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
        (found,) = await self.bus.call(LOGIN, path, interface, "ListInhibitors")
        assert all(who == "mkv2castd" for _, who, *_ in found)
        return sorted((what, mode) for what, _, _, mode, *_ in found)

    async def until_held(self, *expected: tuple[str, str]) -> None:
        """It is not told when an inhibitor comes or goes: logind has no such signal."""
        async with asyncio.timeout(20):
            while await self.held() != sorted(expected):
                await asyncio.sleep(0.02)

    async def run_on_battery(self, on_battery: bool) -> None:
        changes = f"{{'OnBattery': <{str(on_battery).lower()}>}}"
        code, _, complaint = await self.private.ask(
            *("--dest", UPOWER, "--object-path", UPOWER_PATH),
            *("--method", "org.freedesktop.DBus.Mock.UpdateProperties", UPOWER, changes),
        )
        assert code == 0, complaint


@asynccontextmanager
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with private_bus(tmp_path) as private:
        bus = Bus(lambda: private.address, title="bus of this test")
        serving = asyncio.create_task(bus.serve())
        try:
            await asyncio.wait_for(bus.until_up(), 20)
            yield Machine(private, bus)
        finally:
            serving.cancel()
            await asyncio.wait([serving])


@asynccontextmanager
async def mocked(here: Machine, template: str, name: str) -> AsyncIterator[None]:
    """dbusmock is Debian's, and so is the Python that it lives in."""
    owned = asyncio.Event()
    match = Match(DBUS, interface=DBUS, member="NameOwnerChanged", arg0=name)
    stop = await here.bus.watch(match, lambda body: owned.set())
    process = await asyncio.create_subprocess_exec(
        *("/usr/bin/python3", "-m", "dbusmock", "--system", "--template", template),
        env=here.private.environment,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await asyncio.wait_for(owned.wait(), 20)
        yield
    finally:
        stop()
        process.kill()
        await process.wait()


async def test_the_machine_stays_awake_while_films_are_worked_on(tmp_path: Path) -> None:
    hub, standing = Hub(), set[str]()
    async with machine(tmp_path) as here, mocked(here, "logind", LOGIN):
        keeping = asyncio.create_task(keep_awake(here.bus, hub, lambda lane: lane in standing))
        await asyncio.sleep(0)
        hub.publish(JobChanged(JOB, None))
        await here.until_held(("sleep", "block"))
        hub.publish(JobProgressed(JOB.id, Progress(Stage.FINALIZING, 99.0)))
        await here.until_held(("sleep", "block"), ("shutdown", "delay"))
        hub.publish(JobChanged(replace(JOB, status=JobStatus.COMPLETED), JOB))
        await here.until_held()
        hub.publish(JobChanged(JOB, None))
        await here.until_held(("sleep", "block"))
        standing.add("cpu")
        hub.publish(QueueChanged(True, "requested"))
        await here.until_held()
        standing.clear()
        hub.publish(QueueChanged(False, None))
        await here.until_held(("sleep", "block"))
        keeping.cancel()
        await asyncio.wait([keeping])
        await here.until_held()


async def test_without_logind_the_work_goes_on(tmp_path: Path) -> None:
    hub = Hub()
    async with machine(tmp_path) as here:
        keeping = asyncio.create_task(keep_awake(here.bus, hub, lambda lane: False))
        await asyncio.sleep(0)
        hub.publish(JobChanged(JOB, None))
        await here.bus.call(DBUS, "/org/freedesktop/DBus", DBUS, "GetId")
        hub.publish(JobChanged(replace(JOB, status=JobStatus.COMPLETED), JOB))
        await here.bus.call(DBUS, "/org/freedesktop/DBus", DBUS, "GetId")
        assert not keeping.done()
        keeping.cancel()
        await asyncio.wait([keeping])


class Refusing:
    """A logind that refuses every inhibitor, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self._more = asyncio.Event()

    def served(self) -> Served:
        takes = tuple(Argument(name, "s") for name in ("what", "who", "why", "mode"))
        method = Method("Inhibit", takes, (Argument("fd", "h"),), "Refuses.")
        return Served(Interface(f"{LOGIN}.Manager", "For tests.", (method,)), {"Inhibit": self._inhibit}, {})

    async def until(self, times: int) -> None:
        async with asyncio.timeout(20):
            while self.asked < times:
                self._more.clear()
                await self._more.wait()

    async def _inhibit(self, caller: Caller, *asked: str) -> Sequence[object]:
        self.asked += 1
        self._more.set()
        raise BusError("not now", "org.freedesktop.DBus.Error.AccessDenied")


@asynccontextmanager
async def refusing(private: PrivateBus) -> AsyncIterator[Refusing]:
    logind = Refusing()
    bus = Bus(lambda: private.address, title="bus of this test", name=LOGIN, root="/org/freedesktop/login1")
    bus.export("/org/freedesktop/login1", [logind.served()])
    serving = asyncio.create_task(bus.serve())
    try:
        await asyncio.wait_for(bus.until_up(), 20)
        yield logind
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def test_what_was_refused_is_asked_for_again_however_much_is_told_meanwhile(tmp_path: Path) -> None:
    hub = Hub()
    async with machine(tmp_path) as here, refusing(here.private) as logind:
        keeping = asyncio.create_task(keep_awake(here.bus, hub, lambda lane: False, again_seconds=0.5))
        await asyncio.sleep(0)
        hub.publish(JobChanged(JOB, None))

        async def tell() -> None:
            while True:
                hub.publish(JobProgressed(JOB.id, Progress(Stage.TRANSCODING, 1.0)))
                await asyncio.sleep(0.02)

        telling = asyncio.create_task(tell())
        await logind.until(3)
        for task in (telling, keeping):
            task.cancel()
        await asyncio.wait([telling, keeping])


async def test_what_was_refused_without_a_bus_is_asked_for_once_it_is_there(tmp_path: Path) -> None:
    hub = Hub()
    async with private_bus(tmp_path) as private, refusing(private) as logind:
        bus = Bus(lambda: private.address, title="bus of this test")
        keeping = asyncio.create_task(keep_awake(bus, hub, lambda lane: False, again_seconds=3600))
        await asyncio.sleep(0)
        hub.publish(JobChanged(JOB, None))
        await asyncio.sleep(0)
        serving = asyncio.create_task(bus.serve())
        await logind.until(1)
        for task in (serving, keeping):
            task.cancel()
        await asyncio.wait([serving, keeping])


async def test_an_answer_that_did_not_come_says_nothing_of_the_battery(tmp_path: Path) -> None:
    assert await _on_battery(Bus(lambda: None, title="no bus")) is None
    async with machine(tmp_path) as here:
        assert await _on_battery(here.bus) is False, "the bus answers that there is no UPower"


async def told(queue: asyncio.Queue[bool], expected: bool) -> None:
    """Waits for what is told; the same may be told again."""
    async with asyncio.timeout(20):
        while await queue.get() is not expected:
            pass


async def test_the_battery_is_watched_also_when_upower_comes_late_and_goes(tmp_path: Path) -> None:
    queue: asyncio.Queue[bool] = asyncio.Queue()
    async with machine(tmp_path) as here:
        watching = asyncio.create_task(watch_battery(here.bus, queue.put_nowait))
        await told(queue, False)
        async with mocked(here, "upower", UPOWER):
            await here.run_on_battery(True)
            await told(queue, True)
            await here.run_on_battery(False)
            await told(queue, False)
            await here.run_on_battery(True)
            await told(queue, True)
        await told(queue, False)
        watching.cancel()
        await asyncio.wait([watching])


async def test_on_battery_the_queue_stands_still_and_goes_on_afterwards(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        keeper = here.keeper
        keeper.set_on_battery(True)
        assert here.events[-1] == QueueChanged(False, "battery")
        assert (here.control.queue_paused, here.control.pause_reason) == (False, "battery")
        job = await here.submit("film.mkv")
        copied = await here.submit("copied.mkv", video="h264")
        assert [(await here.control.job(one.id)).status for one in (job, copied)] == [JobStatus.QUEUED] * 2
        keeper.set_on_battery(False)
        await here.until(job.id, JobStatus.COMPLETED)
        await here.until(copied.id, JobStatus.COMPLETED)


async def test_whoever_wants_to_encode_on_battery_may(tmp_path: Path) -> None:
    config = {"now": Config(queue=QueueConfig(on_battery="go-on", min_free_gib=0))}
    async with scene(tmp_path, config=config["now"], reading=lambda: config["now"]) as here:
        here.keeper.set_on_battery(True)
        assert here.control.pause_reason is None
        queue = msgspec.structs.replace(config["now"].queue, on_battery="pause")
        config["now"] = msgspec.structs.replace(here.workshop.config, queue=queue)
        await here.control.reload()
        assert here.control.pause_reason == "battery"
