"""What time makes superfluous: old finished jobs and their logs, old trash, what was known of files long gone."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Never
from uuid import UUID

from mkv2castd.encoder import output
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.ledger import Ledger
from mkv2castd.model import printable
from mkv2castd.threads import in_thread

_log = logging.getLogger(__name__)
_DAY = 86400.0
_HOUR = 3600.0
_PATIENCE_SECONDS = 600.0
_PORTION = 500


async def keep_house(workshop: Workshop) -> Never:
    """Now, and once an hour from then on."""
    while True:
        await tidy(workshop, time.time())
        await asyncio.sleep(_HOUR)


async def tidy(workshop: Workshop, now: float) -> None:
    limit = now - workshop.config.queue.keep_finished_days * _DAY
    # in portions: everybody who listens is told of each job that is forgotten
    while old := await workshop.store.write(lambda ledger: _forget(ledger, limit)):
        await asyncio.to_thread(_remove_logs, [workshop.surroundings.log_of(job_id) for job_id in old])
    await workshop.store.write(lambda ledger: ledger.forget_gone_before(limit))
    for folder in workshop.config.folder:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await in_thread(output.purge_trash, folder.root, folder.keep_trash_days, now)
        except TimeoutError:
            _log.warning("%s: removing old trash takes long: is its storage reachable?", printable(folder.root))
        except OSError as error:
            _log.warning("%s: old trash cannot be removed: %s", printable(folder.root), error.strerror)


def _forget(ledger: Ledger, limit: float) -> list[UUID]:
    old = ledger.finished_before(limit, _PORTION)
    for job_id in old:
        ledger.remove(job_id)
    return old


def _remove_logs(logs: list[Path]) -> None:
    for log in logs:
        try:
            log.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s cannot be removed: %s", log, error.strerror)
