"""What is asked about jobs, and the answers, as values."""

from __future__ import annotations

from dataclasses import dataclass

from mkv2castd.model import Job, JobStatus


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Which jobs, newest first. Empty `statuses`: all. text: part of the file's name, ASCII case ignored.

    offset ≥ 0; 1 ≤ limit ≤ 500.
    """

    statuses: tuple[JobStatus, ...] = ()
    folder: str | None = None
    text: str | None = None
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of an answer; `total` counts all jobs that match."""

    jobs: tuple[Job, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Health:
    """Is the daemon able to do its work? `problems`: a sentence with its remedy each."""

    ok: bool
    problems: tuple[str, ...] = ()
