"""What has to be found out or laid out before a film can be encoded: measured loudness, covers, subtitles to draw,
chapters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from mkv2castd.encoder.chapters import as_ffmetadata
from mkv2castd.encoder.embedded import embedded
from mkv2castd.encoder.laying import Layer, Runner
from mkv2castd.encoder.measuring import measure
from mkv2castd.encoder.naming import working_file
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.targets import Groundwork
from mkv2castd.patience import see_through
from mkv2castd.threads import in_thread


@asynccontextmanager
async def groundwork(plan: Plan, source: Path, temporary: Path, run: Runner) -> AsyncIterator[Groundwork]:
    """What `plan` needs beforehand. Files of its own lie beside `temporary`, named after it (`TEMPORARY.NAME`), and
    are gone after the block. Raises MediaError, DeviceError, OSError."""
    layer = Layer(plan, source, temporary, run)
    chapters = working_file(temporary, "chapters")
    try:
        loudness = await measure(plan, source, run)
        covers = await layer.covers()
        externals = {**await layer.externals(), **await embedded(plan, source, layer.place, run)}
        burn, fonts = await layer.burn(externals)
        if plan.chapters:
            await see_through(in_thread(_write, chapters, as_ffmetadata(plan.chapters)))
        yield Groundwork(
            loudness=loudness,
            covers=covers,
            externals=externals,
            burn=burn,
            fonts=fonts,
            chapters=chapters if plan.chapters else None,
            lost=layer.lost,
        )
    finally:
        await see_through(in_thread(layer.clear))
        await see_through(in_thread(_remove, chapters))


def _remove(place: Path) -> None:
    with suppress(OSError):
        place.unlink()


def _write(place: Path, text: str) -> None:
    place.write_text(text, encoding="utf-8", newline="\n")
