"""systemd is told what it understands, over sockets of both kinds."""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mkv2castd.notify import Notifier, supervision


def listening(address: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(address)
    sock.settimeout(10)
    return sock


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The address as it stands in the environment, and the socket behind it."""
    name = f"@mkv2castd-test-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    with listening(name.replace("@", "\0", 1)) as sock:
        yield name, sock


def test_every_message_is_one_datagram_as_sd_notify_describes_it(manager: tuple[str, socket.socket]) -> None:
    address, sock = manager
    notifier = Notifier(address)
    notifier.ready()
    notifier.status("2 converting\nREADY=1")
    notifier.alive()
    notifier.extend(30)
    notifier.reloading()
    notifier.stopping()
    told = [sock.recv(4096).decode() for _ in range(6)]
    assert told[:4] == ["READY=1", "STATUS=2 converting READY=1", "WATCHDOG=1", "EXTEND_TIMEOUT_USEC=30000000"]
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", told[4])
    assert told[5] == "STOPPING=1"


def test_where_nobody_listens_it_says_so_and_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Notifier(str(tmp_path / "nobody")).ready()
    assert "READY=1" in caplog.text


def test_where_nobody_is_to_be_told_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier(None)
    notifier.ready()
    assert not notifier.heard
    assert not caplog.records


def test_the_environment_is_taken_and_kept_from_children() -> None:
    environment = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "7", "PATH": "/bin"}
    wanted = supervision(environment, 7)
    assert (wanted.watchdog_seconds, wanted.notifier.heard) == (120.0, True)
    assert environment == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "nothing is said of it"),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "8"}, "it is meant for another process"),
        ({"WATCHDOG_USEC": "0"}, "it is off"),
        ({"WATCHDOG_USEC": "soon"}, "it is no number"),
    ],
)
def test_a_watchdog_is_fed_only_where_it_watches_us(environment: dict[str, str], why: str) -> None:
    assert supervision(environment, 7).watchdog_seconds is None, why
