"""What would be done to a file, and why, without doing it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mkv2castd.config import Settings
from mkv2castd.encoder.plan import Skip, plan
from mkv2castd.encoder.probe import probe
from mkv2castd.encoder.telling import analysis
from mkv2castd.model import Analysis


async def analyze_file(path: Path, settings: Settings, environment: Mapping[str, str] | None = None) -> Analysis:
    """Raises MediaError for what is no film or cannot be converted."""
    media = await probe(path, environment)
    if media.ours is not None:
        return analysis(media, Skip("made by mkv2castd itself"), settings)
    return analysis(media, plan(media, settings), settings)
