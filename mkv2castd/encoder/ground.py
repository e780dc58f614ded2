"""What the journeys of all jobs share, and what they ask of lanes and devices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from mkv2castd.encoder.attempt import Done, Handle, Journal, Task
from mkv2castd.encoder.line import Gate
from mkv2castd.encoder.media_cache import MediaCache
from mkv2castd.encoder.running import House, Surroundings
from mkv2castd.encoder.targets import Means
from mkv2castd.encoder.turns import Turn
from mkv2castd.events import Event
from mkv2castd.model import Progress
from mkv2castd.store import Store

Executor = Callable[[Task, Journal, Callable[[Progress], None], Handle], Awaitable[Done]]


class Slots(Protocol):
    """What a journey asks of the lanes. A slot is held by a job's id."""

    async def move(self, turn: Turn) -> str:
        """Gives the slot back, and waits for another one, of whatever device; its id."""
        ...

    def beside(self, job_id: UUID) -> int:
        """How many other jobs run on the same device."""
        ...

    def why(self, job_id: UUID) -> str:
        """Why the job has been given the slot that it holds."""
        ...

    def expect(self, job_id: UUID, seconds: float) -> None:
        """In how many seconds the job is expected to end."""
        ...


class Crew(Protocol):
    """What a journey asks and tells of GPUs, by their ids. seconds: that an encode took, pauses left out."""

    def rungs(self, device_id: str, turn: Turn) -> tuple[Means, ...]: ...

    def failed(self, device_id: str, reason: str) -> None: ...

    def crowded(self, device_id: str, running: int) -> None: ...

    async def succeeded(self, device_id: str, turn: Turn, seconds: float | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What all journeys share. execute is the seam: today a local child process, elsewhere another machine's."""

    store: Store
    gate: Gate
    house: House
    crew: Crew
    publish: Callable[[Event], None]
    surroundings: Surroundings
    cache: MediaCache
    execute: Executor
