"""Hours are kept: told when they change, by a clock that tests put forward, and by the real one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mkv2castd import timekeeping
from mkv2castd.timekeeping import keep_hours

ZONE = ZoneInfo("Europe/Berlin")
NIGHT = ("22:00-07:00",)


@dataclass
class Wall:
    """A clock on the wall, the configuration, and what has been told. `looks`: how often the clock was read."""

    moment: datetime
    hours: tuple[str, ...]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    told: list[bool] = field(default_factory=list)
    looks: int = 0
    _looked: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        self.looks += 1
        self._looked.set()
        return self.moment

    async def look(self) -> None:
        """Until the clock is read again."""
        self._looked.clear()
        async with asyncio.timeout(10):
            await self._looked.wait()

    async def reload(self, hours: tuple[str, ...]) -> None:
        self.hours = hours
        self.changed.set()
        await self.look()


@asynccontextmanager
async def keeping(clock: str, hours: tuple[str, ...]) -> AsyncIterator[Wall]:
    wall = Wall(datetime.fromisoformat(clock).replace(tzinfo=ZONE), hours)
    keeper = asyncio.create_task(keep_hours(lambda: wall.hours, wall.changed, wall.told.append, wall.now))
    try:
        await wall.look()
        yield wall
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper


async def test_what_holds_is_told_at_once() -> None:
    async with keeping("2026-06-01T12:00", NIGHT) as wall:
        assert wall.told == [False]
    async with keeping("2026-06-01T23:00", NIGHT) as wall:
        assert wall.told == [True]


async def test_a_change_is_told_when_it_comes() -> None:
    async with keeping("2026-06-01T21:59:59.95", NIGHT) as wall:
        assert wall.told == [False]
        wall.moment += timedelta(seconds=0.1)
        await wall.look()
        assert wall.told == [False, True]


async def test_a_clock_that_is_put_forward_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "_AT_MOST_SECONDS", 0.01)
    async with keeping("2026-06-01T12:00", NIGHT) as wall:
        wall.moment += timedelta(hours=11)
        await wall.look()
        assert wall.told == [False, True]
        await wall.look()
        await wall.look()
        assert wall.told == [False, True], "nothing is told twice"


async def test_hours_that_make_up_the_whole_day_never_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "_AT_MOST_SECONDS", 0.01)
    async with keeping("2026-06-01T12:00", ("00:00-12:00", "12:00-00:00")) as wall:
        wall.moment += timedelta(hours=12)
        await wall.look()
        assert wall.told == [True]


async def test_without_hours_it_is_open_and_nobody_looks_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "_AT_MOST_SECONDS", 0.001)
    async with keeping("2026-06-01T12:00", ()) as wall:
        await asyncio.sleep(0.1)
        assert (wall.told, wall.looks) == ([True], 1)


async def test_a_changed_configuration_takes_effect_at_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with keeping("2026-06-01T12:00", ()) as wall:
        await wall.reload(NIGHT)
        assert wall.told == [True, False]
        await wall.reload(("11:00-13:00",))
        assert wall.told == [True, False, True]
        await wall.reload(("10:00-13:00",))
        await wall.reload(())
        assert wall.told == [True, False, True]
    assert caplog.messages == [
        "no picture is encoded until 22:00, as [queue] hours says",
        "pictures are encoded again",
    ]


async def test_the_real_clock_is_read_in_local_time() -> None:
    told: asyncio.Queue[bool] = asyncio.Queue()
    now = datetime.now().astimezone()
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
    keeper = asyncio.create_task(keep_hours(lambda: (hours,), asyncio.Event(), told.put_nowait))
    assert await asyncio.wait_for(told.get(), 10) is True
    keeper.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await keeper
