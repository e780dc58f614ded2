"""Tellings at a bearable pace."""

from __future__ import annotations

import asyncio

from mkv2castd.api.pace import Pace


async def test_the_first_is_told_at_once_and_of_many_the_last() -> None:
    told: list[str] = []
    done = asyncio.Event()

    def due(key: str) -> None:
        told.append(key)
        if len(told) == 3:
            done.set()

    pace: Pace[str] = Pace(0.05, due)
    for _ in range(10):
        pace.soon("a")
    assert told == ["a"]
    pace.soon("b")
    assert told == ["a", "b"]
    await asyncio.wait_for(done.wait(), 20)
    assert told == ["a", "b", "a"]
    pace.close()


async def test_what_is_urgent_takes_the_place_of_what_waits_and_what_is_forgotten_is_not_told() -> None:
    told: list[str] = []
    pace: Pace[str] = Pace(0.02, told.append)
    pace.soon("a")
    pace.soon("a")
    pace.now("a")
    pace.soon("b")
    pace.soon("b")
    pace.forget("b")
    pace.soon("c")
    pace.soon("c")
    pace.close()
    await asyncio.sleep(0.1)
    assert told == ["a", "a", "b", "c"]
