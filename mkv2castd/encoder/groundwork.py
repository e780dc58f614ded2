"""What has to be found out or laid out before a film can be encoded: measured loudness, covers, subtitles to draw."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mkv2castd.encoder.embedded import embedded
from mkv2castd.encoder.laying import Layer, Runner
from mkv2castd.encoder.measuring import measure
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.targets import Groundwork
from mkv2castd.patience import see_through
from mkv2castd.threads import in_thread


@asynccontextmanager
async def groundwork(plan: Plan, source: Path, temporary: Path, run: Runner) -> AsyncIterator[Groundwork]:
    """What `plan` needs beforehand. Files of its own lie beside `temporary`, named after it (`TEMPORARY.NAME`), and
    are gone after the block. Raises MediaError, DeviceError, OSError."""
    layer = Layer(plan, source, temporary, run)
    try:
        loudness = await measure(plan, source, run)
        covers = await layer.covers()
        externals = {**await layer.externals(), **await embedded(plan, source, layer.place, run)}
        burn, fonts = await layer.burn(externals)
        yield Groundwork(
            loudness=loudness, covers=covers, externals=externals, burn=burn, fonts=fonts, lost=layer.lost
        )
    finally:
        await see_through(in_thread(layer.clear))
