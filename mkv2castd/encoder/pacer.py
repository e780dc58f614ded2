"""Progress at a bearable pace: at most one telling per interval, and always the newest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mkv2castd.model import Progress

INTERVAL_SECONDS = 0.5  # two a second (interfaces, "WebSocket and HTTP")


class Pacer:
    """Passes values on, the first at once, later ones not closer together than the interval."""

    def __init__(self, tell: Callable[[Progress], None]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._next_at = self._loop.time()
        self._held: Progress | None = None
        self._timer: asyncio.TimerHandle | None = None

    def offer(self, progress: Progress) -> None:
        self._held = progress
        if self._timer is None:
            self._timer = self._loop.call_at(self._next_at, self._flush) if self._early() else None
            if self._timer is None:
                self._flush()

    def close(self) -> None:
        """Nothing is told any more; what is held is dropped, since the job's end says more."""
        if self._timer is not None:
            self._timer.cancel()
        self._held = None

    def _early(self) -> bool:
        return self._loop.time() < self._next_at

    def _flush(self) -> None:
        self._timer = None
        if self._held is not None:
            held, self._held = self._held, None
            self._next_at = self._loop.time() + INTERVAL_SECONDS
            self._tell(held)
