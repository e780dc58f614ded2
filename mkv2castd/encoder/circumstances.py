"""Looks now and then at what proofs depend on and nobody tells of: libraries exchanged, the machine suspended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Never

from mkv2castd.encoder import proof_cache
from mkv2castd.threads import in_thread_within

_LOOK_SECONDS = 20.0
# The one clock goes on in suspend, the other stands still, and both are not read in the same moment.
_SLEPT_SECONDS = 1.0


async def watch(seconds: float, tick: Callable[[bool, bool], None]) -> Never:
    """Calls `tick` every `seconds`: with whether ffmpeg or libraries are others than before, and whether the machine
    has been suspended since."""
    installed, slept = await _installed(), asleep()
    while True:
        await asyncio.sleep(seconds)
        installed_before, installed = installed, await _installed()
        slept_before, slept = slept, asleep()
        tick(installed != installed_before, slept - slept_before > _SLEPT_SECONDS)


def asleep() -> float:
    """How many seconds the machine has been suspended since it was started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


async def _installed() -> list[str] | None:
    """None where the disk does not answer: then nothing can be proved either."""
    try:
        return await in_thread_within(_LOOK_SECONDS, proof_cache.installed)
    except TimeoutError:
        return None
