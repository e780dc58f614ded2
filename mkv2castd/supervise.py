"""Keeps a part of the daemon going whose death must not end a six-hour encode."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Never

from mkv2castd.boundary import contained

_log = logging.getLogger(__name__)
_FIRST_DELAY = 1.0
_LONGEST_DELAY = 60.0
_GOOD_RUN = 300.0


class _Failed(Exception):
    """What was supervised has come to a bad end."""


async def supervise(
    name: str, run: Callable[[], Awaitable[object]], fatal: type[Exception] | tuple[()] = ()
) -> Never:
    """Runs `run` again and again, with growing delays between failures (1 s … 60 s), until cancelled. What is `fatal`
    comes out: nothing would be won by another try.

    Every error is contained here, its traceback logged.
    """
    delay = _FIRST_DELAY
    passing = fatal if isinstance(fatal, tuple) else (fatal,)
    while True:
        began = time.monotonic()
        try:
            with contained(name, _Failed(), passing):
                await run()
            _log.error("%s ended by itself: started again in %.0f s", name, delay)
        except _Failed:
            _log.error("%s failed: started again in %.0f s", name, delay)
        if time.monotonic() - began > _GOOD_RUN:
            delay = _FIRST_DELAY
        await asyncio.sleep(delay)
        delay = min(2 * delay, _LONGEST_DELAY)
