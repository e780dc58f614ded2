"""The composition root: builds the house, runs it, and leaves it room by room. Lifetimes nest; leaving the blocks
is the shutdown order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Never

from mkv2castd.api.http import serve
from mkv2castd.api.listen import Bound
from mkv2castd.check import require_ffmpeg
from mkv2castd.config import Config
from mkv2castd.control import Control
from mkv2castd.encoder.limits import LIMITS
from mkv2castd.encoder.limits import find as find_limits
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.errors import ConfigError
from mkv2castd.events import Hub, QueueChanged
from mkv2castd.folders import Folders
from mkv2castd.housekeeping import keep_house
from mkv2castd.lock import state_folder
from mkv2castd.model import JobStatus
from mkv2castd.notify import Supervision
from mkv2castd.queries import JobQuery
from mkv2castd.reception import Reception
from mkv2castd.recovery import recover
from mkv2castd.service import Service, starting
from mkv2castd.status_text import status_text
from mkv2castd.store import Store, StoreError, open_store
from mkv2castd.supervise import supervise
from mkv2castd.threads import in_thread
from mkv2castd.timekeeping import keep_hours

_log = logging.getLogger(__name__)
_NEEDS_RESTART = ("http",)


@dataclass(frozen=True, slots=True)
class Options:
    """How one run was asked for. `load` reads the configuration anew; `ready` is told the addresses. supervision:
    what the service manager wants to hear; sockets: what it has opened for us."""

    load: Callable[[], Config]
    state_dir: Path
    ready: Callable[[Sequence[str], Config], None]
    supervision: Supervision
    sockets: Sequence[Bound] = ()


class _Stopped(Exception):
    """The way out of the block for SIGTERM and SIGINT."""


async def run(options: Options) -> None:
    """The daemon, until SIGTERM or SIGINT. Raises ConfigError when it cannot start, StoreError when its memory
    fails; whatever was under way is taken up by the next start."""
    with _signals() as (stop, reload):
        config = options.load()
        LIMITS.set(await in_thread(find_limits, os.geteuid()))
        with state_folder(options.state_dir):
            await require_ffmpeg()
            hub = Hub()
            notifier = options.supervision.notifier
            async with starting(notifier) as started, open_store(options.state_dir, hub.publish) as store:
                await recover(store, options.state_dir)
                workshop = Workshop(config, options.state_dir, store, hub.publish)
                reception = Reception(workshop, hub.publish)
                control = Control(hub, workshop, reception, options.state_dir)
                await workshop.take_up()
                async with serve(control, config.http.listen, given=options.sockets) as server:
                    options.ready(server.addresses, config)
                    started()
                    service = _service(options.supervision, workshop, control)
                    await _work(options, store, hub, workshop, reception, service, stop, reload)


async def _work(
    options: Options,
    store: Store,
    hub: Hub,
    workshop: Workshop,
    reception: Reception,
    service: Service,
    stop: asyncio.Event,
    reload: asyncio.Event,
) -> None:
    folders = Folders(reception)
    folders.apply(workshop.config)
    changed = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            # before the lanes: at a closed hour they must not begin anything
            group.create_task(keep_hours(lambda: workshop.config.queue.hours, changed, workshop.lanes.set_open))
            group.create_task(workshop.serve())
            group.create_task(folders.serve())
            group.create_task(supervise("housekeeping", lambda: keep_house(workshop), StoreError))
            group.create_task(_reload(options, workshop, folders, hub, reload, changed))
            group.create_task(_end_with_the_store(store))
            group.create_task(service.serve())
            await stop.wait()
            options.supervision.notifier.stopping()
            raise _Stopped
    except BaseExceptionGroup as ended:
        if (fault := _first(ended, StoreError)) is not None:
            raise fault from None
        _, others = ended.split(_Stopped)
        if others is not None:
            raise others from None
    _log.info("stopped")


def _first(group: BaseExceptionGroup[BaseException], kind: type[BaseException]) -> BaseException | None:
    """The first leaf of that kind: several tasks may end with one and the same cause."""
    for error in group.exceptions:
        found = _first(error, kind) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, kind):
            return found
    return None


def _service(supervision: Supervision, workshop: Workshop, control: Control) -> Service:
    async def status() -> str:
        async def count(status: JobStatus) -> int:
            return (await control.jobs(JobQuery((status,), limit=1))).total

        processing, queued = await count(JobStatus.PROCESSING), await count(JobStatus.QUEUED)
        gate = workshop.gate
        reason = "requested" if gate.paused else None if gate.open else "hours"
        return status_text(processing, queued, reason, control.health().problems)

    beats = {"the store": workshop.store.beat, "the lanes": workshop.lanes.beat}
    return Service(supervision, beats, status, control.hub.listen)


async def _end_with_the_store(store: Store) -> Never:
    raise await asyncio.shield(store.failed)


async def _reload(
    options: Options,
    workshop: Workshop,
    folders: Folders,
    hub: Hub,
    reload: asyncio.Event,
    changed: asyncio.Event,
) -> Never:
    """changed: is told of each configuration that takes effect."""
    while True:
        await reload.wait()
        reload.clear()
        options.supervision.notifier.reloading()
        try:
            fresh = await asyncio.to_thread(options.load)
        except ConfigError as error:
            _log.error("the configuration is kept as it was: %s", error.message)
            options.supervision.notifier.ready()
            continue
        for table in _NEEDS_RESTART:
            if getattr(fresh, table) != getattr(workshop.config, table):
                _log.warning("[%s] has changed: this takes effect with the next start", table)
        workshop.reconfigure(fresh)
        if fresh.queue.paused != workshop.gate.paused:
            workshop.lanes.pause_all(fresh.queue.paused)
            hub.publish(QueueChanged(fresh.queue.paused))
        changed.set()
        folders.apply(fresh)
        workshop.gate.release_held()
        options.supervision.notifier.ready()
        _log.info("configuration read anew")


@contextmanager
def _signals() -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    loop = asyncio.get_running_loop()
    stop, reload = asyncio.Event(), asyncio.Event()
    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    for number, event in handlers.items():
        loop.add_signal_handler(number, event.set)
    try:
        yield stop, reload
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
