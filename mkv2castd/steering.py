"""The verbs that change how the daemon works: the queue as a whole, devices, folders, the configuration. What they
have changed stays so over a restart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mkv2castd.config_keeping import ConfigKeeper
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.events import FolderChanged, Hub
from mkv2castd.lookout import Lookout
from mkv2castd.model import FolderState, FolderStatus
from mkv2castd.queries import DeviceFacts, FolderFacts
from mkv2castd.reception import Reception
from mkv2castd.wishes import check_switch, require_device


class Steering(Lookout):
    """Raises RequestError for what cannot be done as asked."""

    def __init__(self, hub: Hub, workshop: Workshop, reception: Reception, keeper: ConfigKeeper) -> None:
        super().__init__(workshop, reception)
        self.hub = hub
        self._keeper = keeper

    async def pause_queue(self) -> None:
        """Nothing new starts, and what runs is suspended."""
        await self._keeper.pause(True)

    async def resume_queue(self) -> None:
        await self._keeper.pause(False)

    async def enable_device(self, device_id: str) -> DeviceFacts:
        """It gets work again, whatever the configuration says."""
        return await self._switch(device_id, enabled=True)

    async def disable_device(self, device_id: str) -> DeviceFacts:
        """It gets no new work."""
        return await self._switch(device_id, enabled=False)

    async def _switch(self, device_id: str, *, enabled: bool) -> DeviceFacts:
        check_switch(device_id, self._workshop.devices())
        await self._keeper.switch(device_id, enabled=enabled)
        return require_device(device_id, self._workshop.devices())

    async def add_folder(self, path: Path, settings: Mapping[str, object]) -> FolderFacts:
        """A further folder is watched from now on. settings: keys of [[folder]], as in a file."""
        if "path" in settings:
            raise RequestError(ErrorCode.INVALID_ARGUMENT, "path: is no setting: the folder is given beside them")
        folder = await self._keeper.add_folder({"path": str(path), **settings})
        if folder.name not in self._reception.folders:
            # only told: whether the folder is there is for its watcher to find out, and its jobs wait until then
            self.hub.publish(FolderChanged(FolderStatus(folder.name, folder.root, FolderState.STARTING)))
        return self.folder(folder.name)

    async def remove_folder(self, name: str) -> None:
        """The folder is not watched any more. Its jobs are kept, and wait until it is configured again; what is
        being encoded is finished."""
        await self._keeper.remove_folder(name)

    async def scan_folder(self, name: str) -> None:
        """The folder is compared with what is known of it, now; this does not wait for what comes of it."""
        self._keeper.scan_folder(name)

    async def reload(self) -> None:
        """The same as SIGHUP. Raises ConfigError, saying what is wrong: the old configuration stays in force."""
        await self._keeper.reload()
