"""`mkv2castd devices`: what people and programs are told of the GPUs, with stock ffmpeg on the test driver."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.config import DevicesConfig
from mkv2castd.device import Gpu, Vendor
from mkv2castd.device_report import show_devices
from mkv2castd.errors import ConfigError
from tests.driver import Driver, node
from tests.encoder.graphics import ROWS
from tests.trouble import ends

NONE = DevicesConfig()
CPU = ["h264", "hevc", "hevc-10bit", "vp8", "vp9", "vp9-10bit"]
CONSOLE = Gpu("pci-0000_05_00_0", "ASPEED", Vendor.OTHER, "ast", problem="it shows pictures and encodes none")


@pytest.fixture(autouse=True)
def encoders_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mkv2castd.encoder.proofs.SAMPLES", ())
    monkeypatch.setattr("mkv2castd.encoder.proofs.device_filters", lambda _backend: None)
    monkeypatch.setenv("COLUMNS", "200")


def cards(tmp_path: Path) -> tuple[Gpu, ...]:
    good = Gpu("pci-0000_03_00_0", "Radeon R9 285", Vendor.AMD, "radeon", node=node(tmp_path, "good").path)
    bad = Gpu(
        "pci-0000_04_00_0", "Radeon Pro W6600", Vendor.AMD, "radeon", node=node(tmp_path, "bad", fail_open=1).path
    )
    return good, bad, CONSOLE


async def test_people_see_what_works_and_what_helps_where_nothing_does(
    driver: Driver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cards(tmp_path)
    await show_devices(NONE, lambda: found, as_json=False, rows=ROWS, environment=driver.environment)
    out, err = capsys.readouterr()
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0].split() == ["id", "name", "driver", "at", "once", "encodes"]
    assert lines[1].split() == ["pci-0000_03_00_0", "Radeon", "R9", "285", "radeon", "2", "h264"]
    assert lines[2].split()[-2:] == ["radeon", "nothing"]
    assert lines[4].split(maxsplit=1)[0] == "cpu"
    assert "hevc 10-bit" in lines[4]
    assert lines[5].startswith("✗ pci-0000_04_00_0: its driver does not open it")
    assert lines[6] == f"✗ {CONSOLE.id}: {CONSOLE.problem}"
    assert (len(lines), err) == (7, "")


async def test_programs_get_one_list(driver: Driver, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = cards(tmp_path)
    off = DevicesConfig(cpu_slots=2, disabled=(found[1].id, "pci-of_a_card_that_was_sold"))
    await show_devices(off, lambda: found, as_json=True, rows=ROWS, environment=driver.environment)
    told: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    good, bad, console, cpu = told
    assert good == {
        "id": "pci-0000_03_00_0",
        "name": "Radeon R9 285",
        "vendor": "amd",
        "kind": "gpu",
        "driver": "radeon",
        "encoders": ["h264"],
        "slots": 2,
        "enabled": True,
        "healthy": True,
        "problem": None,
    }
    assert (bad["enabled"], bad["encoders"], bad["slots"], bad["problem"]) == (False, [], 0, None)
    assert (console["enabled"], console["healthy"], console["problem"]) == (True, False, CONSOLE.problem)
    assert (cpu["id"], cpu["kind"], cpu["slots"], cpu["encoders"]) == ("cpu", "cpu", 2, CPU)


async def test_what_is_configured_wins_over_what_is_proved(
    driver: Driver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cards(tmp_path)[:1]
    three = DevicesConfig(slots={found[0].id: 3})
    await show_devices(three, lambda: found, as_json=True, rows=ROWS, environment=driver.environment)
    card, _ = json.loads(capsys.readouterr().out)
    assert card["slots"] == 3


async def test_a_disabled_device_is_shown_as_such(
    driver: Driver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cards(tmp_path)[:1]
    off = DevicesConfig(disabled=(found[0].id,))
    await show_devices(off, lambda: found, as_json=False, rows=ROWS, environment=driver.environment)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[-1] == "disabled"


async def test_where_there_is_no_gpu_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    await show_devices(NONE, lambda: (), as_json=False)
    assert "No GPU was found: pictures are encoded on the processor." in capsys.readouterr().out


async def test_without_ffmpeg_it_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="ffmpeg is not installed"):
        await show_devices(NONE, lambda: (), as_json=True)


async def test_the_command_finds_a_node_that_the_configuration_names(driver: Driver, tmp_path: Path) -> None:
    device = node(tmp_path / "gpu", "renderD190")
    config = tmp_path / "config.toml"
    named_only = f'[devices]\ndetect = false\nnodes = ["{device.path}"]\n'
    config.write_text(named_only, encoding="utf-8")
    ended = await ends("devices", "--json", "--config", config, environment=driver.environment)
    assert (ended.code, ended.err) == (0, "")
    told = json.loads(ended.out)
    named, cpu = told
    assert (named["kind"], named["name"], cpu["id"]) == ("gpu", f"GPU at {device.path}", "cpu")
    config.write_text(f'{named_only}disabled = ["{named["id"]}"]\n', encoding="utf-8")
    ended = await ends("devices", "--config", config, environment=driver.environment)
    assert ended.code == 0
    assert any(line.split()[0] == named["id"] and line.split()[-1] == "disabled" for line in ended.out.splitlines())
