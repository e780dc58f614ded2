"""What the daemon tells, between the bus that hears it and the command that shows it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from mkv2castd.ctl_following import Told

_MOST_WAITING = 20_000  # signals; who is further behind reads the present state anew
LOOK_SECONDS = 20.0  # signals may be lost together with a bus


class Feed:
    """A bounded queue of signals: who takes too slowly finds that it has to look anew."""

    def __init__(self) -> None:
        self._waiting: deque[Told] = deque()
        self._more = asyncio.Event()
        self._missed = False

    def put(self, member: str, values: Sequence[Any]) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self.look_anew()
        else:
            self._waiting.append(Told(member, values))
            self._more.set()

    def look_anew(self) -> None:
        """What was told so far is worth nothing: the daemon, or the bus, is another one."""
        self._waiting.clear()
        self._missed = True
        self._more.set()

    async def next(self) -> Told | None:
        """The next signal. None: read the present state anew, since something may have been missed, or nothing has
        come for a while."""
        if not self._waiting and not self._missed:
            self._more.clear()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._more.wait()
            except TimeoutError:
                return None
        if self._missed:
            self._missed = False
            return None
        return self._waiting.popleft()
