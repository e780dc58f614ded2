"""`mkv2castd check` on D-Bus."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkv2castd.check_bus import bus_findings
from tests.api.buses import private_bus


async def test_a_bus_that_is_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with private_bus(tmp_path) as private:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", private.address)
        (found,) = await bus_findings("system")
    assert (found.level, found.what) == ("ok", "the system bus can be reached")


async def test_one_that_is_not_is_a_warning_only_where_it_was_asked_for() -> None:
    (found,) = await bus_findings("session")
    assert found.level == "warning"
    assert "no-bus-in-tests: No such file or directory" in found.what
    assert "dbus-run-session" in (found.remedy or "")
    (found,) = await bus_findings("auto")
    assert (found.level, "works without D-Bus" in found.what) == ("ok", True)
    assert await bus_findings("none") == []


async def test_where_the_environment_names_no_bus_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    (found,) = await bus_findings("session")
    assert found.what == "no session bus: the environment names none"
