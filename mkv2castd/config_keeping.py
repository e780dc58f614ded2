"""The configuration that is in force: read anew when asked, changed at run time, and taken up by all who live by it.

One change at a time: what a verb writes down is neither lost to another verb nor to a reload that began before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from mkv2castd.config import RUNTIME_FILE, Config, FolderConfig, remember
from mkv2castd.config_files import forget_folder, remember_folder
from mkv2castd.config_loading import folder_from, holder_of
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.events import Hub, QueueChanged
from mkv2castd.model import printable

_log = logging.getLogger(__name__)
_NEEDS_RESTART = ("http", "dbus")


class Watchers(Protocol):
    """Those who watch the configured folders."""

    def apply(self, config: Config) -> None:
        """Takes effect at once."""

    def scan(self, name: str) -> bool:
        """Has the folder compared with what is known of it; False where it is not there to be compared."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the configuration comes from, anew with each call; both block. load: the whole of it; raises ConfigError.
    files: those that a person wrote, in reading order."""

    load: Callable[[], Config]
    files: Callable[[], Sequence[Path]]


class ConfigKeeper:
    """changed: is set with each configuration that takes effect; whoever waits for it clears it."""

    def __init__(self, sources: Sources, state_dir: Path, workshop: Workshop, watchers: Watchers, hub: Hub) -> None:
        self._sources = sources
        self._state_dir = state_dir
        self._workshop = workshop
        self._watchers = watchers
        self._hub = hub
        self._changing = asyncio.Lock()
        self._on_battery = False
        self.changed = asyncio.Event()

    async def reload(self) -> None:
        """Reads the files anew. Raises ConfigError: then all stays as it was."""
        async with self._changing:
            fresh = await asyncio.to_thread(self._sources.load)
            for table in _NEEDS_RESTART:
                if getattr(fresh, table) != getattr(self._workshop.config, table):
                    _log.warning("[%s] has changed: this takes effect with the next start", table)
            self._take_up(fresh)
        _log.info("configuration read anew")

    def _take_up(self, fresh: Config) -> None:
        workshop = self._workshop
        workshop.reconfigure(fresh)
        self._hold(lambda: workshop.lanes.pause_all(fresh.queue.paused))
        self.set_on_battery(self._on_battery)
        self.changed.set()
        self._watchers.apply(fresh)
        workshop.gate.release_held()

    # What holds the queue

    async def pause(self, paused: bool) -> None:
        async with self._changing:
            await asyncio.to_thread(remember, self._state_dir, "queue", "paused", paused)
            queue = msgspec.structs.replace(self._workshop.config.queue, paused=paused)
            self._workshop.config = msgspec.structs.replace(self._workshop.config, queue=queue)
            self._workshop.lanes.pause_all(paused)
        self._tell_queue()

    def set_open(self, open_: bool) -> None:
        """Whether pictures may be encoded at this hour."""
        self._hold(lambda: self._workshop.lanes.set_open(open_))

    def set_on_battery(self, on_battery: bool) -> None:
        """Whether the machine runs on its battery. What follows is the configuration's to say."""
        self._on_battery = on_battery
        spared = on_battery and self._workshop.config.queue.on_battery == "pause"
        self._hold(lambda: self._workshop.lanes.set_on_battery(spared))

    def stands_still(self, lane: str) -> bool:
        """Is nothing done there at the moment, whatever has begun?"""
        return self._workshop.gate.stands_still(lane)

    def _hold(self, change: Callable[[], None]) -> None:
        gate = self._workshop.gate
        before = (gate.paused, gate.reason)
        change()
        if (gate.paused, gate.reason) != before:
            self._tell_queue()

    def _tell_queue(self) -> None:
        gate = self._workshop.gate
        self._hub.publish(QueueChanged(gate.paused, gate.reason))

    # Devices

    async def switch(self, device_id: str, *, enabled: bool) -> None:
        """Gives a GPU work again, or none any more."""
        workshop = self._workshop
        async with self._changing:
            # the whole list: it takes the place of the one that a person wrote, whose ids may be enabled here too
            disabled = [one for one in workshop.config.devices.disabled if one != device_id]
            disabled += [] if enabled else [device_id]
            await asyncio.to_thread(remember, self._state_dir, "devices", "disabled", disabled)
            devices = msgspec.structs.replace(workshop.config.devices, disabled=tuple(disabled))
            workshop.reconfigure(msgspec.structs.replace(workshop.config, devices=devices))

    # Folders

    async def add_folder(self, raw: Mapping[str, Any]) -> FolderConfig:
        """raw: a [[folder]] table. Raises RequestError: invalid_argument, invalid_path or, where a folder has the
        same path or name, invalid_state."""
        workshop = self._workshop
        async with self._changing:
            folder = folder_from(raw, workshop.config)
            _require_new(folder, workshop.config)
            await asyncio.to_thread(remember_folder, self._state_dir, {**raw, "path": folder.path})
            self._take_up(msgspec.structs.replace(workshop.config, folder=(*workshop.config.folder, folder)))
        return folder

    async def remove_folder(self, name: str) -> None:
        """Raises RequestError: no_such_folder, or invalid_state for one that was not added at run time."""
        workshop = self._workshop
        async with self._changing:
            folder = workshop.config.require(name)
            await asyncio.to_thread(self._forget, folder)
            rest = tuple(one for one in workshop.config.folder if one.name != name)
            self._take_up(msgspec.structs.replace(workshop.config, folder=rest))

    def _forget(self, folder: FolderConfig) -> None:
        if (file := holder_of(folder, self._sources.files())) is not None:
            told = f"the folder {folder.name!r} stands in {printable(file)}: remove it there, then reload"
            raise RequestError(ErrorCode.INVALID_STATE, told)
        if holder_of(folder, [self._state_dir / RUNTIME_FILE]) is None:
            told = f"the folder {folder.name!r} was named on the command line: start without it"
            raise RequestError(ErrorCode.INVALID_STATE, told)
        forget_folder(self._state_dir, folder.path)

    def scan_folder(self, name: str) -> None:
        """Raises RequestError: no_such_folder, or invalid_state where the folder is not there."""
        self._workshop.config.require(name)
        if not self._watchers.scan(name):
            raise RequestError(ErrorCode.INVALID_STATE, f"the folder {name!r} is not there at the moment")


def _require_new(folder: FolderConfig, config: Config) -> None:
    for other in config.folder:
        if other.path == folder.path:
            told = f"{printable(folder.path)} is watched already, as the folder {other.name!r}"
            raise RequestError(ErrorCode.INVALID_STATE, told)
        if other.name == folder.name:
            told = f"{printable(other.path)} is called {folder.name!r} already: give this folder another name"
            raise RequestError(ErrorCode.INVALID_STATE, told)
