"""What udev tells is heard; what cannot be heard is missed without harm."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable

import pytest

from mkv2castd.encoder import hotplug
from mkv2castd.encoder.hotplug import Monitor, listening, open_monitor
from tests.trouble import soon


def unexpected() -> None:
    raise AssertionError("nothing has happened")


class Deaf:
    """A monitor whose socket says that there is something, and then fails."""

    def __init__(self) -> None:
        self.ear, self.mouth = os.pipe()
        os.write(self.mouth, b"!")
        self.asked = 0

    def fileno(self) -> int:
        return self.ear

    def poll(self, timeout: float) -> object | None:
        self.asked += 1
        raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))


def test_the_systems_own_monitor_is_a_socket_that_tells_nothing_while_nothing_happens() -> None:
    monitor = open_monitor()
    assert os.readlink(f"/proc/self/fd/{monitor.fileno()}").startswith("socket:")
    assert monitor.poll(0) is None


async def test_it_is_listened_to_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Monitor] = []

    def remembered() -> Monitor:
        opened.append(open_monitor())
        return opened[0]

    monkeypatch.setattr(hotplug, "open_monitor", remembered)
    async with listening(unexpected):
        pass
    assert not asyncio.get_running_loop().remove_reader(opened[0].fileno())


@pytest.mark.parametrize("error", [ImportError("No library named udev"), PermissionError("not permitted")])
async def test_where_it_cannot_be_listened_to_that_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def refuse() -> Monitor:
        raise error

    monkeypatch.setattr(hotplug, "open_monitor", refuse)
    async with listening(unexpected):
        pass
    (record,) = caplog.records
    assert str(error) in record.getMessage()
    assert "within a minute" in record.getMessage()


async def test_one_that_fails_later_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    deaf = Deaf()
    opened: Callable[[], Monitor] = lambda: deaf  # noqa: E731
    monkeypatch.setattr(hotplug, "open_monitor", opened)
    async with listening(unexpected):
        await soon(lambda: caplog.records)
        await asyncio.sleep(0.1)
    assert (deaf.asked, len(caplog.records)) == (1, 1)
    for descriptor in (deaf.ear, deaf.mouth):
        os.close(descriptor)
