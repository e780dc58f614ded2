"""What many tests begin with."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.driver import Driver, build
from tests.workers import Scheduling, Turns, rank

TURNS = pytest.StashKey[Turns]()


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[TURNS] = turns = Turns(session.config.cache.mkdir("turns"))
    session.config.add_cleanup(turns.close)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid))


# tryfirst: the time that a test waits for its turn is not its own
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    alone = item.get_closest_marker("alone") is not None
    with item.config.stash[TURNS].taken(alone):
        return (yield)


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
def turns(request: pytest.FixtureRequest) -> Turns:
    """For a test that measures the machine in a part of it only."""
    return request.config.stash[TURNS]


@pytest.fixture(scope="session")
def driver(request: pytest.FixtureRequest) -> Driver:
    """The test driver; where it cannot be built, the tests that need it fail and say what to install."""
    return build(request.config.cache.mkdir("driver"))
