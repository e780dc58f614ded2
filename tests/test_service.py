"""The service manager hears that we are ready once we are, and that we live only while everything turns."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from mkv2castd.config import Config, DevicesConfig
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.events import Hub
from mkv2castd.lock import state_folder
from mkv2castd.notify import Notifier, Supervision
from mkv2castd.service import Service, feed, starting
from mkv2castd.store import open_store
from tests.trouble import calm, soon


class Manager:
    """A service manager: what it has heard so far."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.heard: list[str] = []
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._sock.bind(address)
        asyncio.get_running_loop().add_reader(self._sock, self._read)

    def _read(self) -> None:
        self.heard.append(self._sock.recv(4096).decode())

    def count(self, message: str) -> int:
        return self.heard.count(message)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.close()


@asynccontextmanager
async def task(work: Coroutine[None, None, object]) -> AsyncIterator[None]:
    running = asyncio.create_task(work)
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait((running,))


async def _turns() -> None:
    await asyncio.sleep(0)


async def _quiet() -> str:
    return "nothing to convert"


async def test_the_watchdog_is_fed_while_everything_turns(manager: Manager) -> None:
    async with task(feed(Notifier(manager.address), 0.1, {"the lanes": _turns, "the store": _turns})):
        await soon(lambda: manager.count("WATCHDOG=1") > 3)


async def test_one_part_that_stalls_is_enough_to_starve_the_watchdog_and_is_named(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    gate = asyncio.Event()
    gate.set()
    async with task(feed(Notifier(manager.address), 0.1, {"the lanes": _turns, "the store": gate.wait})):
        await soon(lambda: manager.count("WATCHDOG=1") > 1)
        gate.clear()
        await soon(lambda: "no sign of life of the store" in caplog.text)
        fed = manager.count("WATCHDOG=1")
        caplog.clear()
        await soon(lambda: "no sign of life of the store" in caplog.text)
        assert manager.count("WATCHDOG=1") == fed
        gate.set()
        await soon(lambda: manager.count("WATCHDOG=1") > fed)


async def test_ready_is_said_once_its_conditions_have_come(manager: Manager) -> None:
    name_owned = asyncio.Event()
    service = Service(
        *(Supervision(Notifier(manager.address)), {"the lanes": _turns}, _quiet, lambda _: lambda: None),
        conditions={"D-Bus": name_owned.wait},
    )
    async with task(service.serve()):
        await soon(lambda: manager.count("STATUS=nothing to convert") == 1)
        assert manager.count("READY=1") == 0
        name_owned.set()
        await soon(lambda: manager.count("READY=1") == 1)


async def test_a_condition_that_never_comes_is_named_and_keeps_no_film_waiting(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(
        *(Supervision(Notifier(manager.address)), {"the lanes": _turns}, _quiet, lambda _: lambda: None),
        conditions={"D-Bus": asyncio.Event().wait},
        condition_seconds=0.05,
    )
    async with task(service.serve()):
        await soon(lambda: manager.count("READY=1") == 1)
    assert "started without D-Bus" in caplog.text


async def test_without_its_beats_it_is_never_ready_and_only_conditions_are_waived(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    alive, asked = asyncio.Event(), asyncio.Event()

    async def condition() -> None:
        asked.set()
        await asyncio.Event().wait()

    service = Service(
        *(Supervision(Notifier(manager.address)), {"the store": alive.wait}, _quiet, lambda _: lambda: None),
        conditions={"D-Bus": condition},
        condition_seconds=0.01,
    )
    async with task(service.serve()):
        await soon(lambda: manager.count("STATUS=nothing to convert") == 1)
        assert (manager.count("READY=1"), asked.is_set()) == (0, False)
        alive.set()
        await soon(lambda: manager.count("READY=1") == 1)
    assert "started without D-Bus" in caplog.text
    assert "the store" not in caplog.text


async def test_a_start_that_takes_its_time_asks_for_more(manager: Manager) -> None:
    async with starting(Notifier(manager.address)) as over:
        await soon(lambda: manager.count("EXTEND_TIMEOUT_USEC=30000000") == 1)
        over()


# The real parts


@asynccontextmanager
async def parts(state: Path) -> AsyncIterator[Workshop]:
    """A store and lanes, of which the latter do not turn yet."""
    hub = Hub()
    with state_folder(state):
        async with open_store(state, hub.publish) as store:
            yield Workshop(Config(devices=DevicesConfig(detect=False)), state, store, hub.publish)


async def test_lanes_that_do_not_turn_starve_the_watchdog(
    state: Path, manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        parts(state) as workshop,
        task(feed(Notifier(manager.address), 0.4, {"the lanes": workshop.lanes.beat})),
    ):
        await soon(lambda: "no sign of life of the lanes" in caplog.text)
        assert manager.count("WATCHDOG=1") == 0
        async with task(workshop.serve()):
            await soon(lambda: manager.count("WATCHDOG=1") > 1)


async def test_a_writer_that_is_stuck_in_its_work_starves_the_watchdog(
    state: Path, manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    stuck = threading.Event()
    async with (
        parts(state) as workshop,
        task(feed(Notifier(manager.address), 0.4, {"the store": workshop.store.beat})),
    ):
        await soon(lambda: manager.count("WATCHDOG=1") > 1)
        async with task(workshop.store.write(lambda _: stuck.wait(60))):
            await soon(lambda: "no sign of life of the store" in caplog.text)
            stuck.set()
        fed = manager.count("WATCHDOG=1")
        await soon(lambda: manager.count("WATCHDOG=1") > fed)


# The real daemon


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Nobody else can write: what a disk that hangs does to the writer."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def _environment(manager: Manager, seconds: float) -> dict[str, str]:
    return {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(round(seconds * 1_000_000))}


async def test_the_daemon_tells_its_whole_life(films: Path, state: Path, manager: Manager) -> None:
    async with calm(films, state=state, environment=_environment(manager, 4)) as daemon:
        await soon(lambda: manager.count("READY=1") == 1)
        await soon(lambda: manager.count("STATUS=nothing to convert") == 1)
        await soon(lambda: manager.count("WATCHDOG=1") > 1)
        await daemon.post("/api/queue/pause/")
        await soon(lambda: manager.count("STATUS=nothing to convert; paused") == 1)
        os.kill(daemon.pid, signal.SIGHUP)
        await soon(lambda: manager.count("READY=1") == 2)
        assert any(line.startswith("RELOADING=1") for line in manager.heard)
        assert await daemon.stop() == 0
        await soon(lambda: manager.count("STOPPING=1") == 1)


async def test_a_reload_that_fails_is_over_all_the_same(films: Path, state: Path, manager: Manager) -> None:
    async with calm(films, state=state, environment=_environment(manager, 4)) as daemon:
        await soon(lambda: manager.count("READY=1") == 1)
        (state.parent / f"{state.name}.toml").write_text("[queue\n")
        os.kill(daemon.pid, signal.SIGHUP)
        await soon(lambda: manager.count("READY=1") == 2)


async def test_a_writer_that_hangs_starves_the_watchdog_of_the_daemon(
    films: Path, state: Path, manager: Manager
) -> None:
    async with calm(films, state=state, environment=_environment(manager, 2)) as daemon:
        await soon(lambda: manager.count("WATCHDOG=1") > 1)
        with locked(state / "mkv2castd.sqlite"):
            await soon(lambda: any("no sign of life of the store" in line for line in daemon.said))
            fed = manager.count("WATCHDOG=1")
        await soon(lambda: manager.count("WATCHDOG=1") > fed)
