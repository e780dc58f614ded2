"""The GPUs of a running daemon, with stock ffmpeg on the test driver: proved, watched, set aside, taken back."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from mkv2castd.config import DevicesConfig
from mkv2castd.device import Gpu, Station, Vendor
from mkv2castd.encoder import circumstances, hotplug
from mkv2castd.encoder.fitness import GONE, UNPROVED
from mkv2castd.encoder.fleet import Fleet
from mkv2castd.encoder.toolbox import Toolbox
from tests.driver import Driver, Node, node
from tests.encoder.graphics import ROWS
from tests.trouble import soon

ONLY_H264 = ROWS[:1]


@pytest.fixture(autouse=True)
def encoders_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mkv2castd.encoder.proofs.SAMPLES", ())
    monkeypatch.setattr("mkv2castd.encoder.proofs.device_filters", lambda _backend: None)


@pytest.fixture(autouse=True)
def no_udev(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens on this machine is none of these tests' business."""

    def refuse() -> hotplug.Monitor:
        raise OSError("not here")

    monkeypatch.setattr(hotplug, "open_monitor", refuse)


def gpu(device: Node, driver_version: str = "6.1") -> Gpu:
    return Gpu(f"pci-{device.path.name}", device.path.name, Vendor.AMD, "radeon", driver_version, node=device.path)


def mistaken(*_: object) -> tuple[Gpu, ...]:
    raise ZeroDivisionError


class Bell:
    """udev's monitor, as far as it is used."""

    def __init__(self) -> None:
        self._ear, self._mouth = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.heard = False

    def fileno(self) -> int:
        self.heard = True
        return self._ear

    def poll(self, timeout: float) -> object | None:
        assert timeout == 0
        try:
            return os.read(self._ear, 1)
        except BlockingIOError:
            return None

    def ring(self) -> None:
        os.write(self._mouth, b"!")

    def close(self) -> None:
        os.close(self._ear)
        os.close(self._mouth)


class Machine:
    """What there is to be found, and what a fleet makes of it."""

    def __init__(self, driver: Driver, cache: Path | None, *devices: Node) -> None:
        self.gpus = tuple(gpu(device) for device in devices)
        self.answer: Callable[[], tuple[Gpu, ...]] = lambda: self.gpus
        self.changes = 0
        self.running: dict[str, int] = {}
        self._driver = driver
        self._cache = cache
        self.looks = 0
        self.fleet = self.made(DevicesConfig())

    def made(self, config: DevicesConfig, seconds: float = 6) -> Fleet:
        """A fleet that begins anew."""
        self.fleet = Fleet(
            config,
            self.find,
            self._cache,
            Toolbox(),
            self._driver.environment,
            self._on_change,
            running=lambda name: self.running.get(name, 0),
            rows=ONLY_H264,
            seconds=seconds,
        )
        return self.fleet

    def find(self, config: DevicesConfig) -> tuple[Gpu, ...]:
        self.looks += 1
        return self.answer() if config.detect else ()

    def _on_change(self) -> None:
        self.changes += 1

    def station(self, device: Node) -> Station:
        (found,) = (one for one in self.fleet.stations() if one.id == gpu(device).id)
        return found

    def problem(self, device: Node) -> str:
        return str(self.station(device).problem)

    def opened(self, device: Node) -> Callable[[], bool]:
        return lambda: any(station.open and station.id == gpu(device).id for station in self.fleet.stations())

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Fleet]:
        serving = asyncio.create_task(self.fleet.serve())
        try:
            yield self.fleet
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set aside is tried again at once."""
    monkeypatch.setattr("mkv2castd.encoder.fitness._FIRST_DELAY", 0.01)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than a test, whatever comes first."""
    monkeypatch.setattr("mkv2castd.encoder.fitness._FIRST_DELAY", 3600.0)


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """They pass quickly."""
    monkeypatch.setattr("mkv2castd.encoder.fleet._TICK_SECONDS", 0.2)


class TestProving:
    async def test_two_devices_prove_themselves(self, driver: Driver, tmp_path: Path) -> None:
        one, other = node(tmp_path, "one"), node(tmp_path, "other", sessions=1)
        machine = Machine(driver, tmp_path / "proofs.json", one, other)
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling, 55)
            assert [station.id for station in fleet.stations()] == [gpu(one).id, gpu(other).id]
            assert all(station.open for station in fleet.stations())
            assert (machine.station(one).slots, machine.station(other).slots) == (2, 1)
            device = machine.station(one).device
            assert device is not None
            assert device.can_encode("h264")

    async def test_what_is_configured_wins_over_what_is_proved(self, driver: Driver, tmp_path: Path) -> None:
        device = node(tmp_path)
        machine = Machine(driver, None, device)
        machine.made(DevicesConfig(slots={gpu(device).id: 3}))
        async with machine.at_work():
            await soon(machine.opened(device), 55)
            assert machine.station(device).slots == 3

    async def test_one_that_cannot_be_opened_tells_why_and_is_tried_again(
        self, driver: Driver, tmp_path: Path, hurried: None
    ) -> None:
        device = node(tmp_path, fail_open=1)
        machine = Machine(driver, None, device)
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling, 55)
            assert "does not open it" in machine.problem(device)
            device.behave()
            await soon(machine.opened(device), 55)

    async def test_one_that_hangs_holds_up_nobody(self, driver: Driver, tmp_path: Path) -> None:
        hanging, working = node(tmp_path, "hangs", hang_after=3), node(tmp_path, "works")
        machine = Machine(driver, tmp_path / "proofs.json", hanging, working)
        fleet = machine.made(DevicesConfig(), seconds=100)
        async with machine.at_work():
            await soon(machine.opened(working), 55)
            both, machine.gpus = machine.gpus, machine.gpus[:1]
            fleet.look_again()
            await soon(lambda: machine.problem(working) == GONE)
            machine.gpus = both
            fleet.look_again()
            await soon(machine.opened(working), 55)
            assert machine.problem(hanging) == UNPROVED

    async def test_one_that_hangs_is_given_up_and_told_of(self, driver: Driver, tmp_path: Path) -> None:
        hanging = node(tmp_path, hang_after=3)
        machine = Machine(driver, None, hanging)
        machine.made(DevicesConfig(), seconds=2)
        async with machine.at_work():
            await soon(lambda: machine.fleet.stations())
            await soon(lambda: "no answer within 2 s" in machine.problem(hanging), 55)

    async def test_one_that_has_a_problem_of_its_own_is_shown_and_not_tried(
        self, driver: Driver, tmp_path: Path
    ) -> None:
        machine = Machine(driver, None)
        machine.gpus = (Gpu("pci-1", "a card", Vendor.AMD, "amdgpu", problem="not yours: join the group render"),)
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling)
            (station,) = fleet.stations()
            assert (station.open, station.problem) == (False, "not yours: join the group render")

    async def test_without_ffmpeg_it_is_tried_again_later(
        self, driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hurried: None
    ) -> None:
        device = node(tmp_path)
        machine = Machine(driver, None, device)
        path = os.environ["PATH"]
        monkeypatch.setenv("PATH", str(tmp_path))
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling)
            assert machine.problem(device).startswith(f"{UNPROVED}: ffmpeg is not installed")
            monkeypatch.setenv("PATH", path)
            await soon(machine.opened(device), 55)

    async def test_a_mistake_of_ours_ends_nothing(
        self, driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hurried: None
    ) -> None:
        device = node(tmp_path)
        machine = Machine(driver, None, device)
        with monkeypatch.context() as patched:
            patched.setattr("mkv2castd.encoder.proving.trials", mistaken)
            async with machine.at_work() as fleet:
                await soon(lambda: not fleet.settling)
                assert "a mistake of ours" in machine.problem(device)
                patched.undo()
                await soon(machine.opened(device), 55)

    async def test_a_stop_in_the_middle_leaves_nobody_behind(self, driver: Driver, tmp_path: Path) -> None:
        device = node(tmp_path, hang_after=0)
        machine = Machine(driver, None, device)
        mine = os.fsencode(str(device.path))

        def running() -> list[Path]:
            return [one.parent for one in Path("/proc").glob("[0-9]*/cmdline") if mine in _read(one)]

        async with machine.at_work():
            await soon(running, 45)
        assert running() == []
        assert len(asyncio.all_tasks()) == 1


class TestSettling:
    async def test_where_there_is_no_gpu_nobody_waits_for_one(self, driver: Driver) -> None:
        machine = Machine(driver, None)
        assert machine.fleet.settling
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling)
            assert (fleet.stations(), machine.changes) == ((), 1)

    async def test_it_lasts_until_the_trials_are_over(self, driver: Driver, tmp_path: Path) -> None:
        device = node(tmp_path)
        machine = Machine(driver, None, device)
        async with machine.at_work() as fleet:
            await soon(lambda: fleet.stations())
            assert fleet.settling
            await soon(lambda: not fleet.settling, 55)
            assert machine.station(device).open

    async def test_a_device_that_hangs_is_waited_for_no_longer_than_a_minute(
        self, driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mkv2castd.encoder.fleet._SETTLING_SECONDS", 0.5)
        device = node(tmp_path, hang_after=0)
        machine = Machine(driver, None, device)
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling, 5)
            assert machine.problem(device) == UNPROVED

    async def test_a_disabled_device_is_not_waited_for(self, driver: Driver, tmp_path: Path) -> None:
        device = node(tmp_path, hang_after=0)
        machine = Machine(driver, None, device)
        fleet = machine.made(DevicesConfig(disabled=(gpu(device).id,)))
        async with machine.at_work():
            await soon(lambda: not fleet.settling, 5)
            assert not machine.station(device).enabled


class TestFailing:
    async def test_after_two_failures_in_a_row_it_gets_no_work(
        self, driver: Driver, tmp_path: Path, patient: None, caplog: pytest.LogCaptureFixture
    ) -> None:
        device = node(tmp_path)
        machine, name = Machine(driver, None, device), gpu(device).id
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling, 55)
            fleet.failed(name, "the frame is lost")
            assert machine.station(device).open
            before = machine.changes
            fleet.failed(name, "the driver hangs")
            assert machine.changes == before + 1
            told = machine.problem(device)
            assert told.startswith("set aside after two failures in a row: the driver hangs; tried again at ")
            assert told[-3] == ":"
        assert "is set aside after two failures in a row: the driver hangs" in caplog.text

    async def test_it_is_taken_back_once_a_trial_is_good_and_old_answers_do_not_count(
        self, driver: Driver, tmp_path: Path, hurried: None
    ) -> None:
        device = node(tmp_path)
        machine, name = Machine(driver, tmp_path / "proofs.json", device), gpu(device).id
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling, 55)
            device.behave(fail_open=1)
            fleet.failed(name, "the driver hangs")
            fleet.failed(name, "the driver hangs")
            await soon(lambda: "its trial fails as well" in machine.problem(device), 55)
            device.behave()
            await soon(machine.opened(device), 55)
            fleet.failed(name, "the driver hangs again")
            assert "set aside after a further failure: the driver hangs again" in machine.problem(device)
            await soon(machine.opened(device), 55)
            fleet.succeeded(name)
            fleet.failed(name, "an accident")
            assert machine.station(device).open

    async def test_a_device_that_takes_no_more_gets_no_more(self, driver: Driver, tmp_path: Path) -> None:
        device = node(tmp_path)
        machine, name = Machine(driver, None, device), gpu(device).id
        async with machine.at_work() as fleet:
            await soon(machine.opened(device), 55)
            fleet.crowded(name, 1)
            assert machine.station(device).slots == 1

    async def test_a_device_that_takes_nothing_at_all_has_failed(
        self, driver: Driver, tmp_path: Path, patient: None
    ) -> None:
        device = node(tmp_path)
        machine, name = Machine(driver, None, device), gpu(device).id
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling, 55)
            fleet.crowded(name, 0)
            fleet.crowded(name, 0)
            assert "none of ours is running on it" in machine.problem(device)

    async def test_of_a_device_that_nobody_knows_nothing_is_held(self, driver: Driver) -> None:
        machine = Machine(driver, None)
        for tell in (machine.fleet.succeeded, lambda name: machine.fleet.failed(name, "why")):
            tell("cpu")
        machine.fleet.crowded("pci-unknown", 2)
        assert (machine.fleet.stations(), machine.changes) == ((), 0)


class TestWatching:
    async def test_one_that_vanishes_gets_no_work_and_comes_back(self, driver: Driver, tmp_path: Path) -> None:
        device = node(tmp_path)
        machine = Machine(driver, tmp_path / "proofs.json", device)
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling, 55)
            there, machine.gpus = machine.gpus, ()
            device.vanish()
            fleet.look_again()
            await soon(lambda: machine.problem(device) == GONE)
            device.come_back()
            machine.gpus = there
            fleet.look_again()
            await soon(machine.opened(device), 55)

    async def test_a_new_one_is_proved(self, driver: Driver, tmp_path: Path) -> None:
        machine = Machine(driver, None)
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling)
            device = node(tmp_path)
            machine.gpus = (gpu(device),)
            fleet.look_again()
            await soon(lambda: [station.open for station in fleet.stations()] == [True], 55)

    async def test_udev_has_it_looked_at(
        self, driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bell = Bell()
        monkeypatch.setattr(hotplug, "open_monitor", lambda: bell)
        monkeypatch.setattr("mkv2castd.encoder.fleet._DEBOUNCE_SECONDS", 0.1)
        machine = Machine(driver, None)
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling and bell.heard)
            assert machine.looks == 1
            for _ in range(5):
                bell.ring()
            await soon(lambda: machine.looks == 2)
            await asyncio.sleep(0.3)
            assert machine.looks == 2
        bell.close()

    async def test_another_driver_is_proved(self, driver: Driver, tmp_path: Path) -> None:
        device = node(tmp_path)
        machine = Machine(driver, None, device)
        async with machine.at_work() as fleet:
            await soon(lambda: not fleet.settling, 55)
            device.behave(fail_open=1)
            machine.gpus = (gpu(device, "6.2"),)
            fleet.look_again()
            await soon(lambda: "does not open it" in machine.problem(device), 55)

    async def test_after_a_suspend_all_is_proved_without_old_answers(
        self, driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: None
    ) -> None:
        device = node(tmp_path)
        machine = Machine(driver, tmp_path / "proofs.json", device)
        async with machine.at_work():
            await soon(machine.opened(device), 55)
            device.behave(fail_open=1)
            monkeypatch.setattr(circumstances, "asleep", lambda: 1e9)
            await soon(lambda: "does not open it" in machine.problem(device), 55)

    async def test_other_libraries_are_tried_once_no_film_is_at_work(
        self, driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: None
    ) -> None:
        device, drivers = node(tmp_path), tmp_path / "drivers"
        drivers.mkdir()
        monkeypatch.setenv("LIBVA_DRIVERS_PATH", str(drivers))
        machine = Machine(driver, tmp_path / "proofs.json", device)
        async with machine.at_work():
            await soon(machine.opened(device), 55)
            machine.running[gpu(device).id] = 1
            device.behave(fail_open=1)
            (drivers / "new_drv_video.so").touch()
            looks = machine.looks
            await soon(lambda: machine.looks > looks + 3)
            assert machine.station(device).open
            machine.running.clear()
            await soon(lambda: "does not open it" in machine.problem(device), 55)

    async def test_a_look_that_fails_changes_nothing(
        self, driver: Driver, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        device = node(tmp_path)
        machine = Machine(driver, None, device)
        async with machine.at_work() as fleet:
            await soon(machine.opened(device), 55)
            machine.answer = mistaken
            fleet.look_again()
            await soon(lambda: "finding GPUs: a mistake of ours" in caplog.text)
            assert machine.station(device).open

    async def test_a_look_that_hangs_is_not_repeated_and_counts_once_it_ends(
        self, driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: None
    ) -> None:
        monkeypatch.setattr("mkv2castd.encoder.fleet._LOOK_SECONDS", 0.1)
        machine, released = Machine(driver, None), threading.Event()
        found = (gpu(node(tmp_path)),)

        def hanging() -> tuple[Gpu, ...]:
            assert released.wait(30)
            return found

        machine.answer = hanging
        try:
            async with machine.at_work() as fleet:
                await soon(lambda: not fleet.settling)
                await asyncio.sleep(0.5)
                assert (machine.looks, fleet.stations()) == (1, ())
                released.set()
                await soon(lambda: [station.open for station in fleet.stations()] == [True], 55)
        finally:
            released.set()


class TestSwitching:
    async def test_one_that_is_disabled_gets_no_work_and_no_trial_until_it_is_enabled(
        self, driver: Driver, tmp_path: Path
    ) -> None:
        device = node(tmp_path)
        machine, name = Machine(driver, None, device), gpu(device).id
        fleet = machine.made(DevicesConfig(disabled=(name,)))
        async with machine.at_work():
            await soon(lambda: not fleet.settling)
            assert (machine.station(device).enabled, machine.problem(device)) == (False, UNPROVED)
            fleet.apply(DevicesConfig())
            await soon(machine.opened(device), 55)
            before = machine.changes
            fleet.apply(DevicesConfig(disabled=(name,)))
            fleet.apply(DevicesConfig(disabled=(name,)))
            assert machine.changes == before + 1
            assert not machine.station(device).open

    async def test_a_new_configuration_takes_effect_at_once(self, driver: Driver, tmp_path: Path) -> None:
        device = node(tmp_path)
        machine, name = Machine(driver, None, device), gpu(device).id
        async with machine.at_work() as fleet:
            await soon(machine.opened(device), 55)
            fleet.apply(DevicesConfig(slots={name: 5}))
            assert machine.station(device).slots == 5
            fleet.apply(DevicesConfig(disabled=(name,)))
            assert not machine.station(device).enabled
            fleet.apply(DevicesConfig(detect=False))
            await soon(lambda: machine.problem(device) == GONE)
            fleet.apply(DevicesConfig())
            await soon(machine.opened(device), 55)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
