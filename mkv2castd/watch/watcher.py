"""One supervised watch per folder: present and watched, or away and looked for, until cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from mkv2castd.config import FolderConfig
from mkv2castd.model import FolderState, FolderStatus, printable
from mkv2castd.watch.intake import Intake
from mkv2castd.watch.mounts import filesystem, is_remote
from mkv2castd.watch.root import RootLost, root_identity
from mkv2castd.watch.session import Session
from mkv2castd.watch.timing import Timing
from mkv2castd.watch.worker import Hung, Worker

__all__ = ["Bell", "Intake", "Timing", "watch_folder"]

_DEFAULT = Timing()


class Bell:
    """Rung by whoever wants the folder compared with what is known of it, now."""

    def __init__(self) -> None:
        self.session: Session | None = None

    def ring(self) -> bool:
        """False where the folder is not there."""
        if self.session is None:
            return False
        self.session.compare_now()
        return True


async def watch_folder(
    folder: FolderConfig,
    inner: Sequence[Path],
    intake: Intake,
    timing: Timing = _DEFAULT,
    bell: Bell | None = None,
) -> None:
    """Tells `intake` of the films in `folder` until cancelled; whatever happens to the folder, it goes on.

    `inner` are the other watched folders below this one: they are left to their own watchers. An error of `intake`
    itself comes out of here: the caller decides whether to start anew (which loses nothing).
    """
    with Worker(folder.name, timing.hang) as worker:
        await _Watcher(folder, inner, intake, timing, worker, bell if bell is not None else Bell()).run()


class _Watcher:
    def __init__(
        self,
        folder: FolderConfig,
        inner: Sequence[Path],
        intake: Intake,
        timing: Timing,
        worker: Worker,
        bell: Bell,
    ) -> None:
        self._folder = folder
        self._inner = [path for path in inner if path != folder.root and path.is_relative_to(folder.root)]
        self._intake = intake
        self._timing = timing
        self._worker = worker
        self._bell = bell
        self._told: FolderStatus | None = None

    async def run(self) -> None:
        while True:
            try:
                await self._session()
            except RootLost as error:
                problem = str(error)
            except Hung:
                problem = (
                    f"the file system of {printable(self._folder.path)} has not answered for "
                    f"{self._timing.hang:g} s: see whether its server or disk works"
                )
            if not await self._there():
                self._tell(FolderState.OFFLINE, None, problem)
                await self._wait_for_root()

    async def _session(self) -> None:
        # its jobs are worked on as soon as it is said to be there
        await self._worker.call(root_identity, self._folder.root)
        self._tell(FolderState.STARTING, None, None)
        kind = await self._worker.call(filesystem, self._folder.root)
        remote = is_remote(kind)
        session = Session(
            *(self._folder, self._inner, self._intake, self._worker, self._timing, remote, self._tell),
        )
        self._bell.session = session
        try:
            await session.run()
        finally:
            self._bell.session = None

    async def _there(self) -> bool:
        try:
            await self._worker.call(root_identity, self._folder.root)
        except (RootLost, Hung):
            return False
        return True

    async def _wait_for_root(self) -> None:
        while True:
            await asyncio.sleep(self._timing.offline)
            if await self._there():
                return

    def _tell(self, state: FolderState, watching: str | None, problem: str | None) -> None:
        status = FolderStatus(self._folder.name, self._folder.root, state, watching, problem)
        if status != self._told:
            self._told = status
            self._intake.folder_changed(status)
