"""The hub: everyone hears everything in order, and one who does not listen holds nobody up."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from mkv2castd.events import (
    DeviceChanged,
    Event,
    FolderChanged,
    Hub,
    JobChanged,
    JobProgressed,
    JobRemoved,
    QueueChanged,
)
from mkv2castd.model import FolderState, FolderStatus, Job, JobStatus, Progress, Stage

ID = UUID(int=1)
JOB = Job(ID, "films", Path("/films/a.mkv"), None, JobStatus.PENDING, created_at=1.0)
ALL: tuple[Event, ...] = (
    JobChanged(JOB, None),
    JobProgressed(ID, Progress(Stage.REMUXING, 1.0)),
    FolderChanged(FolderStatus("films", Path("/films"), FolderState.ONLINE)),
    QueueChanged(True),
    DeviceChanged("pci-0000_03_00_0"),
    JobRemoved(ID),
)


def test_every_listener_hears_every_event_in_order() -> None:
    hub, first, second = Hub(), [], []
    hub.listen(first.append)
    hub.listen(second.append)
    for event in ALL:
        hub.publish(event)
    assert first == second == list(ALL)


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
