"""Waiting that a cancellation cannot break off: for the few steps that must end once they have begun."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def see_through(work: Coroutine[Any, Any, T]) -> T:
    """Awaits `work` to its end however often the caller is cancelled meanwhile, then lets the cancellation pass.

    A single `await shield(…)` is not enough: the second cancellation would leave the work behind alone. A
    cancellation is the answer also where the work fails in the end.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            cancelled = True
    if cancelled and not task.cancelled():
        task.exception()  # taken note of: the cancellation is the answer
        raise asyncio.CancelledError
    return task.result()
