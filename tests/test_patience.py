"""What must end once it has begun ends, however often its caller is cancelled."""

from __future__ import annotations

import asyncio

import pytest

from mkv2castd.patience import see_through


async def test_the_result_or_the_error_of_the_work_comes_back() -> None:
    async def work(answer: int) -> int:
        return 6 // answer

    assert await see_through(work(2)) == 3
    with pytest.raises(ZeroDivisionError):
        await see_through(work(0))


@pytest.mark.parametrize("fails", [False, True])
async def test_the_work_ends_although_its_caller_is_cancelled_twice_and_the_cancellation_is_the_answer(
    fails: bool,
) -> None:
    begun, release, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await release.wait()
        ended.set()
        if fails:
            raise ValueError("nobody hears this")

    caller = asyncio.create_task(see_through(work()))
    await asyncio.wait_for(begun.wait(), 15)
    for _ in range(2):
        caller.cancel()
        await asyncio.sleep(0)
        assert not caller.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(caller, 15)
    assert ended.is_set()
