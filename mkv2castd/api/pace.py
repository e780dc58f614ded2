"""Tellings at a bearable pace: of each key at most one in so many seconds, the first at once, the last always."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Pace(Generic[Key]):
    """due: called with the key when its telling is due; it must not raise."""

    def __init__(self, seconds: float, due: Callable[[Key], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._due = due
        self._last: dict[Key, float] = {}
        self._waiting: dict[Key, asyncio.TimerHandle] = {}

    def soon(self, key: Key) -> None:
        """At once if the last telling is long enough ago, else as soon as it is."""
        if key in self._waiting:
            return
        free = self._last.get(key, float("-inf")) + self._seconds
        if self._loop.time() >= free:
            self.now(key)
        else:
            self._waiting[key] = self._loop.call_at(free, self.now, key)

    def now(self, key: Key) -> None:
        """At once, whatever was told last; what was waiting is told by it."""
        self._stop(key)
        self._last[key] = self._loop.time()
        self._due(key)

    def forget(self, key: Key) -> None:
        """Nothing more is told of it, and nothing kept."""
        self._stop(key)
        self._last.pop(key, None)

    def close(self) -> None:
        for key in tuple(self._waiting):
            self._stop(key)

    def _stop(self, key: Key) -> None:
        if (handle := self._waiting.pop(key, None)) is not None:
            handle.cancel()
