"""One thread for one folder's file-system calls, with a limit on how long a call may take.

A dead network mount blocks its callers for ever; here it blocks one thread, and only of its own folder. The thread
is a daemon: it cannot keep the process from ending either.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
_Call = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Hung(Exception):
    """The file system has not answered in time. Later calls raise this at once until it has."""


class Worker:
    """Runs calls one after another. Use as a context manager inside the event loop."""

    def __init__(self, name: str, timeout: float) -> None:
        self.timeout = timeout
        self._name = name
        self._stuck = False
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()

    def __enter__(self) -> Worker:
        threading.Thread(target=self._work, name=f"files of {self._name}", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.put(None)

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """The result of `function(*arguments)`. Raises Hung, and whatever the function raises.

        A caller that is cancelled leaves its call to end by itself; calls after it wait for that.
        """
        if self._stuck:
            raise Hung
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._calls.put((lambda: function(*arguments), loop, answer))
        try:
            await asyncio.wait((answer,), timeout=self.timeout)
            if answer.done():
                return answer.result()
            self._stuck = True
            raise Hung
        finally:
            answer.cancel()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            function, loop, answer = call
            result: Any = None
            failure: BaseException | None = None
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001  # handed whole to whoever awaits the call
                failure = error
            # a closed loop has nobody left to answer to
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._answer, answer, result, failure)
            del call, function, answer, result, failure

    def _answer(self, answer: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
        self._stuck = False
        if answer.cancelled():
            return
        if failure is not None:
            answer.set_exception(failure)
        else:
            answer.set_result(result)
