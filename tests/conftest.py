"""What many tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.driver import Driver, build


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
