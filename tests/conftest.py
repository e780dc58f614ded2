"""What many tests begin with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.driver import Driver, build


@pytest.fixture(scope="session", autouse=True)
def _no_bus_of_this_machine() -> None:
    """Whatever is started by a test finds no bus unless it is told of one."""
    for kind in ("SESSION", "SYSTEM"):
        os.environ[f"DBUS_{kind}_BUS_ADDRESS"] = "unix:path=/nonexistent/no-bus-in-tests"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """An empty folder to be watched."""
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where a daemon's state folder is to be."""
    return tmp_path / "state"


@pytest.fixture(scope="session")
def driver(request: pytest.FixtureRequest) -> Driver:
    """The test driver; where it cannot be built, the tests that need it fail and say what to install."""
    return build(request.config.cache.mkdir("driver"))
