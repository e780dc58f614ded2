"""What time makes superfluous: old finished jobs and their logs, old trash, what was known of files long gone."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Never
from uuid import UUID

from mkv2castd.encoder import output
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.ledger import Ledger
from mkv2castd.model import printable

_log = logging.getLogger(__name__)
_DAY = 86400.0
_HOUR = 3600.0


async def keep_house(workshop: Workshop) -> Never:
    """Now, and once an hour from then on."""
    while True:
        await tidy(workshop, time.time())
        await asyncio.sleep(_HOUR)


async def tidy(workshop: Workshop, now: float) -> None:
    limit = now - workshop.config.queue.keep_finished_days * _DAY

    def forget(ledger: Ledger) -> list[UUID]:
        old = ledger.finished_before(limit)
        for job_id in old:
            ledger.remove(job_id)
        ledger.forget_gone_before(limit)
        return old

    for job_id in await workshop.store.write(forget):
        await asyncio.to_thread(workshop.surroundings.log_of(job_id).unlink, missing_ok=True)
    for folder in workshop.config.folder:
        try:
            await asyncio.to_thread(output.purge_trash, folder.root, folder.keep_trash_days, now)
        except OSError as error:
            _log.warning("%s: old trash cannot be removed: %s", printable(folder.root), error.strerror)
