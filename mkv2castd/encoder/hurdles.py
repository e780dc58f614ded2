"""What keeps a job from being tried now, and will be mended by somebody: a full disk, a share that is away, an ffmpeg
that is being updated. No film fails for it."""

from __future__ import annotations

import os
from pathlib import Path

from mkv2castd.config import Settings
from mkv2castd.encoder import output
from mkv2castd.encoder.attempt import no_space
from mkv2castd.encoder.child import require_program
from mkv2castd.encoder.probe import PATIENCE_SECONDS
from mkv2castd.errors import ConfigError
from mkv2castd.model import Job, printable
from mkv2castd.threads import in_thread_within


async def hurdle(job: Job, settings: Settings, needed: Path | None) -> str | None:
    """What is in the way, with its remedy; None: nothing. needed: a file that must be there."""
    try:
        return await in_thread_within(PATIENCE_SECONDS, _hurdle, job, settings, needed)
    except TimeoutError:
        return "its storage, or that of its output, does not answer: see whether server and network work"


def _hurdle(job: Job, settings: Settings, needed: Path | None) -> str | None:
    if needed is not None and not os.path.lexists(needed):
        return f"{printable(needed)} is not there at the moment: is its disk connected, its share mounted?"
    folder = job.output.parent if job.output is not None else job.source.parent
    try:
        require_program("ffmpeg")
        free = _free_above(folder)
    except ConfigError as error:
        return error.message
    except OSError:
        return None  # the attempt will say it better
    return no_space(folder, free, settings.min_free_bytes).message if free < settings.min_free_bytes else None


def _free_above(folder: Path) -> int:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return output.free_bytes(folder)
