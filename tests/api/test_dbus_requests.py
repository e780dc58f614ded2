"""What callers on D-Bus ask for, as values."""

from __future__ import annotations

import pytest

from mkv2castd.api import dbus_requests
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.model import JobStatus


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"status": ["failed"] * 250_001}, "status"),
        ({"status": ["failed"] * 8}, "status"),
        ({"offset": 2**32}, "offset"),
        ({"offset": 2**64 - 1}, "offset"),
        ({"offset": -1}, "offset"),
        ({"limit": 2**32}, "limit"),
        ({"limit": 0}, "limit"),
    ],
)
def test_a_filter_that_no_database_could_take_is_an_invalid_argument(wanted: dict[str, object], named: str) -> None:
    with pytest.raises(RequestError) as caught:
        dbus_requests.query(wanted)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert caught.value.message.startswith(f"{named}: ")


def test_each_status_is_asked_for_once() -> None:
    every = [status.value for status in JobStatus]
    assert dbus_requests.query({"status": every}).statuses == tuple(JobStatus)
    twice = dbus_requests.query({"status": ["failed", "queued", "failed"]})
    assert twice.statuses == (JobStatus.FAILED, JobStatus.QUEUED)
    assert dbus_requests.query({"offset": 2**32 - 1}).offset == 2**32 - 1
