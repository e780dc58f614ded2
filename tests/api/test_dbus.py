"""The daemon's objects on a real dbus-daemon, over a daemon in memory; asked by gdbus, busctl and GLib's client."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mkv2castd.api.bus import Bus
from mkv2castd.api.bus_interface import BusError, Caller, Credentials, Match, Variant
from mkv2castd.api.dbus import FellBehind, present
from mkv2castd.api.dbus_interfaces import ALL, MANAGER
from mkv2castd.api.dbus_values import NAME, ROOT, device_path, folder_path, job_path
from mkv2castd.api.permission import OwnerOnly, VerbKind
from mkv2castd.errors import ConfigError, ErrorCode, RequestError
from mkv2castd.model import JobStatus
from tests.api.buses import PrivateBus, private_bus, run
from tests.api.fakes import DEVICES, FakeDaemon
from tests.api.test_bus import Heard, connecting, glib_client

ERROR = f"{NAME}.Error."
OBJECTS = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"


class Guard:
    """Leave, as a test gives it; remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[VerbKind] = []
        self.open = True

    async def allow(self, kind: VerbKind, caller: Caller) -> None:
        self.asked.append(kind)
        if not self.open:
            raise RequestError(ErrorCode.NOT_AUTHORIZED, "only the group mkv2cast may do that")


@dataclass
class House:
    """A daemon in memory on a private bus, and a client of it."""

    daemon: FakeDaemon
    guard: Guard
    bus: Bus
    client: Bus
    private: PrivateBus

    async def call(self, member: str, signature: str = "", *arguments: object) -> list[Any]:
        return await self.client.call(NAME, ROOT, MANAGER.name, member, signature, *arguments)

    async def objects(self) -> dict[str, Any]:
        (found,) = await self.client.call(NAME, ROOT, OBJECTS, "GetManagedObjects")
        return dict(found)

    async def properties(self, path: str, interface: str) -> dict[str, Any]:
        (found,) = await self.client.call(NAME, path, PROPERTIES, "GetAll", "s", f"{NAME}.{interface}")
        return dict(found)

    async def hear(self, member: str, interface: str | None = MANAGER.name) -> Heard:
        heard = Heard()
        await self.client.watch(Match(NAME, interface=interface, member=member), heard)
        return heard

    async def fault(self, member: str, signature: str = "", *arguments: object) -> tuple[str | None, str]:
        with pytest.raises(BusError) as raised:
            await self.call(member, signature, *arguments)
        return (raised.value.name or "").removeprefix(ERROR), raised.value.message.partition(": ")[2]


@asynccontextmanager
async def shown(private: PrivateBus, daemon: FakeDaemon) -> AsyncIterator[House]:
    bus = Bus(lambda: private.address, title="private bus", name=NAME, root=ROOT, first_delay=0.01)
    client = Bus(lambda: private.address, title="private bus", first_delay=0.01)
    guard = Guard()
    showing = asyncio.create_task(present(daemon, bus, guard))
    try:
        async with connecting(bus), connecting(client):
            yield House(daemon, guard, bus, client, private)
    finally:
        showing.cancel()
        await asyncio.wait([showing])


@pytest.fixture
async def private(tmp_path: Path) -> AsyncIterator[PrivateBus]:
    async with private_bus(tmp_path) as bus:
        yield bus


@pytest.fixture
async def house(private: PrivateBus, daemon: FakeDaemon) -> AsyncIterator[House]:
    async with shown(private, daemon) as house:
        yield house


class TestMethods:
    async def test_a_film_is_submitted_with_its_wishes_and_in_its_caller_s_name(self, house: House) -> None:
        options = {"profile": ["tv"], "priority": 5, "container": "mp4", "device": "cpu"}
        code, out, err = await house.private.ask(
            *("--dest", NAME, "--object-path", ROOT, "--method", f"{MANAGER.name}.Submit", "/srv/a film.mkv"),
            "{'profile': <['tv']>, 'priority': <5>, 'container': <'mp4'>, 'device': <'cpu'>}",
        )
        assert (code, err) == (0, "")
        (job,) = house.daemon.known.values()
        assert out == f"('{job.id}',)\n"
        reader = house.daemon.submitted.pop("reader")
        assert reader.uid == os.getuid()
        assert reader.groups >= {os.getgid()}
        assert house.daemon.submitted == {"path": Path("/srv/a film.mkv"), **options, "profile": ("tv",)}

    @pytest.mark.parametrize(
        ("verb", "status", "after"),
        [
            ("Cancel", JobStatus.QUEUED, ("status", JobStatus.CANCELLED)),
            ("Pause", JobStatus.QUEUED, ("paused", True)),
            ("Resume", JobStatus.QUEUED, ("paused", False)),
            ("Retry", JobStatus.FAILED, ("status", JobStatus.QUEUED)),
        ],
    )
    async def test_verbs_of_a_job(self, house: House, verb: str, status: JobStatus, after: tuple[str, Any]) -> None:
        job = house.daemon.add(status=status, paused=verb == "Resume")
        assert await house.call(verb, "s", str(job.id)) == []
        assert getattr(house.daemon.known[job.id], after[0]) == after[1]
        assert house.guard.asked == [VerbKind.JOBS]

    async def test_priority_log_and_removal(self, house: House) -> None:
        job = house.daemon.add(status=JobStatus.COMPLETED)
        assert await house.call("SetPriority", "si", str(job.id), -7) == []
        assert house.daemon.known[job.id].priority == -7
        assert await house.call("GetLog", "s", str(job.id)) == ["ffmpeg of movie.mkv\n"]
        assert await house.call("Remove", "s", str(job.id)) == []
        assert not house.daemon.known

    async def test_a_job_is_told_by_its_names_in_json(self, house: House) -> None:
        job = house.daemon.fail(house.daemon.start(house.daemon.add().id).id)
        (told,) = await house.call("GetJob", "s", str(job.id))
        assert told["id"] == str(job.id)
        assert (told["status"], told["error"], told["progress"], told["priority"]) == (
            "failed",
            "ffmpeg_error",
            0.0,
            0,
        )
        assert told["attempts"][0]["outcome"] == "failed"
        assert "output_path" not in told  # null in JSON

    async def test_jobs_are_listed_by_what_is_asked_for(self, house: House) -> None:
        for name in ("a.mkv", "b.mkv", "c.mkv"):
            house.daemon.add(name)
        house.daemon.add("d.mkv", JobStatus.FAILED)
        jobs, total = await house.call("ListJobs", "a{sv}", {})
        assert [job["filename"] for job in jobs] == ["d.mkv", "c.mkv", "b.mkv", "a.mkv"]
        code, out, err = await run(
            *("busctl", "--user", "--json=short", "call", NAME, ROOT, MANAGER.name, "ListJobs", "a{sv}", "3"),
            *("status", "as", "1", "queued", "offset", "u", "1", "limit", "u", "1"),
            environment={**os.environ, **house.private.environment},
        )
        assert (code, err, total) == (0, "", 4)
        (found, matching) = json.loads(out)["data"]
        assert [job["filename"]["data"] for job in found] == ["b.mkv"]
        assert matching == 3

    async def test_jobs_are_listed_by_how_their_ids_begin(self, house: House) -> None:
        job, _ = house.daemon.add(), house.daemon.add()
        jobs, total = await house.call("ListJobs", "a{sv}", {"id": Variant("s", str(job.id)[:13])})
        assert ([one["id"] for one in jobs], total) == ([str(job.id)], 1)

    async def test_profiles_are_told_as_in_the_http_interface(self, house: House) -> None:
        (told,) = await house.call("ListProfiles")
        (picture,) = told[0]["video"]
        assert (told[0]["id"], told[0]["builtin"], picture["hdr"]) == ("tv", False, ["hdr10", "hlg"])
        assert picture["limits"] == [{"width": 3840, "height": 2160, "rate": 60.0}]

    async def test_a_film_is_analysed(self, house: House, tmp_path: Path) -> None:
        film = tmp_path / "film.mkv"
        film.touch()
        (told,) = await house.call("Analyze", "sa{sv}", str(film), {})
        assert told["container"] == "mkv"
        assert told["streams"]["video"]["action"] == "transcode"
        assert told["devices"][1] == {
            "id": "chromecast-ultra",
            "name": "Chromecast Ultra",
            "plays": True,
            "reasons": [],
        }
        assert house.guard.asked == []

    async def test_the_queue_is_paused_and_resumed(self, house: House) -> None:
        await house.call("PauseQueue")
        told = await house.properties(ROOT, "Manager")
        assert (told["Paused"], told["PauseReason"]) == (True, "requested")
        await house.call("ResumeQueue")
        told = await house.properties(ROOT, "Manager")
        assert (told["Paused"], told["PauseReason"]) == (False, "")

    async def test_folders_are_added_scanned_and_removed(self, house: House) -> None:
        (path,) = await house.call("AddFolder", "sa{sv}", "/srv/new films", {})
        assert path == folder_path("new films") == f"{ROOT}/folders/new_20films"
        assert (await house.objects())[path][f"{NAME}.Folder"]["Path"] == "/srv/new films"
        await house.call("ScanFolder", "s", "new films")
        assert house.daemon.scanned == ["new films"]
        await house.call("RemoveFolder", "s", "new films")
        assert path not in await house.objects()
        assert house.guard.asked == [VerbKind.FOLDERS] * 3

    async def test_devices_are_switched(self, house: House) -> None:
        path = device_path(DEVICES[0].id)
        await house.call("DisableDevice", "s", DEVICES[0].id)
        assert (await house.properties(path, "Device"))["Enabled"] is False
        await house.call("EnableDevice", "s", DEVICES[0].id)
        assert (await house.properties(path, "Device"))["Enabled"] is True
        assert house.guard.asked == [VerbKind.DAEMON] * 2

    async def test_the_configuration_is_read_anew(self, house: House) -> None:
        await house.call("Reload")
        assert house.daemon.reloads == 1
        house.daemon.fault = ConfigError("/etc/mkv2castd/config.toml: queue.retries: must be a whole number")
        assert await house.fault("Reload") == ("Failed", house.daemon.fault.message)

    async def test_a_job_s_object_has_its_verbs_too(self, house: House) -> None:
        job = house.daemon.start(house.daemon.add().id)
        await house.client.call(NAME, await up(house, job.id), f"{NAME}.Job", "Pause")
        assert house.daemon.known[job.id].paused
        await house.client.call(NAME, job_path(job.id), f"{NAME}.Job", "Resume")
        await house.client.call(NAME, job_path(job.id), f"{NAME}.Job", "Cancel")
        assert house.daemon.known[job.id].status is JobStatus.CANCELLED
        assert job_path(job.id) not in await house.objects()


class TestFaults:
    @pytest.mark.parametrize(
        ("call", "name", "message"),
        [
            (("Cancel", "s", "5"), "NoSuchJob", "there is no job 5: a job's id is a UUID"),
            (("Submit", "sa{sv}", "film.mkv", {}), "InvalidPath", "'film.mkv' is not absolute"),
            (("Submit", "sa{sv}", "/a.txt", {}), "InvalidPath", "is no film"),
            (("RemoveFolder", "s", "none"), "NoSuchFolder", "there is no folder 'none'"),
            (("EnableDevice", "s", "none"), "NoSuchDevice", "there is no device 'none'"),
            (("DisableDevice", "s", "cpu"), "InvalidState", "cannot be switched off"),
        ],
    )
    async def test_each_has_its_name(self, house: House, call: tuple[Any, ...], name: str, message: str) -> None:
        told, sentence = await house.fault(*call)
        assert told == name
        assert message in sentence

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"priority": ("i", 500)}, "priority: expected"),
            ({"priority": ("s", "5")}, "priority: expected"),
            ({"container": ("s", "avi")}, "container: "),
            ({"speed": ("i", 5)}, "speed: unknown field; allowed here: path, profile, container, priority, device"),
            ({"path": ("s", "/b")}, "path: is an argument of its own"),
        ],
    )
    async def test_an_option_that_makes_no_sense_is_named(
        self, house: House, options: dict[str, Any], message: str
    ) -> None:
        given = {key: Variant(*value) for key, value in options.items()}
        told, sentence = await house.fault("Submit", "sa{sv}", "/a.mkv", given)
        assert told == "InvalidArgument"
        assert message in sentence

    async def test_without_leave_nothing_is_changed(self, house: House) -> None:
        job = house.daemon.add()
        house.guard.open = False
        calls: list[tuple[Any, ...]] = [
            ("Submit", "sa{sv}", "/a.mkv", {}),
            *((verb, "s", str(job.id)) for verb in ("Cancel", "Pause", "Resume", "Retry", "Remove")),
            ("SetPriority", "si", str(job.id), 1),
            *((verb,) for verb in ("PauseQueue", "ResumeQueue", "Reload")),
            ("AddFolder", "sa{sv}", "/srv/x", {}),
            *((verb, "s", "incoming") for verb in ("RemoveFolder", "ScanFolder", "EnableDevice", "DisableDevice")),
        ]
        for call in calls:
            assert await house.fault(*call) == ("NotAuthorized", "only the group mkv2cast may do that"), call
        assert house.daemon.known == {job.id: job}
        assert len(house.guard.asked) == len(calls)
        reading = {"GetJob", "ListJobs", "GetLog", "Analyze", "ListProfiles"}
        assert {call[0] for call in calls} == {method.name for method in MANAGER.methods} - reading


async def up(house: House, job_id: Any) -> str:
    """The path of the job's object, once it is there."""
    async with asyncio.timeout(20):
        while not house.bus.exports(job_path(job_id)):
            await asyncio.sleep(0)
    return job_path(job_id)


class TestObjects:
    async def test_devices_and_folders_are_there_with_all_that_is_known(self, house: House) -> None:
        objects = await house.objects()
        assert objects[f"{ROOT}/devices/pci_2d0000_5f03_5f00_5f0"][f"{NAME}.Device"] == {
            "Id": "pci-0000_03_00_0",
            "Name": "Arc A380",
            "Vendor": "intel",
            "Kind": "gpu",
            "Encoders": ["h264", "hevc-10bit"],
            "Slots": 2,
            "Enabled": True,
            "Healthy": True,
            "Problem": "",
            "Running": [f"{ROOT}/jobs/00000000_0000_0000_0000_000000000007"],
            "Queued": 3,
        }
        folder = objects[f"{ROOT}/folders/usb"][f"{NAME}.Folder"]
        assert (folder["Output"], folder["State"], folder["Files"]) == ("", "offline", 3)
        assert len(objects) == len(DEVICES) + len(house.daemon.watched)

    async def test_a_job_has_an_object_only_while_it_is_being_worked_on(self, house: House) -> None:
        job = house.daemon.add()
        async with glib_client(house.private, NAME, ROOT) as said:
            assert job_path(job.id) not in await said()
            house.daemon.start(job.id)
            assert await said() == f"added {job_path(job.id)}"
            told = await house.properties(job_path(job.id), "Job")
            assert (told["Path"], told["Status"], told["Attempt"]) == (str(job.source), "processing", 1)
            assert "EtaSeconds" not in told
            house.daemon.complete(job.id)
            changed = await said()
            assert changed.startswith(f"changed {job_path(job.id)} ")
            assert "'Status': 'completed'" in changed
            assert "'Progress': 100.0" in changed
            assert await said() == f"removed {job_path(job.id)}"

    async def test_progress_is_told_once_a_second_at_most_and_the_last_word_at_once(self, house: House) -> None:
        job = house.daemon.start(house.daemon.add().id)
        path = await up(house, job.id)
        progress, changed = await house.hear("JobProgress"), await house.hear("PropertiesChanged", PROPERTIES)
        began = time.monotonic()
        for percent in range(1, 60):
            house.daemon.report(job.id, float(percent))
            await asyncio.sleep(0.02)
        assert (await house.properties(path, "Job"))["EtaSeconds"] == 120
        house.daemon.complete(job.id)
        await changed.until(lambda told: any(one[1].get("Status") == "completed" for one in told))
        most = int(time.monotonic() - began) + 2
        assert 1 <= len(progress) <= most
        of_job = [one for one in changed if one[0] == f"{NAME}.Job"]
        assert 2 <= len(of_job) <= most + 1
        assert progress[0][0] == str(job.id)
        assert progress[0][1]["speed"] == "2.5x"

    async def test_ten_thousand_queued_jobs_weigh_nothing(self, private: PrivateBus, daemon: FakeDaemon) -> None:
        for number in range(10_000):
            daemon.add(f"{number}.mkv")
        async with shown(private, daemon) as house:
            running = house.daemon.start(next(iter(daemon.known)))
            await up(house, running.id)
            took = []
            for _ in range(5):
                began = time.perf_counter()
                objects = await house.objects()
                took.append(time.perf_counter() - began)
            assert len(objects) == len(DEVICES) + len(daemon.watched) + 1
            assert min(took) < 0.05
            assert (await house.properties(ROOT, "Manager"))["Queued"] == 9_999


class TestSignals:
    async def test_a_job_s_life_is_told(self, house: House) -> None:
        added, changed = await house.hear("JobAdded"), await house.hear("JobChanged")
        finished, removed = await house.hear("JobFinished"), await house.hear("JobRemoved")
        job = house.daemon.add()
        house.daemon.start(job.id)
        house.daemon.fail(job.id)
        await house.call("Retry", "s", str(job.id))
        house.daemon.start(job.id)
        house.daemon.complete(job.id)
        await house.call("Remove", "s", str(job.id))
        await removed.until(bool)
        ((added_id, told),) = added
        assert (added_id, told["status"], told["filename"]) == (str(job.id), "queued", "movie.mkv")
        assert [one["status"] for _, one in changed] == ["processing", "failed", "queued", "processing", "completed"]
        assert {"error", "message"} <= set(changed[2][1]["absent"])
        assert [(one, status) for one, status, _ in finished] == [(str(job.id), "failed"), (str(job.id), "completed")]
        assert finished[1][2]["output_size"] == 943718400
        assert removed == [[str(job.id)]]

    async def test_the_manager_s_numbers_are_told(self, house: House) -> None:
        heard = await house.hear("PropertiesChanged", PROPERTIES)
        house.daemon.add()
        await heard.until(lambda told: any(one[1].get("Queued") == 1 for one in told))
        await house.call("PauseQueue")
        await heard.until(lambda told: any(one[1].get("PauseReason") == "requested" for one in told))

    async def test_what_a_method_has_led_to_is_told_before_it_returns(self, house: House) -> None:
        changed = await house.hear("JobChanged")
        job = house.daemon.add()
        await house.call("Pause", "s", str(job.id))
        assert changed == [[str(job.id), {"paused": True}]]

    async def test_a_mistake_of_ours_over_an_event_does_not_meet_who_publishes_it(
        self, private: PrivateBus, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with shown(private, daemon):
            monkeypatch.setattr("mkv2castd.api.render.job_view", lambda *_: 1 / 0)
            daemon.add()
            await asyncio.sleep(0)


async def test_who_falls_behind_begins_anew_with_the_present_state(
    private: PrivateBus, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mkv2castd.api.dbus._MOST_WAITING", 10)
    bus = Bus(lambda: private.address, title="private bus", name=NAME, root=ROOT)
    showing = asyncio.create_task(present(daemon, bus, Guard()))
    async with connecting(bus):
        for _ in range(30):
            daemon.add()
        with pytest.raises(FellBehind):
            await asyncio.wait_for(showing, 20)
        assert not bus.exports(ROOT)
        again = asyncio.create_task(present(daemon, bus, Guard()))
        async with connecting(Bus(lambda: private.address, title="private bus")), asyncio.timeout(20):
            while not bus.exports(ROOT):
                await asyncio.sleep(0)
        again.cancel()
        await asyncio.wait([again])


class TestIntrospection:
    async def test_everything_is_documented_and_is_what_was_described(self, house: House) -> None:
        job = house.daemon.start(house.daemon.add().id)
        paths = {
            f"{NAME}.Manager": ROOT,
            f"{NAME}.Device": device_path("cpu"),
            f"{NAME}.Folder": folder_path("usb"),
            f"{NAME}.Job": await up(house, job.id),
        }
        for interface in ALL:
            (xml,) = await house.client.call(
                NAME, paths[interface.name], "org.freedesktop.DBus.Introspectable", "Introspect"
            )
            found = ElementTree.fromstring(xml).find(f"interface[@name='{interface.name}']")
            assert found is not None
            members = [*found.findall("method"), *found.findall("signal"), *found.findall("property")]
            described = [*interface.methods, *interface.signals, *interface.properties]
            assert [member.get("name") for member in members] == [member.name for member in described]
            for element in (found, *members):
                notes = {note.get("name"): note.get("value") for note in element.findall("annotation")}
                assert notes["org.gtk.GDBus.DocString"]

    async def test_every_property_of_every_object_has_a_value_of_its_type(self, house: House) -> None:
        job = house.daemon.start(house.daemon.add().id)
        house.daemon.report(job.id)
        await up(house, job.id)
        await house.call("PauseQueue")  # after it, what was reported is told
        objects = {**await house.objects(), ROOT: {f"{NAME}.Manager": await house.properties(ROOT, "Manager")}}
        for interfaces in objects.values():
            for name, values in interfaces.items():
                (described,) = (one for one in ALL if one.name == name)
                assert set(values) == {prop.name for prop in described.properties}


class TestRestart:
    async def test_a_bus_that_comes_back_has_every_object_and_every_job(self, house: House) -> None:
        job = house.daemon.start(house.daemon.add().id)
        await up(house, job.id)
        before = await house.objects()
        await house.private.stop()
        await asyncio.wait_for(asyncio.gather(house.bus.until_down(), house.client.until_down()), 20)
        second = house.daemon.start(house.daemon.add("second.mkv").id)
        await house.private.start()
        await asyncio.wait_for(asyncio.gather(house.bus.until_up(), house.client.until_up()), 20)
        await up(house, second.id)
        assert set(await house.objects()) == {*before, job_path(second.id)}


async def test_on_a_session_bus_the_owner_and_root_may_and_nobody_else() -> None:
    class Registry:
        uid = 12345

        async def credentials(self, unique_name: str) -> Any:
            if self.uid < 0:
                raise BusError("it has left")
            return Credentials(self.uid, frozenset())

    registry = Registry()
    caller = Caller(":1.5", False)
    for uid in (0, os.getuid()):
        registry.uid = uid
        await OwnerOnly(registry).allow(VerbKind.JOBS, caller)
    for uid in (12345, -1):
        registry.uid = uid
        with pytest.raises(RequestError) as refused:
            await OwnerOnly(registry).allow(VerbKind.JOBS, caller)
        assert refused.value.code is ErrorCode.NOT_AUTHORIZED
