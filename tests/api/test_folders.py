"""Folders over REST: how each stands, one more of them, and a look at all that is in one."""

from __future__ import annotations

from typing import Any

import pytest

from mkv2castd.model import JobStatus
from tests.api.conftest import Client
from tests.api.fakes import FakeDaemon


async def test_folders_are_listed_with_how_they_stand(client: Client, daemon: FakeDaemon) -> None:
    status, body = await client.rest("GET", "/api/folders/")
    assert status == 200
    assert body == [
        {
            "name": "incoming",
            "path": "/srv/media/incoming",
            "output": "/srv/media/cast",
            "profile": ["chromecast"],
            "state": "online",
            "problem": None,
            "watching": "inotify",
            "files": 12,
            "pending": 1,
        },
        {
            "name": "usb",
            "path": "/mnt/usb",
            "output": None,
            "profile": ["chromecast-ultra", "nest-hub"],
            "state": "offline",
            "problem": "/mnt/usb: No such file or directory: mount or create it; it is tried all the time",
            "watching": "none",
            "files": 3,
            "pending": 0,
        },
    ]


async def test_a_folder_is_added_with_the_keys_of_the_configuration(client: Client, daemon: FakeDaemon) -> None:
    body = {"path": "/srv/series", "profile": ["nest-hub"], "source": "trash", "priority": 5}
    status, added = await client.rest("POST", "/api/folders/", json=body)
    assert (status, added["name"], added["profile"], added["state"]) == (201, "series", ["nest-hub"], "starting")
    assert (await client.rest("GET", "/api/folders"))[1][-1] == added
    status, refused = await client.rest("POST", "/api/folders/", json=body)
    assert (status, refused["error"]) == (409, "invalid_state")


@pytest.mark.parametrize(
    ("body", "status", "error", "named"),
    [
        ({}, 400, "invalid_argument", "path"),
        ({"path": 5}, 400, "invalid_argument", "path"),
        ([], 400, "invalid_argument", "object"),
        ({"path": "films"}, 400, "invalid_path", "absolute"),
        ({"path": "/films", "suffix": "a/b"}, 400, "invalid_argument", "suffix: 'a/b'"),
        ({"path": "/films", "colour": 1}, 400, "invalid_argument", "colour: unknown key; allowed here: path, name"),
        ({"path": "/films", "output": None}, 400, "invalid_argument", "output: is null; allowed: a text"),
    ],
)
async def test_a_folder_that_cannot_be_is_refused_with_what_is_wrong(
    client: Client, body: Any, status: int, error: str, named: str
) -> None:
    answered, refused = await client.rest("POST", "/api/folders/", json=body)
    assert (answered, refused["error"]) == (status, error)
    assert named in refused["message"]


async def test_a_folder_is_compared_now(client: Client, daemon: FakeDaemon) -> None:
    status, body = await client.rest("POST", "/api/folders/incoming/scan/")
    assert (status, body["name"], daemon.scanned) == (200, "incoming", ["incoming"])
    status, body = await client.rest("POST", "/api/folders/nowhere/scan/")
    assert (status, body["error"]) == (404, "no_such_folder")


async def test_jobs_are_counted_and_the_pause_has_its_reason(client: Client, daemon: FakeDaemon) -> None:
    for status in (JobStatus.QUEUED, JobStatus.QUEUED, JobStatus.FAILED, JobStatus.COMPLETED):
        daemon.add(status=status)
    expected: dict[str, Any] = {"processing": 0, "queued": 2, "failed": 1, "pause_reason": None}
    assert await client.rest("GET", "/api/stats/") == (200, expected)
    await daemon.pause_queue()
    assert await client.rest("GET", "/api/stats/") == (200, expected | {"pause_reason": "requested"})
