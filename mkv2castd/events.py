"""What happens, as values, and the hub that tells it: bounded subscribers, a producer that never waits.

An event is published after its fact is durable (progress, which is no fact to keep, excepted).
"""

from __future__ import annotations

import asyncio
from collections import deque
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
    folder: FolderStatus


@dataclass(frozen=True, slots=True)
class QueueChanged:
    paused: bool


Event = JobChanged | JobRemoved | JobProgressed | FolderChanged | QueueChanged


class Subscription:
    """One listener's bounded queue. A listener that falls behind is cut off: `overflowed` becomes True, the
    queue is emptied, and `next` returns None from then on."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()
        self._closed = False
        self.overflowed = False

    def offer(self, event: Event) -> None:
        if self._closed:
            return
        if len(self._events) >= self._limit:
            self.overflowed = True
            self._events.clear()
            self.close()
            return
        self._events.append(event)
        self._ready.set()

    def close(self) -> None:
        self._closed = True
        self._ready.set()

    async def next(self) -> Event | None:
        """The next event; None once closed and drained."""
        while not self._events:
            if self._closed:
                return None
            self._ready.clear()
            await self._ready.wait()
        return self._events.popleft()


class Hub:
    """Hands each event to every subscriber and to every plain listener, in the order of publishing."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._listeners: list[Callable[[Event], None]] = []

    def publish(self, event: Event) -> None:
        """Never waits and never fails for a slow subscriber. Call in the event loop's thread."""
        for listener in tuple(self._listeners):
            listener(event)
        for subscription in tuple(self._subscriptions):
            subscription.offer(event)
            if subscription.overflowed:
                self._subscriptions.discard(subscription)

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Calls `listener` synchronously with every event: it must be quick and must not raise. Returns the
        call that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def subscribe(self, limit: int = 1000) -> Subscription:
        subscription = Subscription(limit)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        subscription.close()
        self._subscriptions.discard(subscription)
