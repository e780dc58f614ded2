"""Devices prove themselves with stock ffmpeg on the test driver: working, broken, hanging, busy; and what is kept."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mkv2castd.device import Ability, Backend, Device, Gpu, Skill, Vendor
from mkv2castd.encoder import child, proving
from mkv2castd.encoder.device_faults import UNSUPPORTED
from mkv2castd.encoder.devices import find_devices
from mkv2castd.encoder.probe import probe
from mkv2castd.encoder.process import capture
from mkv2castd.encoder.proofs import GRADED, SAMPLES, Sample
from mkv2castd.encoder.proving import prove
from mkv2castd.encoder.tools import Tools
from mkv2castd.errors import ConfigError
from tests.driver import Driver, Node, node
from tests.encoder.graphics import ROWS
from tests.trouble import soon, state_of

H264 = Ability(Backend.VAAPI, Skill.ENCODE, "h264")
ONLY_H264 = ROWS[:1]
# How often such a device is opened when it works: for the encode, and for two at once.
ONCE = 3


@pytest.fixture(autouse=True)
def encoders_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders and filters are tried in a test of their own: each takes a film that has to be made first."""
    monkeypatch.setattr("mkv2castd.encoder.proofs.SAMPLES", ())
    monkeypatch.setattr("mkv2castd.encoder.proofs.device_filters", lambda _backend: None)


def gpu(device: Node, driver_version: str | None = "6.1") -> Gpu:
    """Of a kind that is reached through VAAPI alone."""
    return Gpu(f"pci-{device.path.name}", "a card", Vendor.AMD, "radeon", driver_version, node=device.path)


def problem_of(device: Device, ability: Ability = H264) -> str | None:
    (proof,) = (proof for proof in device.proofs if proof.ability == ability)
    return proof.problem


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The argv of each ffmpeg that a device is opened with."""
    seen: list[Sequence[str]] = []
    spawn = child.spawn

    def watched(argv: Sequence[str], *rest: object) -> child.Child:
        if "-init_hw_device" in argv:
            seen.append(argv)
        return spawn(argv, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("mkv2castd.encoder.process.spawn", watched)
    return seen


async def test_a_device_proves_what_it_can_and_what_it_cannot(driver: Driver, tmp_path: Path) -> None:
    (device,) = await prove([gpu(node(tmp_path))], rows=ROWS, environment=driver.environment)
    assert device.problem is None
    assert device.abilities == {H264}
    assert device.can_encode("h264")
    for deep in (False, True):
        assert problem_of(device, Ability(Backend.VAAPI, Skill.ENCODE, "hevc", deep)) == UNSUPPORTED


async def test_decoders_are_tried_on_films_and_do_not_pass_by_falling_back(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = (Sample("h264", False, ("libx264",)), Sample("mpeg2video", False, ("mpeg2video",)))
    monkeypatch.setattr("mkv2castd.encoder.proofs.SAMPLES", films)
    (device,) = await prove([gpu(node(tmp_path))], rows=(), environment=driver.environment)
    assert [proof.ability.codec for proof in device.proofs] == ["h264", "mpeg2video"]
    assert {proof.problem for proof in device.proofs} == {UNSUPPORTED}


@pytest.mark.parametrize("sample", [*SAMPLES, GRADED], ids=lambda sample: sample.name)
async def test_the_films_that_decoders_are_tried_on_can_be_made(sample: Sample, tmp_path: Path) -> None:
    made = await capture(sample.argv(tmp_path), timeout=90)
    assert made.exit_code == 0, made.stderr_tail
    shown = await probe(tmp_path / sample.name)
    (picture,) = shown.pictures
    assert (picture.codec, "10" in str(picture.pixel_format)) == (sample.codec, sample.deep)
    frames = await capture(("ffprobe", "-v", "error", "-show_frames", str(tmp_path / sample.name)), timeout=90)
    assert (b"Mastering display metadata" in frames.stdout) is sample.graded


async def test_a_decoder_without_a_film_to_try_it_on_stays_unknown(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mkv2castd.encoder.proofs.SAMPLES", (Sample("vvc", False, ("no_such_encoder",)),))
    (device,) = await prove([gpu(node(tmp_path))], rows=ONLY_H264, environment=driver.environment)
    assert [proof.ability for proof in device.proofs] == [H264]


async def test_what_this_ffmpeg_was_built_without_is_not_tried(driver: Driver, tmp_path: Path) -> None:
    tools = Tools(encoders=frozenset({"h264_vaapi", "libx264"}))
    (device,) = await prove([gpu(node(tmp_path))], rows=ROWS, tools=tools, environment=driver.environment)
    assert [proof.ability for proof in device.proofs] == [H264]


async def test_devices_differ(driver: Driver, tmp_path: Path) -> None:
    names = ("works", "closed", "breaks", "busy")
    switches = ({}, {"fail_open": 1}, {"fail_after": 5}, {"sessions": 0})
    nodes = [node(tmp_path, name, **one) for name, one in zip(names, switches, strict=True)]
    devices = await prove([gpu(one) for one in nodes], rows=ONLY_H264, environment=driver.environment)
    assert [device.gpu.node for device in devices] == [one.path for one in nodes]
    works, closed, breaks, busy = (device.problem for device in devices)
    assert works is None
    assert "does not open it" in str(closed)
    assert "Failed to end picture encode issue" in str(breaks)
    assert "takes at once are taken" in str(busy)


async def test_a_device_that_cannot_be_opened_is_asked_once(
    driver: Driver, tmp_path: Path, tried: list[Sequence[str]]
) -> None:
    (device,) = await prove([gpu(node(tmp_path, fail_open=1))], rows=ROWS, environment=driver.environment)
    assert len(device.proofs) == 3
    assert {proof.problem for proof in device.proofs} == {device.problem}
    assert len(tried) == 1


async def test_a_device_that_hangs_is_given_up_and_holds_up_no_other(
    driver: Driver, tmp_path: Path, tried: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[child.Child] = []
    kept = child.Child.__init__

    def remembered(self: child.Child, *arguments: object) -> None:
        kept(self, *arguments)  # type: ignore[arg-type]
        children.append(self)

    monkeypatch.setattr(child.Child, "__init__", remembered)
    hanging, working = node(tmp_path, "hangs", hang_after=3), node(tmp_path, "works")
    loop = asyncio.get_running_loop()
    before = loop.time()
    devices = await prove([gpu(hanging), gpu(working)], rows=ROWS, seconds=6, environment=driver.environment)
    assert loop.time() - before < 20
    assert "no answer within 6 s" in str(devices[0].problem)
    assert devices[1].can_encode("h264")
    assert sum(str(hanging.path) in " ".join(argv) for argv in tried) == 1
    assert not any(one.running for one in children)
    assert {state_of(one.pid) for one in children} == {"gone"}


async def test_a_child_that_no_signal_reaches_holds_up_nobody(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process is that waits in the kernel for a broken card."""
    signal = child.Child._signal
    deaf: list[child.Child] = []
    monkeypatch.setattr(child.Child, "_signal", lambda self, number: deaf.append(self))
    for name in ("_GRACE_SECONDS", "STOP_SECONDS"):
        monkeypatch.setattr(proving, name, 0.2)
    (device,) = await prove(
        [gpu(node(tmp_path, hang_after=3))], rows=ONLY_H264, seconds=0.5, environment=driver.environment
    )
    assert "no answer within 0.5 s" in str(device.problem)
    (stuck,) = {one for one in deaf if one.running}
    monkeypatch.setattr(child.Child, "_signal", signal)
    stuck.kill()
    await stuck.exited()
    await soon(lambda: len(asyncio.all_tasks()) == 1)


async def test_all_devices_are_tried_at_the_same_time(
    driver: Driver, tmp_path: Path, tried: list[Sequence[str]]
) -> None:
    both = [gpu(node(tmp_path, name, hang_after=0)) for name in ("a", "b")]
    proof = asyncio.ensure_future(prove(both, rows=ONLY_H264, environment=driver.environment))
    await soon(lambda: len(tried) == 2)
    proof.cancel()
    with pytest.raises(asyncio.CancelledError):
        await proof


async def test_a_trial_that_is_cancelled_leaves_nobody_behind(
    driver: Driver, tmp_path: Path, tried: list[Sequence[str]]
) -> None:
    device = node(tmp_path, hang_after=0)
    proof = asyncio.ensure_future(prove([gpu(device)], rows=ONLY_H264, environment=driver.environment))
    await soon(lambda: tried)
    proof.cancel()
    with pytest.raises(asyncio.CancelledError):
        await proof
    mine = os.fsencode(str(device.path))
    running = [one for one in Path("/proc").glob("[0-9]*/cmdline") if mine in one.read_bytes()]
    assert running == []


async def test_a_device_with_a_problem_is_not_tried(tmp_path: Path, tried: list[Sequence[str]]) -> None:
    closed = Gpu("pci-1", "a card", Vendor.AMD, "amdgpu", problem="not yours: join the group render")
    (device,) = await prove([closed], rows=ROWS)
    assert (device.problem, device.proofs, tried) == (closed.problem, (), [])


async def test_without_ffmpeg_it_is_the_admins_to_act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    device = gpu(node(tmp_path))
    with pytest.raises(ConfigError, match="ffmpeg is not installed"):
        await prove([device], rows=ROWS, cache=tmp_path / "proofs.json")


class TestSeveralAtOnce:
    async def test_two_at_once_are_proved(self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]]) -> None:
        (device,) = await prove([gpu(node(tmp_path))], rows=ROWS, environment=driver.environment)
        assert device.slots == 2
        assert len(tried) == 2 + ONCE
        one, other = (argv[-1] for argv in tried[2:] if "realtime" in " ".join(argv))
        assert one != other

    async def test_a_device_that_takes_one_at_a_time_still_encodes(self, driver: Driver, tmp_path: Path) -> None:
        (device,) = await prove([gpu(node(tmp_path, sessions=1))], rows=ONLY_H264, environment=driver.environment)
        assert (device.problem, device.slots) == (None, 1)

    async def test_one_that_was_only_busy_is_asked_again(
        self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]]
    ) -> None:
        device, cache = node(tmp_path, sessions=1), tmp_path / "proofs.json"
        for slots in (1, 2):
            (proved,) = await prove([gpu(device)], rows=ONLY_H264, environment=driver.environment, cache=cache)
            assert proved.slots == slots
            device.behave()
        assert len(tried) == ONCE + 2

    async def test_where_nothing_can_be_encoded_nothing_more_is_tried(
        self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]]
    ) -> None:
        (device,) = await prove([gpu(node(tmp_path, fail_after=2))], rows=ONLY_H264, environment=driver.environment)
        assert (device.slots, len(tried)) == (1, 1)


class TestWhatIsKept:
    async def test_answers_that_hold_are_not_asked_for_again(
        self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]]
    ) -> None:
        device, cache = gpu(node(tmp_path)), tmp_path / "proofs.json"
        first = await prove([device], rows=ROWS, environment=driver.environment, cache=cache)
        asked = len(tried)
        assert asked == 2 + ONCE
        assert await prove([device], rows=ROWS, environment=driver.environment, cache=cache) == first
        assert len(tried) == asked
        assert sorted(path.name for path in tmp_path.glob("*.json*")) == ["proofs.json"]

    async def test_asked_anew_no_old_answer_counts_and_the_new_ones_are_kept(
        self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]]
    ) -> None:
        device, cache = node(tmp_path), tmp_path / "proofs.json"
        await prove([gpu(device)], rows=ONLY_H264, environment=driver.environment, cache=cache)
        device.behave(fail_open=1)
        (broken,) = await prove([gpu(device)], rows=ONLY_H264, environment=driver.environment, cache=cache, anew=True)
        assert "does not open it" in str(broken.problem)
        device.behave()
        asked = len(tried)
        (again,) = await prove([gpu(device)], rows=ONLY_H264, environment=driver.environment, cache=cache)
        assert again.problem is None
        assert len(tried) == asked + ONCE

    async def test_devices_that_are_proved_at_different_times_share_one_file(
        self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]]
    ) -> None:
        several, cache = [gpu(node(tmp_path, name)) for name in "abc"], tmp_path / "proofs.json"
        await asyncio.gather(
            *(prove([one], rows=ONLY_H264, environment=driver.environment, cache=cache) for one in several)
        )
        asked = len(tried)
        await prove(several, rows=ONLY_H264, environment=driver.environment, cache=cache)
        assert len(tried) == asked

    async def test_a_device_that_is_not_there_today_is_not_forgotten(
        self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]]
    ) -> None:
        one, other = gpu(node(tmp_path, "a")), gpu(node(tmp_path, "b"))
        cache = tmp_path / "proofs.json"
        for gpus in ([one], [other], [one, other]):
            await prove(gpus, rows=ONLY_H264, environment=driver.environment, cache=cache)
        assert len(tried) == 2 * ONCE

    @pytest.mark.parametrize("switches", [{"fail_open": 1}, {"fail_after": 2}, {"sessions": 0}, {"hang_after": 2}])
    async def test_what_may_pass_is_tried_again(
        self, driver: Driver, tmp_path: Path, switches: dict[str, int]
    ) -> None:
        broken, cache = node(tmp_path, **switches), tmp_path / "proofs.json"
        seconds = 2 if "hang_after" in switches else 20
        (device,) = await prove(
            [gpu(broken)], rows=ONLY_H264, environment=driver.environment, cache=cache, seconds=seconds
        )
        assert device.problem is not None
        broken.behave()
        (device,) = await prove([gpu(broken)], rows=ONLY_H264, environment=driver.environment, cache=cache)
        assert device.problem is None

    async def test_a_new_driver_is_tried(self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]]) -> None:
        device, cache = node(tmp_path), tmp_path / "proofs.json"
        for version in ("6.1", "6.2"):
            await prove([gpu(device, version)], rows=ONLY_H264, environment=driver.environment, cache=cache)
        assert len(tried) == 2 * ONCE

    async def test_another_ffmpeg_is_tried(
        self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device, cache = gpu(node(tmp_path)), tmp_path / "proofs.json"
        await prove([device], rows=ONLY_H264, environment=driver.environment, cache=cache)
        other = tmp_path / "bin/ffmpeg"
        other.parent.mkdir()
        other.write_text('#!/bin/sh\nexec /usr/bin/ffmpeg "$@"\n')
        other.chmod(0o755)
        monkeypatch.setenv("PATH", f"{other.parent}:{os.environ['PATH']}")
        await prove([device], rows=ONLY_H264, environment=driver.environment, cache=cache)
        assert len(tried) == 2 * ONCE

    async def test_new_libraries_are_tried(
        self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device, cache, drivers = gpu(node(tmp_path)), tmp_path / "proofs.json", tmp_path / "drivers"
        drivers.mkdir()
        monkeypatch.setenv("LIBVA_DRIVERS_PATH", str(drivers))
        await prove([device], rows=ONLY_H264, environment=driver.environment, cache=cache)
        (drivers / "new_drv_video.so").touch()
        await prove([device], rows=ONLY_H264, environment=driver.environment, cache=cache)
        assert len(tried) == 2 * ONCE

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda file: file.write_bytes(b"\0\xff"),
            lambda file: file.write_text("{}"),
            lambda file: file.write_text(json.dumps({**json.loads(file.read_text()), "form": 2})),
            lambda file: file.write_text(file.read_text()[:-20]),
            lambda file: (file.unlink(), file.mkdir()),
        ],
        ids=["no JSON", "empty", "newer", "cut off", "folder"],
    )
    async def test_a_file_that_is_damaged_or_foreign_is_none(
        self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]], spoil: Callable[[Path], object]
    ) -> None:
        device, cache = gpu(node(tmp_path)), tmp_path / "state/proofs.json"
        cache.parent.mkdir()
        await prove([device], rows=ONLY_H264, environment=driver.environment, cache=cache)
        spoil(cache)
        (again,) = await prove([device], rows=ONLY_H264, environment=driver.environment, cache=cache)
        assert again.can_encode("h264")
        assert len(tried) == 2 * ONCE
        assert [path.name for path in cache.parent.iterdir()] == ["proofs.json"]


class TestFinding:
    async def test_what_is_disabled_is_shown_but_not_tried(
        self, driver: Driver, tmp_path: Path, tried: list[Sequence[str]]
    ) -> None:
        off, on = gpu(node(tmp_path, "a")), gpu(node(tmp_path, "b"))
        devices = await find_devices(
            lambda: (off, on), disabled=[off.id], rows=ONLY_H264, environment=driver.environment
        )
        assert devices[0] == Device(off)
        assert devices[1].can_encode("h264")
        assert len(tried) == ONCE

    async def test_where_there_is_nothing_nothing_is_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert await find_devices(lambda: (), cache=tmp_path / "proofs.json") == ()
