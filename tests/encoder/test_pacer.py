"""Progress at a bearable pace."""

from __future__ import annotations

import asyncio

from mkv2castd.encoder.pacer import INTERVAL_SECONDS, Pacer
from mkv2castd.model import Progress, Stage


def at(percent: float) -> Progress:
    return Progress(Stage.REMUXING, percent)


async def test_the_first_is_told_at_once_and_of_the_rest_only_the_newest() -> None:
    told: list[tuple[float, float]] = []
    loop = asyncio.get_running_loop()
    second = asyncio.Event()

    def tell(progress: Progress) -> None:
        told.append((loop.time(), progress.percent))
        if len(told) == 2:
            second.set()

    pacer = Pacer(tell)
    for percent in range(100):
        pacer.offer(at(percent))
    assert [percent for _, percent in told] == [0]
    await asyncio.wait_for(second.wait(), 15)
    assert [percent for _, percent in told] == [0, 99]
    assert told[1][0] - told[0][0] >= INTERVAL_SECONDS * 0.95


async def test_after_its_end_nothing_is_told() -> None:
    told: list[Progress] = []
    pacer = Pacer(told.append)
    pacer.offer(at(1))
    pacer.offer(at(2))
    pacer.close()
    await asyncio.sleep(INTERVAL_SECONDS * 1.2)
    assert told == [at(1)]
