"""What a caller may ask for: queries and bodies of requests → values, each fault named with what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.model import Container, JobStatus
from mkv2castd.queries import JobQuery

MAX_PAGE_SIZE = 500
_MAX_PAGE = 10**9
_KEYS = frozenset({"status", "folder", "q", "page", "page_size"})
_VALIDATION = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")

_Profile = Annotated[tuple[str, ...], Meta(min_length=1, max_length=32)]
_Priority = Annotated[int, Meta(ge=-100, le=100)]


class Submit(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /api/jobs/. What is null or absent is left to the folder that the film lies in."""

    path: str
    profile: _Profile | None = None
    container: Container | None = None
    priority: _Priority | None = None
    device: str | None = None


class Analyze(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /api/analyze/."""

    path: str
    profile: _Profile | None = None
    container: Container | None = None


class AddFolder(Struct, frozen=True):
    """POST /api/folders/, as far as it is not the configuration's to judge."""

    path: str


class SetPriority(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /api/jobs/{id}/priority/."""

    priority: _Priority


class Action(Struct, frozen=True):
    """What a client says on a socket."""

    action: str


Body = TypeVar("Body", bound=Struct)


@dataclass(frozen=True, slots=True)
class PageQuery:
    """GET /api/jobs/: which jobs, and which page of them (from 1)."""

    jobs: JobQuery
    page: int
    page_size: int


def parse(raw: bytes | str, kind: type[Body]) -> Body:
    """JSON → the body. Raises RequestError: invalid_request (no JSON), invalid_argument (names the field)."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise RequestError(ErrorCode.INVALID_ARGUMENT, _explain(error, kind)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"this is no JSON: {error}") from error
    except RecursionError as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, "this JSON is nested too deeply") from error


def folder_settings(raw: bytes) -> tuple[Path, dict[str, Any]]:
    """POST /api/folders/: the folder's path, and its other keys, which the configuration knows better than we do.

    Raises RequestError: invalid_request, invalid_argument, invalid_path.
    """
    body = parse(raw, AddFolder)
    settings: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
    del settings["path"]
    return source_path(body.path), settings


def converted(fields: Mapping[str, object], kind: type[Body]) -> Body:
    """The same from values that are no JSON. Raises RequestError (invalid_argument), naming the field."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise RequestError(ErrorCode.INVALID_ARGUMENT, _explain(error, kind)) from error


def source_path(text: str) -> Path:
    """The film, or folder, that a caller names. Raises RequestError (invalid_path)."""
    if not text.startswith("/"):
        raise RequestError(ErrorCode.INVALID_PATH, f"path: {text!r} is not absolute: it must begin with /")
    if "\0" in text:
        raise RequestError(ErrorCode.INVALID_PATH, "path: contains a NUL character, which no file name may have")
    return Path(text)


def job_uuid(text: str) -> UUID | None:
    """The id of a job in an address, or None if no job can have it."""
    try:
        parsed = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.lower() else None


def job_query(pairs: list[tuple[str, str]]) -> PageQuery:
    """The query of GET /api/jobs/. `status` may stand several times or hold several, split by commas.

    Raises RequestError (invalid_argument).
    """
    for key, _ in pairs:
        if key not in _KEYS:
            raise _invalid(f"{key}: unknown parameter; allowed here: {', '.join(sorted(_KEYS))}")
    last = dict(pairs)
    page = _number(last, "page", 1, _MAX_PAGE)
    size = _number(last, "page_size", 50, MAX_PAGE_SIZE)
    statuses = distinct(
        _status(name) for key, value in pairs if key == "status" for name in value.split(",") if name.strip()
    )
    query = JobQuery(
        statuses=statuses,
        folder=last.get("folder") or None,
        text=last.get("q") or None,
        offset=(page - 1) * size,
        limit=size,
    )
    return PageQuery(query, page, size)


def distinct(statuses: Iterable[JobStatus]) -> tuple[JobStatus, ...]:
    """Each once, in the order that they were named in: however long the list, the database is asked for few."""
    return tuple(dict.fromkeys(statuses))


def _status(name: str) -> JobStatus:
    try:
        return JobStatus(name.strip())
    except ValueError:
        allowed = ", ".join(status.value for status in JobStatus)
        raise _invalid(f"status: there is no status {name.strip()!r}; allowed: {allowed}") from None


def _number(query: Mapping[str, str], key: str, default: int, highest: int) -> int:
    text = query.get(key, "")
    if not text:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    if not 1 <= number <= highest:
        raise _invalid(f"{key}: {text[:40]!r} is no whole number from 1 to {highest}")
    return number


def _explain(error: msgspec.ValidationError, kind: type[Struct]) -> str:
    match = _VALIDATION.match(str(error))
    assert match is not None, "the pattern matches every text"
    if unknown := _UNKNOWN.match(match["what"]):
        fields = ", ".join(field.name for field in msgspec.structs.fields(kind))
        return f"{unknown['field']}: unknown field; allowed here: {fields}"
    if missing := _MISSING.match(match["what"]):
        return f"{missing['field']}: is missing"
    what = match["what"][:1].lower() + match["what"][1:]
    return f"{match['where']}: {what}" if match["where"] else what


def _invalid(message: str) -> RequestError:
    return RequestError(ErrorCode.INVALID_ARGUMENT, message)
