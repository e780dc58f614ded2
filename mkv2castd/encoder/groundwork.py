"""What has to be found out or laid out before a film can be encoded: measured loudness, covers, subtitles to draw."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.targets import Groundwork

# Runs a child on behalf of the attempt: it can be paused and cancelled, hangs are noticed, its words are kept.
# Returns the end of its stderr; raises as the attempt's own child does.
Runner = Callable[[Sequence[str]], Awaitable[str]]


@asynccontextmanager
async def groundwork(plan: Plan, source: Path, temporary: Path, run: Runner) -> AsyncIterator[Groundwork]:
    """What `plan` needs beforehand. Files of its own lie beside `temporary`, named after it (`TEMPORARY.NAME`), and
    are gone after the block. Raises MediaError, DeviceError, OSError."""
    yield Groundwork()
