"""Nouns ↔ database rows. File names are bytes in the database: they need not be UTF-8."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from mkv2castd.errors import ErrorCode
from mkv2castd.model import Analysis, Attempt, Container, Failure, Identity, Job, JobStatus, Outcome, Stage, printable
from mkv2castd.queries import JobQuery
from mkv2castd.work import Work

_SIGN = 1 << 63
_RANGE = 1 << 64
# made once: 100,000 of them are read at start
_WORK = msgspec.json.Decoder(Work)


class BadRow(sqlite3.DatabaseError):
    """A row that no mkv2castd has written: the database is damaged, where SQLite itself cannot notice."""


@contextmanager
def legible() -> Iterator[None]:
    """Raises BadRow for what makes no sense."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, msgspec.DecodeError) as error:
        raise BadRow(f"a row makes no sense: {error}") from error


def signed(number: int) -> int:
    """A 64-bit unsigned number (an inode of some network file systems) as SQLite's signed one."""
    return number - _RANGE if number >= _SIGN else number


def unsigned(number: int) -> int:
    return number + _RANGE if number < 0 else number


def to_path(raw: bytes) -> Path:
    return Path(os.fsdecode(raw))


def from_identity(identity: Identity) -> tuple[int, int, int, int]:
    return signed(identity.device), signed(identity.inode), identity.size, identity.mtime_ns


def to_identity(row: sqlite3.Row) -> Identity:
    return Identity(unsigned(row["device"]), unsigned(row["inode"]), row["size"], row["mtime_ns"])


def from_failure(failure: Failure | None) -> dict[str, Any]:
    if failure is None:
        return {"error": None, "message": None, "details": None}
    return {"error": failure.code.value, "message": failure.message, "details": failure.details}


def to_failure(row: sqlite3.Row) -> Failure | None:
    if row["error"] is None:
        return None
    return Failure(ErrorCode(row["error"]), row["message"], row["details"])


def from_job(job: Job) -> dict[str, Any]:
    identity = from_identity(job.identity) if job.identity is not None else (None,) * 4
    return {
        "id": str(job.id),
        "folder": job.folder,
        "source": os.fsencode(job.source),
        **dict(zip(("device", "inode", "size", "mtime_ns"), identity, strict=True)),
        "status": job.status.value,
        "stage": job.stage.value if job.stage is not None else None,
        "sequence": job.sequence,
        "priority": job.priority,
        "paused": job.paused,
        "profile": _json(job.profile),
        "container": job.container.value if job.container is not None else None,
        "wanted_device": job.device,
        "lane": job.lane,
        "lane_reason": job.lane_reason,
        "work": _json(job.work),
        "output": os.fsencode(job.output) if job.output is not None else None,
        "output_size": job.output_size,
        "skipped": job.skipped,
        "reason": job.reason,
        **from_failure(job.failure),
        "analysis": _json(job.analysis),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "revision": job.revision,
        "name": printable(job.source.name).lower(),
    }


@legible()
def to_job(row: sqlite3.Row) -> Job:
    return Job(
        id=UUID(row["id"]),
        folder=row["folder"],
        source=to_path(row["source"]),
        identity=to_identity(row) if row["inode"] is not None else None,
        status=JobStatus(row["status"]),
        stage=Stage(row["stage"]) if row["stage"] is not None else None,
        sequence=row["sequence"],
        priority=row["priority"],
        paused=bool(row["paused"]),
        profile=msgspec.json.decode(row["profile"], type=tuple[str, ...]) if row["profile"] is not None else None,
        container=Container(row["container"]) if row["container"] is not None else None,
        device=row["wanted_device"],
        lane=row["lane"],
        lane_reason=row["lane_reason"],
        work=to_work(row["work"]),
        output=to_path(row["output"]) if row["output"] is not None else None,
        output_size=row["output_size"],
        skipped=bool(row["skipped"]),
        reason=row["reason"],
        failure=to_failure(row),
        analysis=msgspec.json.decode(row["analysis"], type=Analysis) if row["analysis"] is not None else None,
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        revision=row["revision"],
    )


def from_attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "device": attempt.device,
        "started_at": attempt.started_at,
        "outcome": attempt.outcome.value,
        "ended_at": attempt.ended_at,
        **from_failure(attempt.failure),
        "exit_code": attempt.exit_code,
        "temporary": os.fsencode(attempt.temporary) if attempt.temporary is not None else None,
        "why": attempt.why,
        "means": attempt.means,
        "spared": attempt.spared,
    }


@legible()
def to_attempt(row: sqlite3.Row) -> Attempt:
    return Attempt(
        number=row["number"],
        device=row["device"],
        started_at=row["started_at"],
        outcome=Outcome(row["outcome"]),
        ended_at=row["ended_at"],
        failure=to_failure(row),
        exit_code=row["exit_code"],
        temporary=to_path(row["temporary"]) if row["temporary"] is not None else None,
        why=row["why"],
        means=row["means"],
        spared=bool(row["spared"]),
    )


def where(query: JobQuery) -> tuple[str, tuple[Any, ...]]:
    """The WHERE clause and its values; the clause holds no text of the caller's."""
    clauses: list[str] = []
    values: list[Any] = []
    if query.statuses:
        clauses.append(f"status IN ({', '.join('?' * len(query.statuses))})")
        values += [status.value for status in query.statuses]
    if query.folder is not None:
        clauses.append("folder = ?")
        values.append(query.folder)
    if query.text is not None:
        clauses.append("instr(name, ?) > 0")
        values.append(query.text.lower())
    if query.id is not None:
        beginning = query.id.lower()
        clauses.append("id >= ? AND id < ?")
        values += [beginning, f"{beginning}g"]  # g sorts behind everything that is in an id
    return (f"WHERE {' AND '.join(clauses)}" if clauses else ""), tuple(values)


def to_work(raw: str | None) -> Work | None:
    return _WORK.decode(raw) if raw is not None else None


def _json(value: object) -> str | None:
    return msgspec.json.encode(value).decode() if value is not None else None
