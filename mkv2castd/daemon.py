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
from mkv2castd.bus_service import serve_on_bus
from mkv2castd.check import require_ffmpeg
from mkv2castd.config import Config
from mkv2castd.config_keeping import ConfigKeeper, Sources
from mkv2castd.control import Control
from mkv2castd.encoder.limits import LIMITS
from mkv2castd.encoder.limits import find as find_limits
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.errors import ConfigError
from mkv2castd.events import Hub
from mkv2castd.folders import Folders
from mkv2castd.housekeeping import keep_house
from mkv2castd.lock import state_folder
from mkv2castd.notify import Supervision
from mkv2castd.reception import Reception
from mkv2castd.recovery import recover
from mkv2castd.service import Service, starting
from mkv2castd.status_text import status_text
from mkv2castd.store import Store, StoreError, open_store
from mkv2castd.supervise import supervise
from mkv2castd.threads import in_thread
from mkv2castd.timekeeping import keep_hours

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How one run was asked for. `ready` is told the addresses. supervision: what the service manager wants to hear;
    sockets: what it has opened for us."""

    sources: Sources
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
        config = options.sources.load()
        LIMITS.set(await in_thread(find_limits, os.geteuid()))
        with state_folder(options.state_dir):
            await require_ffmpeg()
            hub = Hub()
            notifier = options.supervision.notifier
            async with starting(notifier) as started, open_store(options.state_dir, hub.publish) as store:
                await recover(store, options.state_dir)
                workshop = Workshop(config, options.state_dir, store, hub.publish)
                reception = Reception(workshop, hub.publish)
                folders = Folders(reception)
                keeper = ConfigKeeper(options.sources, options.state_dir, workshop, folders, hub)
                control = Control(hub, workshop, reception, keeper)
                await workshop.take_up()
                async with serve(control, config.http.listen, given=options.sockets) as server:
                    options.ready(server.addresses, config)
                    started()
                    on_bus = asyncio.Event()
                    service = _service(options.supervision, workshop, control, on_bus)
                    await _work(_House(store, workshop, folders, keeper, control, hub, service, on_bus), stop, reload)


@dataclass(frozen=True, slots=True)
class _House:
    """What is at work once all is built."""

    store: Store
    workshop: Workshop
    folders: Folders
    keeper: ConfigKeeper
    control: Control
    hub: Hub
    service: Service
    on_bus: asyncio.Event


async def _work(house: _House, stop: asyncio.Event, reload: asyncio.Event) -> None:
    workshop, keeper = house.workshop, house.keeper
    house.folders.apply(workshop.config)
    try:
        async with asyncio.TaskGroup() as group:
            # before the lanes: at a closed hour they must not begin anything
            group.create_task(keep_hours(lambda: workshop.config.queue.hours, keeper.changed, keeper.set_open))
            group.create_task(workshop.serve())
            group.create_task(house.folders.serve())
            group.create_task(supervise("housekeeping", lambda: keep_house(workshop), StoreError))
            group.create_task(serve_on_bus(workshop.config.dbus.bus, house.control, house.on_bus))
            group.create_task(_reload(house, reload))
            group.create_task(_end_with_the_store(house.store))
            group.create_task(house.service.serve())
            if workshop.config.dbus.bus != "none":
                group.create_task(_manage_power(house.hub, keeper))
            await stop.wait()
            house.service.supervision.notifier.stopping()
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


def _service(supervision: Supervision, workshop: Workshop, control: Control, on_bus: asyncio.Event) -> Service:
    async def status() -> str:
        counts = await control.counts()
        return status_text(counts.processing, counts.queued, control.pause_reason, control.health().problems)

    beats = {"the store": workshop.store.beat, "the lanes": workshop.lanes.beat}
    return Service(supervision, beats, status, control.hub.listen, {"D-Bus": on_bus.wait})


async def _end_with_the_store(store: Store) -> Never:
    raise await asyncio.shield(store.failed)


async def _manage_power(hub: Hub, keeper: ConfigKeeper) -> None:
    # loaded only where there may be a bus: 1.8 MB
    from mkv2castd.power import manage_power

    await manage_power(hub, keeper)


async def _reload(house: _House, reload: asyncio.Event) -> Never:
    while True:
        await reload.wait()
        reload.clear()
        notifier = house.service.supervision.notifier
        notifier.reloading()
        try:
            await house.keeper.reload()
        except ConfigError as error:
            _log.error("the configuration is kept as it was: %s", error.message)
        finally:
            notifier.ready()


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
