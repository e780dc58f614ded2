"""What would be done to a file, and why, without doing it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from mkv2castd.config import Settings
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.survey import examine
from mkv2castd.encoder.telling import analysis
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.encoder.workload import work_of
from mkv2castd.model import Analysis
from mkv2castd.work import Place, Work


async def analyze_file(
    path: Path,
    settings: Settings,
    choose: Callable[[Work | None], Awaitable[Place]],
    environment: Mapping[str, str] | None = None,
    toolbox: Toolbox | None = None,
) -> Analysis:
    """choose: which device would get such work; None: the picture is copied.

    Raises MediaError for what is no film or cannot be converted.
    """
    media = await examine(path, environment, settings=settings)
    if media.ours is not None:
        return analysis(media, Skip("made by mkv2castd itself"), settings)
    tools = await (toolbox if toolbox is not None else Toolbox(environment)).tools()
    decision = plan(media, settings, tools)
    place = await choose(work_of(decision)) if isinstance(decision, Plan) else None
    return analysis(media, decision, settings, place)
