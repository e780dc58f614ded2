"""What many tests begin with."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.driver import Driver, build
from tests.workers import Scheduling, Turns, rank, sendable

TURNS = pytest.StashKey[Turns]()
STDERR = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[STDERR] = os.dup(2)  # before the output of tests is caught
    config.add_cleanup(lambda: os.close(config.stash[STDERR]))


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[TURNS] = turns = Turns(session.config.cache.mkdir("turns"))
    session.config.add_cleanup(turns.close)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    alone = {item.nodeid.partition("::")[0] for item in items if item.get_closest_marker("alone") is not None}
    items.sort(key=lambda item: rank(item.nodeid, alone))


# tryfirst: the time that a test waits for its turn is not its own
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    alone = item.get_closest_marker("alone") is not None
    with item.config.stash[TURNS].taken(alone):
        return (yield)


# in a worker: what a report is sent as
@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, object, object]:
    return sendable((yield))


# what pytest-timeout says when it ends a worker is not heard
@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    if hasattr(item.config, "workerinput"):
        faulthandler.dump_traceback_later(max(0.1, settings.timeout - 1), file=item.config.stash[STDERR])


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_timeout_cancel_timer(item: pytest.Item) -> None:
    faulthandler.cancel_dump_traceback_later()


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
def turns(request: pytest.FixtureRequest) -> Turns:
    """For a test that measures the machine in a part of it only."""
    return request.config.stash[TURNS]


@pytest.fixture(scope="session")
def driver(request: pytest.FixtureRequest) -> Driver:
    """The test driver; where it cannot be built, the tests that need it fail and say what to install."""
    return build(request.config.cache.mkdir("driver"))
