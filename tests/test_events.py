"""The hub: everyone hears everything in order, and one who does not listen holds nobody up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from mkv2castd.events import Event, FolderChanged, Hub, JobChanged, JobProgressed, JobRemoved, QueueChanged
from mkv2castd.model import FolderState, FolderStatus, Job, JobStatus, Progress, Stage

ID = UUID(int=1)
JOB = Job(ID, "films", Path("/films/a.mkv"), None, JobStatus.PENDING, created_at=1.0)
ALL: tuple[Event, ...] = (
    JobChanged(JOB, None),
    JobProgressed(ID, Progress(Stage.REMUXING, 1.0)),
    FolderChanged(FolderStatus("films", Path("/films"), FolderState.ONLINE)),
    QueueChanged(True),
    JobRemoved(ID),
)


def queue_events(count: int) -> list[Event]:
    return [QueueChanged(bool(number % 2)) for number in range(count)]


async def test_every_subscriber_gets_every_event_in_order() -> None:
    hub = Hub()
    first, second = hub.subscribe(), hub.subscribe()
    for event in ALL:
        hub.publish(event)
    async with asyncio.timeout(5):
        assert [await first.next() for _ in ALL] == list(ALL)
        assert [await second.next() for _ in ALL] == list(ALL)


async def test_a_waiting_subscriber_is_woken() -> None:
    hub = Hub()
    subscription = hub.subscribe()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(subscription.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.publish(ALL[0])
        assert await waiting == ALL[0]


async def test_what_happened_before_the_subscription_is_not_told() -> None:
    hub = Hub()
    hub.publish(ALL[0])
    subscription = hub.subscribe()
    hub.publish(ALL[1])
    async with asyncio.timeout(5):
        assert await subscription.next() == ALL[1]


async def test_a_subscriber_that_falls_behind_is_cut_off_and_nobody_else() -> None:
    hub = Hub()
    slow, quick = hub.subscribe(limit=3), hub.subscribe(limit=100)
    events = queue_events(5)
    for event in events:
        hub.publish(event)
    async with asyncio.timeout(5):
        assert slow.overflowed
        assert await slow.next() is None
        assert not quick.overflowed
        assert [await quick.next() for _ in events] == events


async def test_a_full_queue_is_not_yet_an_overflow() -> None:
    hub = Hub()
    subscription = hub.subscribe(limit=3)
    for event in queue_events(3):
        hub.publish(event)
    assert not subscription.overflowed
    async with asyncio.timeout(5):
        await subscription.next()
        hub.publish(ALL[0])
    assert not subscription.overflowed


async def test_one_who_was_cut_off_hears_no_more() -> None:
    hub = Hub()
    subscription = hub.subscribe(limit=1)
    for event in queue_events(4):
        hub.publish(event)
    async with asyncio.timeout(5):
        assert await subscription.next() is None
        assert await subscription.next() is None


async def test_an_ended_subscription_drains_and_then_ends() -> None:
    hub = Hub()
    subscription = hub.subscribe()
    hub.publish(ALL[0])
    hub.unsubscribe(subscription)
    hub.publish(ALL[1])
    async with asyncio.timeout(5):
        assert await subscription.next() == ALL[0]
        assert await subscription.next() is None
    hub.unsubscribe(subscription)


async def test_closing_wakes_the_one_who_waits() -> None:
    hub = Hub()
    subscription = hub.subscribe()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(subscription.next())
        await asyncio.sleep(0)
        hub.unsubscribe(subscription)
        assert await waiting is None


async def test_cancelling_a_waiting_subscriber_loses_no_event() -> None:
    hub = Hub()
    subscription = hub.subscribe()
    waiting = asyncio.ensure_future(subscription.next())
    await asyncio.sleep(0)
    hub.publish(ALL[0])
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(5):
        assert await subscription.next() == ALL[0]


def test_listeners_are_called_at_once_and_in_order_of_their_coming() -> None:
    hub, heard = Hub(), []
    hub.listen(lambda event: heard.append(("first", event)))
    end = hub.listen(lambda event: heard.append(("second", event)))
    hub.publish(ALL[0])
    assert heard == [("first", ALL[0]), ("second", ALL[0])]
    end()
    hub.publish(ALL[1])
    assert heard[2:] == [("first", ALL[1])]


def test_a_listener_that_leaves_while_being_told_silences_nobody() -> None:
    hub, heard = Hub(), []

    def once(event: Event) -> None:
        end()

    end = hub.listen(once)
    hub.listen(heard.append)
    hub.publish(ALL[0])
    assert heard == [ALL[0]]


async def test_listeners_hear_an_event_before_any_subscriber_can() -> None:
    hub, heard = Hub(), []
    subscription = hub.subscribe()
    hub.listen(heard.append)
    hub.publish(ALL[0])
    assert heard == [ALL[0]]
    async with asyncio.timeout(5):
        await subscription.next()
