"""What nobody tells is noticed: other libraries, and a machine that has slept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mkv2castd.encoder import circumstances
from mkv2castd.encoder.circumstances import asleep, watch
from mkv2castd.threads import in_thread


class Ticks:
    """The last of them, each awaited."""

    def __init__(self) -> None:
        self._next: asyncio.Queue[tuple[bool, bool]] = asyncio.Queue()

    def __call__(self, other_software: bool, woken: bool) -> None:
        self._next.put_nowait((other_software, woken))

    async def until(self, wanted: tuple[bool, bool]) -> None:
        async with asyncio.timeout(25):
            while await self._next.get() != wanted:
                pass

    async def quiet(self, number: int) -> None:
        for _ in range(number):
            assert await self._next.get() == (False, False)


@pytest.fixture
def drivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIBVA_DRIVERS_PATH", str(tmp_path))
    return tmp_path


async def test_a_change_is_told_once(drivers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = Ticks()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch(0.02, ticks))
        await ticks.quiet(2)
        (drivers / "new_drv_video.so").touch()
        await ticks.until((True, False))
        await ticks.quiet(2)
        monkeypatch.setattr(circumstances, "asleep", lambda: 3600.0 + asleep())
        await ticks.until((False, True))
        await ticks.quiet(2)
        watching.cancel()


async def test_a_disk_that_does_not_answer_holds_up_nothing(drivers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never = asyncio.Event()

    async def hanging(*_: object) -> None:
        async with asyncio.timeout(0.02):
            await never.wait()

    ticks = Ticks()
    monkeypatch.setattr(circumstances, "in_thread_within", hanging)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch(0.02, ticks))
        await ticks.quiet(2)
        watching.cancel()


async def test_the_clocks_of_a_machine_that_is_awake_agree() -> None:
    before = asleep()
    assert before > -1
    assert abs(await in_thread(asleep) - before) < 1
