"""Devices through control: what is told of them, and which of them get work, over restarts too."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from mkv2castd.config import Config, DevicesConfig, QueueConfig
from mkv2castd.config_loading import load
from mkv2castd.device import Ability, Backend, Device, Gpu, Proof, Skill, Station, Vendor
from mkv2castd.encoder.attempt import Handle, Task
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.events import DeviceChanged
from mkv2castd.model import JobStatus, Progress
from tests.encoder.scene import Scene, scene
from tests.trouble import soon

CARD = "pci-0000_03_00_0"
OTHER = "pci-0000_04_00_0"


def with_cards(here: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cards that are what the configuration says."""

    def stations() -> tuple[Station, ...]:
        disabled = here.workshop.config.devices.disabled
        proof = Proof(Ability(Backend.VAAPI, Skill.ENCODE, "h264"))
        cards = [Gpu(name, "Arc A380", Vendor.INTEL, driver="i915") for name in (CARD, OTHER)]
        return tuple(
            Station(card.id, card.name, 1, Device(card, (proof,)), enabled=card.id not in disabled) for card in cards
        )

    monkeypatch.setattr(here.workshop.fleet, "stations", stations)
    here.workshop.reconfigure(here.workshop.config)


def remembered(tmp_path: Path) -> list[str]:
    raw = tomllib.loads((tmp_path / "state" / "runtime.toml").read_text())
    disabled: list[str] = raw["devices"]["disabled"]
    return disabled


async def test_each_lane_tells_what_runs_there_and_what_waits(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def script(task: Task, handle: Handle, report: Callable[[Progress], None]) -> None:
        await release.wait()

    async with scene(tmp_path, script) as here:
        before = {device.id: (device.running, device.queued) for device in here.control.devices()}
        assert before == {"cpu": ((), 0), "remux": ((), 0)}
        first = await here.submit("a.mkv")
        await here.until(first.id, JobStatus.PROCESSING)
        await here.submit("b.mkv")
        copied = await here.submit("c.mkv", video="h264")
        await here.until(copied.id, JobStatus.PROCESSING)
        cpu, remux = here.control.devices()
        assert (cpu.kind, cpu.running, cpu.queued, cpu.slots) == ("cpu", (first.id,), 1, 1)
        assert (remux.kind, remux.running, remux.queued, remux.slots) == ("remux", (copied.id,), 0, 2)
        assert "h264" in cpu.encoders
        assert remux.encoders == ()
        release.set()


@pytest.mark.parametrize(
    ("name", "code"),
    [("nothing", ErrorCode.NO_SUCH_DEVICE), ("cpu", ErrorCode.INVALID_STATE), ("remux", ErrorCode.INVALID_STATE)],
)
async def test_what_cannot_be_switched_is_refused_and_not_written_down(
    tmp_path: Path, name: str, code: ErrorCode
) -> None:
    async with scene(tmp_path) as here:
        for verb in (here.control.disable_device, here.control.enable_device):
            with pytest.raises(RequestError) as refused:
                await verb(name)
            assert refused.value.code is code
        assert not (tmp_path / "state" / "runtime.toml").exists()


async def test_a_disabled_gpu_is_remembered_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene(tmp_path) as here:
        with_cards(here, monkeypatch)
        assert not (await here.control.disable_device(CARD)).enabled
        assert remembered(tmp_path) == [CARD]
        assert here.workshop.config.devices.disabled == (CARD,)
        assert here.events[-1] == DeviceChanged(CARD)
        told = len(here.events)
        assert not (await here.control.disable_device(CARD)).enabled
        assert len(here.events) == told, "nothing is different"
        assert (await here.control.disable_device(OTHER)).id == OTHER
        assert remembered(tmp_path) == [CARD, OTHER]
        assert (await here.control.enable_device(CARD)).enabled
        assert remembered(tmp_path) == [OTHER]


async def test_a_gpu_that_is_gone_by_the_time_it_is_switched_is_no_such_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene(tmp_path) as here:
        with_cards(here, monkeypatch)
        before = here.workshop.fleet.stations

        async def switched(device_id: str, *, enabled: bool) -> None:
            monkeypatch.setattr(here.workshop.fleet, "stations", lambda: before()[1:])

        monkeypatch.setattr(here.keeper, "switch", switched)
        with pytest.raises(RequestError) as refused:
            await here.control.disable_device(CARD)
        assert refused.value.code is ErrorCode.NO_SUCH_DEVICE


async def test_a_slot_that_is_free_again_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        job = await here.submit("a.mkv")
        await here.until(job.id, JobStatus.COMPLETED)
        await soon(lambda: DeviceChanged("cpu") in here.events)
        assert here.control.devices()[0].running == ()


async def test_a_card_that_comes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene(tmp_path) as here:
        with_cards(here, monkeypatch)
        assert here.events[-2:] == [DeviceChanged(CARD), DeviceChanged(OTHER)]


async def test_what_a_person_has_disabled_can_be_enabled_at_run_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[devices]\ncpu_slots = 2\ndisabled = ["{CARD}", "{OTHER}", "sold"]\n')
    devices = DevicesConfig(disabled=(CARD, OTHER, "sold"))
    async with scene(tmp_path, config=Config(devices=devices, queue=QueueConfig(min_free_gib=0))) as here:
        with_cards(here, monkeypatch)
        await here.control.enable_device(CARD)
    again = load([file, tmp_path / "state" / "runtime.toml"]).devices
    assert (again.disabled, again.cpu_slots) == ((OTHER, "sold"), 2)


async def test_changes_at_the_same_time_are_all_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene(tmp_path) as here:
        with_cards(here, monkeypatch)
        control = here.control
        await asyncio.gather(control.disable_device(CARD), control.pause_queue(), control.disable_device(OTHER))
    config = load([tmp_path / "state" / "runtime.toml"])
    assert (config.queue.paused, config.devices.disabled) == (True, (CARD, OTHER))
