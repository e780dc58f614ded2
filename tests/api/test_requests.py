"""What callers over HTTP ask for, as values."""

from __future__ import annotations

from mkv2castd.api import requests
from mkv2castd.model import JobStatus


def test_a_status_that_is_named_often_is_asked_for_once() -> None:
    pairs = [("status", ",".join(["failed"] * 1000)), ("status", "queued"), ("status", "failed")]
    assert requests.job_query(pairs).jobs.statuses == (JobStatus.FAILED, JobStatus.QUEUED)
