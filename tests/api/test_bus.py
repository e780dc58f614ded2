"""The bus room on a real dbus-daemon: each fault of dbus-next that it mends, and what it offers to others."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.api.bus import Bus
from mkv2castd.api.bus_interface import (
    Argument,
    BusError,
    Caller,
    Interface,
    Match,
    Method,
    Property,
    Served,
    Signal,
    Variant,
)
from mkv2castd.errors import ErrorCode, RequestError
from tests.api.buses import PrivateBus, private_bus, run

NAME = "org.mkv2cast.Test1"
ROOT = "/org/mkv2cast/Test1"
THING = f"{ROOT}.Thing"
TEXT = Argument("text", "s")
INTERFACE = Interface(
    "org.mkv2cast.Test1.Thing",
    "For tests.",
    (
        Method("Echo", (TEXT,), (TEXT,), "Says it again."),
        Method("Refuse", (), (), "Cannot be done."),
        Method("Break", (), (), "Is broken."),
        Method("Lie", (), (TEXT,), "Gives back what it has not promised."),
        Method("Who", (), (Argument("uid", "u"), Argument("groups", "au"), Argument("interactive", "b")), "Tells."),
        Method("Wait", (), (), "Takes long."),
    ),
    (Signal("Told", (TEXT,), "Something was told."),),
    (Property("Good", "s", "Fine."), Property("Bad", "u", "Cannot be told.")),
)


class Thing:
    """What is behind the interface of these tests."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.good = "fine"
        self.waiting = asyncio.Event()
        self.done = asyncio.Event()

    def served(self) -> Served:
        methods = {
            "Echo": self.echo,
            "Refuse": self.refuse,
            "Break": self.broken,
            "Lie": self.lie,
            "Who": self.who,
            "Wait": self.wait,
        }
        return Served(INTERFACE, methods, {"Good": lambda: self.good, "Bad": lambda: "no number"})

    async def echo(self, caller: Caller, text: str) -> Sequence[object]:
        return (text,)

    async def refuse(self, caller: Caller) -> Sequence[object]:
        raise RequestError(ErrorCode.NO_SUCH_JOB, "there is no job 5")

    async def broken(self, caller: Caller) -> Sequence[object]:
        raise ZeroDivisionError("a secret of the house")

    async def lie(self, caller: Caller) -> Sequence[object]:
        return (5,)

    async def who(self, caller: Caller) -> Sequence[object]:
        found = await self.bus.credentials(caller.unique_name)
        return found.uid, sorted(found.groups), caller.interactive

    async def wait(self, caller: Caller) -> Sequence[object]:
        self.waiting.set()
        await self.done.wait()
        return ()


@pytest.fixture
async def private(tmp_path: Path) -> AsyncIterator[PrivateBus]:
    async with private_bus(tmp_path) as bus:
        yield bus


@asynccontextmanager
async def on(private: PrivateBus) -> AsyncIterator[Bus]:
    """A bus room that only calls."""
    bus = Bus(lambda: private.address, title="private bus", root=ROOT, first_delay=0.01)
    async with connecting(bus):
        yield bus


@asynccontextmanager
async def connecting(bus: Bus) -> AsyncIterator[None]:
    """The room is connected; its task is ended with the block."""
    task = asyncio.create_task(bus.serve())
    try:
        await asyncio.wait_for(bus.until_up(), 20)
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def serving(private: PrivateBus) -> AsyncIterator[tuple[Bus, Thing]]:
    bus = Bus(lambda: private.address, title="private bus", name=NAME, root=ROOT, first_delay=0.01)
    thing = Thing(bus)
    bus.export(ROOT, [thing.served()])
    async with connecting(bus):
        yield bus, thing


async def call(client: Bus, member: str, signature: str = "", *arguments: object, **options: Any) -> list[Any]:
    return await client.call(NAME, ROOT, INTERFACE.name, member, signature, *arguments, **options)


class Heard(list[Any]):
    """What a listener was told; `until` waits for the so-many-th."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def __call__(self, told: Sequence[Any]) -> None:
        self.append(list(told))
        self._more.set()

    async def until(self, done: Callable[[list[Any]], bool], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not done(self):
                self._more.clear()
                await self._more.wait()


async def test_methods_and_properties_answer(private: PrivateBus) -> None:
    async with serving(private), on(private) as client:
        assert await call(client, "Echo", "s", "Amélie") == ["Amélie"]
        assert (await private.ask("--dest", NAME, "--object-path", ROOT, "--method", f"{INTERFACE.name}.Echo", "hi"))[
            1
        ] == "('hi',)\n"
        got = await client.call(NAME, ROOT, "org.freedesktop.DBus.Properties", "Get", "ss", INTERFACE.name, "Good")
        assert got == ["fine"]


async def test_three_thousand_signals_to_a_paused_bus_do_not_break_the_connection(private: PrivateBus) -> None:
    async with serving(private) as (bus, _), on(private) as client:
        heard = Heard()
        await client.watch(Match(NAME, member="Told"), heard)
        private.pause()
        for number in range(3_000):
            bus.emit(ROOT, INTERFACE.name, "Told", f"{number} {'x' * 500}")
        private.go_on()
        await heard.until(lambda told: len(told) == 3_000)
        assert [int(text.split()[0]) for (text,) in heard] == list(range(3_000))
        assert await call(client, "Echo", "s", "still there") == ["still there"]


async def test_a_bus_that_never_reads_is_given_up_instead_of_filling_the_memory(
    private: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mkv2castd.api.bus_writer._MOST_WAITING", 1_000)
    async with serving(private) as (bus, _):
        private.pause()
        for number in range(5_000):
            bus.emit(ROOT, INTERFACE.name, "Told", f"{number} {'x' * 500}")
        await asyncio.wait_for(bus.until_down(), 20)
        private.go_on()
        await asyncio.wait_for(bus.until_up(), 20)


async def test_no_call_waits_for_ever(private: PrivateBus) -> None:
    async with serving(private), on(private) as client:
        with pytest.raises(BusError, match=r"no answer within 0\.05 s"):
            await call(client, "Wait", timeout=0.05)
        waiting = asyncio.create_task(call(client, "Wait"))
        await asyncio.sleep(0)
        await private.stop()
        with pytest.raises(BusError, match="the bus is gone"):
            await asyncio.wait_for(waiting, 20)
        await asyncio.wait_for(client.until_down(), 20)
        with pytest.raises(BusError, match="there is no private bus now"):
            await call(client, "Echo", "s", "x")


async def test_errors_have_our_names_and_no_traceback(private: PrivateBus, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(private), on(private) as client:
        with pytest.raises(BusError) as refused:
            await call(client, "Refuse")
        assert (refused.value.name, refused.value.message.partition(": ")[2]) == (
            "org.mkv2cast.Daemon1.Error.NoSuchJob",
            "there is no job 5",
        )
        for member in ("Break", "Lie"):
            with pytest.raises(BusError) as broken:
                await call(client, member)
            assert broken.value.name == "org.mkv2cast.Daemon1.Error.Failed"
            assert "its log says which" in broken.value.message
            assert "secret" not in broken.value.message
            assert "Traceback" not in broken.value.message
    assert "a secret of the house" in caplog.text


@pytest.mark.parametrize(
    ("path", "interface", "member", "signature", "name"),
    [
        (ROOT, INTERFACE.name, "Nothing", "", "UnknownMethod"),
        (ROOT, "org.mkv2cast.Nothing", "Echo", "", "UnknownInterface"),
        ("/org/nothing", INTERFACE.name, "Echo", "", "UnknownObject"),
        (ROOT, INTERFACE.name, "Echo", "u", "InvalidArgs"),
    ],
)
async def test_what_is_not_there_is_refused_by_dbus_s_own_names(
    private: PrivateBus, path: str, interface: str, member: str, signature: str, name: str
) -> None:
    async with serving(private), on(private) as client:
        with pytest.raises(BusError) as refused:
            await client.call(NAME, path, interface, member, signature, *([1] if signature else []))
    assert refused.value.name == f"org.freedesktop.DBus.Error.{name}"


async def test_one_bad_property_does_not_take_the_others_along(private: PrivateBus) -> None:
    async with serving(private) as (bus, thing), on(private) as client:
        bus.export(f"{ROOT}/child", [thing.served()])
        (objects,) = await client.call(NAME, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        assert objects == {f"{ROOT}/child": {INTERFACE.name: {"Good": "fine"}}}
        with pytest.raises(BusError, match="Bad is not known now"):
            await client.call(NAME, ROOT, "org.freedesktop.DBus.Properties", "Get", "ss", INTERFACE.name, "Bad")


GLIB = """
import sys
from gi.repository import Gio, GLib
address, name, root = sys.argv[1:]
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
connection = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
client = Gio.DBusObjectManagerClient.new_sync(
    connection, Gio.DBusObjectManagerClientFlags.NONE, name, root, None, None, None)
say = lambda *words: print(*words, flush=True)
client.connect("object-added", lambda _, thing: say("added", thing.get_object_path()))
client.connect("object-removed", lambda _, thing: say("removed", thing.get_object_path()))
client.connect("interface-proxy-properties-changed",
    lambda _, thing, proxy, changed, gone: say("changed", thing.get_object_path(), changed.unpack()))
say("there", sorted(thing.get_object_path() for thing in client.get_objects()))
GLib.MainLoop().run()
"""


@asynccontextmanager
async def glib_client(private: PrivateBus, name: str, root: str) -> AsyncIterator[Callable[[], Any]]:
    """GLib's own client of an ObjectManager, in a process of its own: each line that it says when asked for."""
    process = await asyncio.create_subprocess_exec(
        *("/usr/bin/python3", "-c", GLIB, private.address, name, root), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None

    async def line() -> str:
        assert process.stdout is not None
        return (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()

    try:
        yield line
    finally:
        process.kill()
        await process.communicate()


async def test_glib_s_object_manager_client_sees_objects_come_change_and_go(private: PrivateBus) -> None:
    async with serving(private) as (bus, thing), glib_client(private, NAME, ROOT) as said:
        assert await said() == "there []"
        bus.export(f"{ROOT}/one", [thing.served()])
        assert await said() == f"added {ROOT}/one"
        thing.good = "better"
        bus.changed(f"{ROOT}/one", INTERFACE.name, ["Good"])
        assert await said() == f"changed {ROOT}/one {{'Good': 'better'}}"
        bus.withdraw(f"{ROOT}/one")
        assert await said() == f"removed {ROOT}/one"


async def restarts(private: PrivateBus, times: int) -> None:
    async with serving(private) as (bus, thing):
        bus.export(f"{ROOT}/child", [thing.served()])
        before: tuple[int, int] | None = None
        for _ in range(times):
            await private.stop()
            await asyncio.wait_for(bus.until_down(), 20)
            await private.start()
            await asyncio.wait_for(bus.until_up(), 20)
            async with on(private) as client:
                (objects,) = await client.call(NAME, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
                assert list(objects) == [f"{ROOT}/child"]
                assert (await call(client, "Who"))[0] == os.getuid()
            now = (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()))
            before = before if before is not None else now
            assert now == before


async def test_a_lost_bus_is_found_again_with_everything_exported(private: PrivateBus) -> None:
    await restarts(private, 5)


@pytest.mark.campaign
@pytest.mark.timeout(600)
async def test_a_hundred_restarts_of_the_bus_leave_nothing_behind(private: PrivateBus) -> None:
    await restarts(private, 100)


async def test_a_name_that_another_owns_is_said_and_tried_again(
    private: PrivateBus, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    second = Bus(lambda: private.address, title="private bus", name=NAME, root=ROOT, first_delay=0.01)
    second.export(ROOT, [Thing(second).served()])
    async with serving(private):
        task = asyncio.create_task(second.serve())
        async with asyncio.timeout(20):
            while "owned by another process" not in caplog.text:
                await asyncio.sleep(0.01)
    await asyncio.wait_for(second.until_up(), 20)
    task.cancel()
    await asyncio.wait([task])
    assert (
        caplog.text.count(f"no private bus: {NAME} is owned by another process there: is a second daemon running?")
        == 1
    )


async def test_where_there_is_no_bus_it_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    asked = Heard()

    def find() -> str:
        asked(())
        return f"unix:path={tmp_path}/none"

    task = asyncio.create_task(Bus(find, title="session bus", first_delay=0.001, expected=False).serve())
    await asked.until(lambda times: len(times) > 3)
    task.cancel()
    await asyncio.wait([task])
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert "No such file or directory" in caplog.text


@pytest.mark.parametrize(
    ("more", "auth", "said"),
    [
        ("", "ANONYMOUS", "authentication failed"),
        ('<policy context="mandatory"><deny own="*"/></policy>', "EXTERNAL", f"it does not let this user own {NAME}"),
        ('<limit name="max_completed_connections">0</limit>', "EXTERNAL", "connection"),
    ],
)
async def test_a_bus_that_wants_us_not_is_said_and_leaves_nothing_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, more: str, auth: str, said: str
) -> None:
    caplog.set_level(logging.INFO)
    asked = Heard()
    async with private_bus(tmp_path, more, auth) as private:

        def find() -> str:
            asked((len(os.listdir("/proc/self/fd")),))
            return private.address

        bus = Bus(find, title="private bus", name=NAME, root=ROOT, first_delay=0.001)
        bus.export(ROOT, [Thing(bus).served()])
        task = asyncio.create_task(bus.serve())
        await asked.until(lambda times: len(times) > 5)
        task.cancel()
        await asyncio.wait([task])
    assert said in caplog.text
    assert len(caplog.records) == 1
    assert asked[-1] == asked[0]


async def test_a_bus_that_dies_in_mid_greeting_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked = Heard()

    async def half_greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"OK 1234")
        writer.close()
        asked(())

    server = await asyncio.start_unix_server(half_greet, tmp_path / "bus")
    bus = Bus(lambda: f"unix:path={tmp_path}/bus", title="private bus", first_delay=0.001)
    task = asyncio.create_task(bus.serve())
    await asked.until(lambda times: len(times) > 3)
    task.cancel()
    await asyncio.wait([task])
    server.close()
    assert "the bus ended the greeting" in caplog.text


async def test_a_caller_s_user_and_groups_are_known_and_forgotten_when_it_leaves(private: PrivateBus) -> None:
    async with serving(private) as (bus, _):
        async with on(private) as client:
            uid, groups, interactive = await call(client, "Who")
            assert (uid, interactive) == (os.getuid(), False)
            assert set(groups) >= {os.getgid()}
            assert (await call(client, "Who", interactive=True))[2] is True
            assert len(bus._callers) == 1
        async with asyncio.timeout(20):
            while len(bus._callers):
                await asyncio.sleep(0.01)


async def test_a_signal_counts_only_from_the_owner_of_the_name(private: PrivateBus) -> None:
    async with serving(private) as (bus, _), on(private) as client, on(private) as forger:
        heard = Heard()
        await client.watch(Match(NAME, ROOT, INTERFACE.name, "Told"), heard)
        forger.export(ROOT, [Thing(forger).served()])
        forger.emit(ROOT, INTERFACE.name, "Told", "forged")
        assert await call(forger, "Echo", "s", "after it") == ["after it"]
        bus.emit(ROOT, INTERFACE.name, "Told", "true")
        await heard.until(bool)
        assert heard == [["true"]]


async def test_a_watch_holds_over_a_restart_of_the_bus_and_can_be_ended(private: PrivateBus) -> None:
    async with serving(private) as (bus, _), on(private) as client:
        heard = Heard()
        stop = await client.watch(Match(NAME, member="Told"), heard)
        await private.stop()
        await asyncio.wait_for(asyncio.gather(bus.until_down(), client.until_down()), 20)
        await private.start()
        await asyncio.wait_for(asyncio.gather(bus.until_up(), client.until_up()), 20)
        bus.emit(ROOT, INTERFACE.name, "Told", "again")
        await heard.until(bool)
        stop()
        bus.emit(ROOT, INTERFACE.name, "Told", "not heard")
        assert await call(client, "Echo", "s", "x") == ["x"]
        assert heard == [["again"]]


async def test_a_watch_that_could_not_begin_is_none(private: PrivateBus) -> None:
    async with serving(private) as (bus, _), on(private) as client:
        heard = Heard()
        private.pause()
        watching = asyncio.create_task(client.watch(Match(NAME, member="Told"), heard))
        while not client._watches._listeners:
            await asyncio.sleep(0)
        await private.stop()
        with pytest.raises(BusError):
            await asyncio.wait_for(watching, 20)
        assert not client._watches._listeners
        await private.start()
        await asyncio.wait_for(asyncio.gather(bus.until_up(), client.until_up()), 20)
        bus.emit(ROOT, INTERFACE.name, "Told", "to nobody")
        assert await call(client, "Echo", "s", "x") == ["x"]
        assert heard == []


async def test_text_that_no_message_may_carry_is_mended(private: PrivateBus) -> None:
    async with serving(private) as (bus, _), on(private) as client:
        heard = Heard()
        await client.watch(Match(NAME, member="Told"), heard)
        bus.emit(ROOT, INTERFACE.name, "Told", "a\0b\udce4c")
        await heard.until(bool)
        assert heard == [["a\ufffdb\ufffdc"]]


async def test_a_signal_that_does_not_fit_is_dropped_and_logged(
    private: PrivateBus, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(private) as (bus, _), on(private) as client:
        bus.emit(ROOT, INTERFACE.name, "Told", 5)
        bus.emit(ROOT, INTERFACE.name, "Told", Variant("s", None))
        assert await call(client, "Echo", "s", "x") == ["x"]
    assert caplog.text.count("Thing.Told over D-Bus: a mistake of ours") == 2


@pytest.mark.parametrize(("bound", "others"), [("_MOST_CALLS", False), ("_MOST_OF_ONE", True)])
async def test_too_many_calls_at_once_are_refused(
    private: PrivateBus, monkeypatch: pytest.MonkeyPatch, bound: str, others: bool
) -> None:
    monkeypatch.setattr(f"mkv2castd.api.bus.{bound}", 3)
    async with serving(private) as (bus, thing), on(private) as client, on(private) as other:
        waiting = [asyncio.create_task(call(client, "Wait")) for _ in range(3)]
        async with asyncio.timeout(20):
            await thing.waiting.wait()
        with pytest.raises(BusError, match="too many calls"):
            await call(client, "Echo", "s", "x")
        if others:
            assert await call(other, "Echo", "s", "x") == ["x"]
        thing.done.set()
        await asyncio.wait(waiting)
        assert await call(client, "Echo", "s", "x") == ["x"]
        assert not bus._serving


async def test_one_user_on_many_connections_cannot_take_all_the_turns(
    private: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mkv2castd.api.bus._MOST_OF_USER", 2)
    async with serving(private) as (bus, thing), on(private) as one, on(private) as two, on(private) as three:
        waiting = [asyncio.create_task(call(client, "Wait")) for client in (one, two)]
        async with asyncio.timeout(20):
            while bus._serving_users.total() < 2:
                await asyncio.sleep(0.01)
        with pytest.raises(BusError, match="too many calls"):
            await call(three, "Echo", "s", "x")
        thing.done.set()
        await asyncio.wait(waiting)
        assert await call(three, "Echo", "s", "x") == ["x"]
        assert not bus._serving_users


BIG_CALL = """
from array import array
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
connection = Gio.DBusConnection.new_for_address_sync({address!r}, flags, None, None)
number = 2_500_000  # of words, 8 bytes each on the bus
ends = array("I", range(2, 2 * number + 1, 2)).tobytes()
packed = GLib.Bytes.new(b"x\\0" * number + ends)  # as GVariant has them: making each one would take long
words = GLib.Variant.new_from_bytes(GLib.VariantType("as"), packed, True)
try:
    connection.call_sync({name!r}, {root!r}, {interface!r}, "Echo", GLib.Variant.new_tuple(words), None,
        Gio.DBusCallFlags.NONE, 60000, None)
except GLib.Error as error:
    print(Gio.DBusError.get_remote_error(error), error.message)
"""


async def test_a_call_of_twenty_mebibytes_is_refused_unread_while_others_are_answered(private: PrivateBus) -> None:
    script = BIG_CALL.format(address=private.address, name=NAME, root=ROOT, interface=INTERFACE.name)
    async with serving(private), on(private) as client:
        big = asyncio.create_task(run("/usr/bin/python3", "-c", script))
        slowest = 0.0
        while not big.done():
            began = asyncio.get_running_loop().time()
            assert await call(client, "Echo", "s", "x") == ["x"]
            slowest = max(slowest, asyncio.get_running_loop().time() - began)
        code, told, complaint = await big
        assert code == 0, complaint
        assert "org.freedesktop.DBus.Error.LimitsExceeded" in told
        assert "bigger than 256 KiB" in told
        assert slowest < 5


async def test_a_big_answer_to_a_call_of_ours_is_read(private: PrivateBus) -> None:
    async with on(private) as client, on(private) as other:
        thing = Thing(other)
        thing.good = "x" * 2**20
        other.export(ROOT, [thing.served()])
        asked = ("org.freedesktop.DBus.Properties", "Get", "ss", INTERFACE.name, "Good")
        assert await client.call(other._require().name, ROOT, *asked) == [thing.good]


async def test_descriptors_that_nobody_asked_for_are_closed(private: PrivateBus) -> None:
    script = f"""
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
connection = Gio.DBusConnection.new_for_address_sync({private.address!r}, flags, None, None)
files = Gio.UnixFDList()
for _ in range(10):
    files.append(0)
for _ in range(20):
    answer, _ = connection.call_with_unix_fd_list_sync({NAME!r}, {ROOT!r}, {INTERFACE.name!r}, "Echo",
        GLib.Variant("(s)", ("x",)), None, Gio.DBusCallFlags.NONE, 20000, files, None)
print(answer.unpack()[0])
"""
    async with serving(private):
        before = len(os.listdir("/proc/self/fd"))
        assert await run("/usr/bin/python3", "-c", script) == (0, "x\n", "")
        assert len(os.listdir("/proc/self/fd")) == before


GIVER = """
import os, sys, time
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
connection = Gio.DBusConnection.new_for_address_sync(sys.argv[1], flags, None, None)
xml = "<node><interface name='org.a.B'><method name='Give'><arg type='d'/><arg type='h' direction='out'/></method>"
node = Gio.DBusNodeInfo.new_for_xml(xml + "</interface></node>")
def give(connection, sender, path, interface, method, given, invocation):
    time.sleep(given.unpack()[0])
    files = Gio.UnixFDList()
    reading, writing = os.pipe()
    os.write(writing, b"it works")
    files.append(reading)
    os.close(reading), os.close(writing)
    invocation.return_value_with_unix_fd_list(GLib.Variant("(h)", (0,)), files)
connection.register_object("/a", node.interfaces[0], give, None, None)
print(connection.get_unique_name(), flush=True)
GLib.MainLoop().run()
"""


async def test_a_descriptor_that_comes_back_is_the_caller_s_and_one_that_comes_too_late_is_closed(
    private: PrivateBus,
) -> None:
    giver = await asyncio.create_subprocess_exec(
        *("/usr/bin/python3", "-c", GIVER, private.address), stdout=asyncio.subprocess.PIPE
    )
    assert giver.stdout is not None
    name = (await asyncio.wait_for(giver.stdout.readline(), 30)).decode().strip()
    async with on(private) as client:
        before = len(os.listdir("/proc/self/fd"))
        (given,) = await client.call(name, "/a", "org.a.B", "Give", "d", 0.0)
        assert os.read(given, 100) == b"it works"
        os.close(given)
        with pytest.raises(BusError, match="no answer within"):
            await client.call(name, "/a", "org.a.B", "Give", "d", 0.3, timeout=0.05)
        # answered one after the other: when this one is here, the late one has been too
        (given,) = await client.call(name, "/a", "org.a.B", "Give", "d", 0.0)
        os.close(given)
        assert len(os.listdir("/proc/self/fd")) == before
    giver.kill()
    await giver.communicate()


async def test_introspection_leads_to_every_object(private: PrivateBus) -> None:
    async with serving(private) as (bus, thing):
        bus.export(f"{ROOT}/things/one", [thing.served()])
        environment = {**os.environ, **private.environment}
        code, tree, complaint = await run("busctl", "--user", "--list", "tree", NAME, environment=environment)
        assert (code, complaint) == (0, "")
        assert tree.split() == ["/", "/org", "/org/mkv2cast", ROOT, f"{ROOT}/things", f"{ROOT}/things/one"]


DEPRECATED = """
def deprecated(decorator):
    warnings.warn("typing.no_type_check_decorator", DeprecationWarning)
    return decorator
typing.no_type_check_decorator = deprecated
warnings.simplefilter("error")
"""


@pytest.mark.parametrize("change", ["del typing.no_type_check_decorator", DEPRECATED], ids=["gone", "deprecated"])
def test_the_library_loads_without_what_newer_pythons_lack_and_without_a_warning(change: str) -> None:
    script = f"""
import typing, warnings, sys, json
{change}
import mkv2castd.api.bus
print(json.dumps(["gi" in sys.modules, hasattr(typing, "no_type_check_decorator")]))
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stderr == ""
    assert json.loads(told.stdout) == [False, "del" not in change]
