"""A part that dies is built anew, at a bearable pace; without the store nothing is."""

from __future__ import annotations

import asyncio

import pytest

from mkv2castd import supervise as room
from mkv2castd.store import StoreError
from mkv2castd.supervise import supervise


async def test_a_part_that_fails_or_ends_is_started_again_and_the_log_has_the_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(room, "_FIRST_DELAY", 0.01)
    runs, enough = 0, asyncio.Event()

    async def part() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ValueError("stumbled")
        if runs == 3:
            enough.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(supervise("the part", part))
    await asyncio.wait_for(enough.wait(), 25)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert "the part failed" in caplog.text
    assert "ValueError: stumbled" in caplog.text
    assert "the part ended by itself" in caplog.text


async def test_the_pauses_grow_and_have_an_end_and_a_good_run_makes_them_short_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    pauses: list[float] = []

    class Enough(Exception):
        pass

    async def sleep(delay: float) -> None:
        pauses.append(delay)
        if len(pauses) == 10:
            raise Enough

    async def part() -> None:
        nonlocal now
        now += 1000.0 if len(pauses) == 8 else 1.0
        raise ValueError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr("mkv2castd.supervise.time.monotonic", lambda: now)
    with pytest.raises(Enough):
        await supervise("the part", part)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 1.0, 2.0]


async def test_what_is_fatal_comes_out() -> None:
    async def part() -> None:
        raise StoreError("full")

    with pytest.raises(StoreError):
        await asyncio.wait_for(supervise("the part", part, StoreError), 15)
