"""What callers on D-Bus ask for → values; each fault is named with what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from mkv2castd.api import requests
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.model import JobStatus
from mkv2castd.queries import JobQuery

_MOST = 2**32 - 1


class Filter(Struct, frozen=True, forbid_unknown_fields=True):
    """ListJobs. `text`: part of the file's name; `id`: the beginning of an id."""

    status: Annotated[tuple[JobStatus, ...], Meta(max_length=len(JobStatus))] = ()
    folder: str | None = None
    text: str | None = None
    id: str | None = None
    offset: Annotated[int, Meta(ge=0, le=_MOST)] = 0
    limit: Annotated[int, Meta(ge=1, le=requests.MAX_PAGE_SIZE)] = 50


def job_id(text: str) -> UUID:
    """Raises RequestError (no_such_job)."""
    found = requests.job_uuid(text)
    if found is None:
        raise RequestError(ErrorCode.NO_SUCH_JOB, f"there is no job {text}: a job's id is a UUID")
    return found


def query(asked: Mapping[str, object]) -> JobQuery:
    """Raises RequestError (invalid_argument)."""
    wanted = requests.converted(asked, Filter)
    return JobQuery(
        statuses=requests.distinct(wanted.status),
        folder=wanted.folder or None,
        text=wanted.text or None,
        id=wanted.id or None,
        offset=wanted.offset,
        limit=wanted.limit,
    )


def submission(path: str, options: Mapping[str, object]) -> requests.Submit:
    """Raises RequestError (invalid_argument)."""
    return requests.converted(_with_path(path, options), requests.Submit)


def analysis(path: str, options: Mapping[str, object]) -> requests.Analyze:
    """Raises RequestError (invalid_argument)."""
    return requests.converted(_with_path(path, options), requests.Analyze)


def _with_path(path: str, options: Mapping[str, object]) -> dict[str, object]:
    if "path" in options:
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "path: is an argument of its own, not among the options")
    return {**options, "path": path}
