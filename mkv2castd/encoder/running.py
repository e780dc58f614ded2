"""An attempt under way, as the lanes and those above see it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import UUID

from mkv2castd.config import Settings
from mkv2castd.encoder.attempt import Handle
from mkv2castd.encoder.effects import Stop
from mkv2castd.encoder.line import Gate
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.model import Job, Progress
from mkv2castd.work import Place, Work


@dataclass(slots=True)
class Running:
    """A job under way, from its first attempt to its last. lane: where it is worked on. held: it is paused by itself,
    whatever the queue does."""

    job: Job
    lane: str
    handle: Handle = field(default_factory=Handle)
    task: asyncio.Task[None] | None = None
    stop: Stop | None = None
    held: bool = False
    progress: Progress | None = None
    begun: bool = False

    def begin(self) -> None:
        """To be called as the task's first step. Raises CancelledError when the attempt was ended before that: a
        task that is cancelled before it has begun would not even notice."""
        self.begun = True
        if self.stop is not None:
            raise asyncio.CancelledError

    def heed(self, gate: Gate) -> None:
        """Suspends the work, or lets it go on."""
        if self.held or gate.stands_still(self.lane):
            self.handle.pause()
        else:
            self.handle.resume()

    def end(self, stop: Stop) -> bool:
        """False when it is too late: the output is being put in place."""
        if self.handle.committing or self.task is None or self.task.done():
            return False
        # what a person wants is not undone by what happens to the film meanwhile
        if self.stop is not Stop.CANCEL:
            self.stop = stop
        if self.begun:
            self.task.cancel()
        return True


class House(Protocol):
    """What intake and lanes ask of those above. patient: may a job wait until somebody has mended what is around it?
    Not where a person waits for the end, and nobody watches whether films come and go."""

    @property
    def retries(self) -> int: ...

    @property
    def patient(self) -> bool: ...

    @property
    def toolbox(self) -> Toolbox: ...

    def settings_of(self, job: Job) -> Settings | None: ...

    def choose(self, work: Work | None, pin: str | None) -> Place:
        """Which device would get this now. pin: the one that it was asked for."""
        ...

    def settle(self, job_id: UUID, *, anew: bool) -> Awaitable[None]:
        """A job that is in the queue again gets its place, or goes where its film's state (or `anew`) sends it."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the lanes live: the state folder's logs and the children's environment."""

    logs: Path
    environment: Mapping[str, str]

    def log_of(self, job_id: UUID) -> Path:
        return self.logs / f"{job_id}.log"
