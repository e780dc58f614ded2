"""The test driver does what its switches say: what is shown with it about graphics cards rests on that."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from mkv2castd.encoder.process import Child, Ended, run
from mkv2castd.errors import DeviceError, ErrorCode
from tests import driver as test_driver
from tests.driver import Driver, Node, node


def argv(device: Node, target: Path, encoder: str = "h264_vaapi", frames: int = 20) -> list[str]:
    return [
        *("ffmpeg", "-hide_banner", "-nostdin", "-y", "-progress", "pipe:1", "-stats_period", "0.05"),
        *("-init_hw_device", f"vaapi=gpu:{device.path}", "-filter_hw_device", "gpu"),
        *("-f", "lavfi", "-i", "testsrc2=size=322x182:rate=25", "-frames:v", str(frames)),
        *("-vf", "format=nv12,hwupload", "-c:v", encoder, "-qp", "23", str(target)),
    ]


async def encode(driver: Driver, device: Node, target: Path, **options: str | int) -> Ended:
    return await run(argv(device, target, **options), environment=driver.environment)  # type: ignore[arg-type]


def shown(film: Path) -> list[str]:
    entries = "stream=codec_name,profile,width,height,nb_read_frames"
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries", entries, "-of", "csv=p=0", film],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stderr == ""
    return told.stdout.strip().split(",")


async def test_ffmpeg_encodes_on_it_what_a_software_decoder_plays(driver: Driver, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    ended = await encode(driver, node(tmp_path), film)
    assert ended.exit_code == 0, ended.stderr_tail
    assert shown(film) == ["h264", "High", "322", "182", "20"]
    compared = subprocess.run(
        [
            *("ffmpeg", "-v", "info", "-i", film, "-f", "lavfi", "-i", "testsrc2=size=322x182:rate=25"),
            *("-lavfi", "psnr=shortest=1", "-f", "null", "-"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(compared.stderr.partition("average:")[2].split()[0]) > 35


@pytest.mark.parametrize(
    "rate_control",
    [
        "-rc_mode ICQ -global_quality 23",
        "-rc_mode QVBR -b:v 1M -global_quality 23 -maxrate 2M -bufsize 2M",
        "-rc_mode VBR -b:v 300k -maxrate 600k -bufsize 600k",
        "-rc_mode CBR -b:v 300k",
    ],
)
async def test_it_takes_every_way_of_controlling_the_rate(driver: Driver, tmp_path: Path, rate_control: str) -> None:
    film = tmp_path / "film.mkv"
    command = argv(node(tmp_path), film)
    place = command.index("-qp")
    ended = await run(
        [*command[:place], *rate_control.split(), *command[place + 2 :]], environment=driver.environment
    )
    assert ended.exit_code == 0, ended.stderr_tail
    assert shown(film)[-1] == "20"


async def test_a_codec_that_it_lacks_is_refused_cleanly(driver: Driver, tmp_path: Path) -> None:
    ended = await encode(driver, node(tmp_path), tmp_path / "film.mkv", encoder="hevc_vaapi")
    assert ended.exit_code > 0
    assert "No usable encoding profile found" in ended.stderr_tail


async def test_it_cannot_be_opened(driver: Driver, tmp_path: Path) -> None:
    ended = await encode(driver, node(tmp_path, fail_open=1), tmp_path / "film.mkv")
    assert ended.exit_code > 0
    assert "Failed to initialise VAAPI connection: 1 (operation failed)" in ended.stderr_tail


async def test_it_fails_after_some_frames(driver: Driver, tmp_path: Path) -> None:
    device = node(tmp_path, fail_after=7)
    film = tmp_path / "film.mkv"
    ended = await encode(driver, device, film)
    assert ended.exit_code > 0
    assert "Failed to end picture encode issue: 24" in ended.stderr_tail
    device.behave(fail_after=20)
    assert (await encode(driver, device, film)).exit_code == 0


async def test_the_environment_holds_where_the_device_has_no_switches_of_its_own(
    driver: Driver, tmp_path: Path
) -> None:
    film = tmp_path / "film.mkv"
    poor, good = node(tmp_path), node(tmp_path, "renderD129", fail_after=-1)
    environment = {**driver.environment, "TESTDRIVER_FAIL_AFTER": "3"}
    assert (await run(argv(poor, film), environment=environment)).exit_code > 0
    assert (await run(argv(good, film), environment=environment)).exit_code == 0


async def test_it_hangs_after_some_frames(driver: Driver, tmp_path: Path) -> None:
    children: list[Child] = []
    device = node(tmp_path, hang_after=3)
    with pytest.raises(DeviceError) as caught:
        await run(
            argv(device, tmp_path / "film.mkv"),
            environment=driver.environment,
            stall_seconds=0.7,
            on_start=children.append,
        )
    assert caught.value.code is ErrorCode.STALLED
    assert not children[0].running


class Underway:
    """An encode that goes on until it is told otherwise, and has begun."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self._begun = asyncio.Event()
        self.task = asyncio.ensure_future(run(command, on_line=self._line, environment=environment))

    def _line(self, line: str) -> bool:
        frame = line.removeprefix("frame=")
        if frame != line and int(frame) > 0:
            self._begun.set()
        return True

    async def begun(self) -> None:
        waiting = asyncio.ensure_future(self._begun.wait())
        await asyncio.wait((waiting, self.task), timeout=90, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        assert not self.task.done(), self.task.result().stderr_tail
        assert self._begun.is_set()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait((self.task,))


async def test_it_takes_so_many_sessions_from_all_processes(driver: Driver, tmp_path: Path) -> None:
    device = node(tmp_path, sessions=2, slow_ms=20)
    both = [
        Underway(argv(device, tmp_path / f"{number}.mkv", frames=10_000), driver.environment) for number in range(2)
    ]
    for one in both:
        await one.begun()
    third = await encode(driver, device, tmp_path / "third.mkv")
    assert third.exit_code > 0
    assert "Failed to create encode pipeline context: 34 (HW busy now)" in third.stderr_tail
    await both[0].stop()
    assert (await encode(driver, device, tmp_path / "third.mkv", frames=2)).exit_code == 0
    await both[1].stop()


async def test_it_vanishes_in_the_middle_of_an_encode(driver: Driver, tmp_path: Path) -> None:
    device, other = node(tmp_path, slow_ms=20), node(tmp_path, "renderD129")
    encoding = Underway(argv(device, tmp_path / "film.mkv", frames=10_000), driver.environment)
    await encoding.begun()
    device.vanish()
    ended = await asyncio.wait_for(encoding.task, 25)
    assert ended.exit_code > 0
    assert "(operation failed)" in ended.stderr_tail
    assert (await encode(driver, device, tmp_path / "film.mkv")).exit_code > 0
    assert (await encode(driver, other, tmp_path / "film.mkv")).exit_code == 0
    device.come_back()
    assert (await encode(driver, device, tmp_path / "film.mkv", frames=2)).exit_code == 0


async def test_it_takes_as_long_for_a_frame_as_it_is_told(driver: Driver, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()
    assert (await encode(driver, node(tmp_path, slow_ms=40), tmp_path / "film.mkv")).exit_code == 0
    assert loop.time() - before >= 20 * 0.04


@pytest.mark.parametrize(("program", "said"), [("pkg-config", "needs pkg-config"), ("gcc", "needs gcc")])
def test_what_is_missing_for_building_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    for name in {"pkg-config", "gcc"} - {program}:
        fake = tmp_path / "bin" / name
        fake.parent.mkdir(exist_ok=True)
        fake.write_text("#!/bin/sh\n")
        fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(RuntimeError, match=f"{said}: apt-get install gcc .*libva-dev"):
        test_driver.build(tmp_path / "cache")


def test_it_is_built_once(driver: Driver) -> None:
    made = (driver.folder / f"{test_driver.NAME}_drv_video.so").stat().st_mtime_ns
    again = test_driver.build(driver.folder.parent)
    assert again == driver
    assert (again.folder / f"{test_driver.NAME}_drv_video.so").stat().st_mtime_ns == made
