"""What happens, as values, and the hub that tells it: bounded subscribers, a producer that never waits.

An event is published after its fact is durable (progress, which is no fact to keep, excepted).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from mkv2castd.model import FolderStatus, Job, Progress


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job is new or has changed in any stored field. `previous` is None for a new job."""

    job: Job
    previous: Job | None


@dataclass(frozen=True, slots=True)
class JobRemoved:
    """The job is forgotten; its id is free of meaning from now on."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class JobProgressed:
    """At most two a second a job."""

    job_id: UUID
    progress: Progress


@dataclass(frozen=True, slots=True)
class FolderChanged:
    """A folder is new, or something that is told of it is different now."""

    folder: FolderStatus


@dataclass(frozen=True, slots=True)
class FolderRemoved:
    """The folder has left the configuration."""

    name: str


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """paused: somebody has asked for it. reason: what holds encoding back, as Verbs.pause_reason has it."""

    paused: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """What is told of a device is different now; `device` is its id."""

    device: str


Event = JobChanged | JobRemoved | JobProgressed | FolderChanged | FolderRemoved | QueueChanged | DeviceChanged


class Hub:
    """Hands each event to every listener, in the order of publishing. It keeps nothing: who has slow readers of its
    own (the API) bounds their queues itself."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []

    def publish(self, event: Event) -> None:
        """Never waits. Call in the event loop's thread."""
        for listener in tuple(self._listeners):
            listener(event)

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Calls `listener` synchronously with every event: it must be quick and must not raise. Returns the
        call that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
