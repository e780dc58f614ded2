"""What would be done to a file, and why, without doing it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mkv2castd.config import Settings
from mkv2castd.encoder.plan import Skip, plan
from mkv2castd.encoder.survey import examine
from mkv2castd.encoder.telling import analysis
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.model import Analysis


async def analyze_file(
    path: Path, settings: Settings, environment: Mapping[str, str] | None = None, toolbox: Toolbox | None = None
) -> Analysis:
    """Raises MediaError for what is no film or cannot be converted."""
    media = await examine(path, environment, settings=settings)
    if media.ours is not None:
        return analysis(media, Skip("made by mkv2castd itself"), settings)
    tools = await (toolbox if toolbox is not None else Toolbox(environment)).tools()
    return analysis(media, plan(media, settings, tools), settings)
