"""Calls that may never come back: each on a thread of its own, so that it holds up nothing else.

A dead network mount blocks whoever asks it, for ever. `asyncio.to_thread` has few threads, for everybody, and the
interpreter waits for them at its end; these are as many as are needed, and end with the process.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """The result of `function(*arguments, **options)`; raises what it raises. A caller that is cancelled leaves the
    call to end by itself."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        try:
            result = function(*arguments, **options)
        except BaseException as error:  # noqa: BLE001  # handed whole to whoever awaits the call
            _tell(loop, answer, answer.set_exception, error)
        else:
            _tell(loop, answer, answer.set_result, result)

    threading.Thread(target=work, name=f"call of {getattr(function, '__name__', function)}", daemon=True).start()
    return await answer


async def in_thread_within(seconds: float, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """As in_thread. Raises TimeoutError when there is no answer in time."""
    async with asyncio.timeout(seconds):
        return await in_thread(function, *arguments, **options)


def _tell(
    loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Any], settle: Callable[[Any], None], value: Any
) -> None:
    def tell() -> None:
        if not answer.done():
            settle(value)

    # a closed loop has nobody left to answer to
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(tell)
