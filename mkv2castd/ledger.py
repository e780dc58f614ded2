"""What the store holds, in the words of the nouns: jobs, attempts, known files, commits under way.

A Ledger is one connection inside one transaction; it lives in the store's threads only. Changes to jobs are noted
as events, which the store publishes once they are durable.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from mkv2castd import rows
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.events import Event, JobChanged, JobRemoved
from mkv2castd.model import Attempt, Identity, Job, JobStatus, Outcome
from mkv2castd.queries import Counts, JobPage, JobQuery
from mkv2castd.work import Work

_WORKING = ("processing", "analyzing")


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that was seen. kind: "source" or "output"; origin: the film that an output was made from.

    complete: nobody writes to it any more, as far as was known when it was seen.
    """

    path: Path
    folder: str
    identity: Identity
    kind: str
    job_id: UUID | None = None
    origin: Path | None = None
    gone_at: float | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Waiting:
    """As much of a job as it needs to wait in a line."""

    job_id: UUID
    folder: str
    status: JobStatus
    lane: str | None
    priority: int
    sequence: int
    paused: bool
    work: Work | None = None
    device: str | None = None


class Ledger:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.events: list[Event] = []

    # Jobs

    def job(self, job_id: UUID) -> Job | None:
        row = self._db.execute("SELECT * FROM jobs WHERE id = ?", (str(job_id),)).fetchone()
        return rows.to_job(row) if row is not None else None

    def require(self, job_id: UUID) -> Job:
        """Raises RequestError (no_such_job)."""
        job = self.job(job_id)
        if job is None:
            raise RequestError(ErrorCode.NO_SUCH_JOB, f"there is no job {job_id}")
        return job

    def live_job_at(self, source: Path) -> Job | None:
        """The unfinished job of this film, if there is one."""
        row = self._db.execute(
            "SELECT * FROM jobs WHERE source = ? AND status NOT IN ('completed', 'failed', 'cancelled')",
            (os.fsencode(source),),
        ).fetchone()
        return rows.to_job(row) if row is not None else None

    def claimed_by_other(self, output: Path, job_id: UUID) -> bool:
        """Is another unfinished job about to write this file?"""
        found = self._db.execute(
            """SELECT 1 FROM jobs WHERE output = ? AND id != ?
               AND status NOT IN ('completed', 'failed', 'cancelled')""",
            (os.fsencode(output), str(job_id)),
        )
        return found.fetchone() is not None

    def add(self, job: Job) -> Job:
        """Stores a new job behind all others of its priority."""
        (last,) = self._db.execute("SELECT coalesce(max(sequence), 0) FROM jobs").fetchone()
        job = replace(job, sequence=last + 1, revision=1)
        self._put("INSERT INTO jobs", job)
        self.events.append(JobChanged(job, None))
        return job

    def save(self, job: Job) -> Job:
        """Stores a changed job, one revision further. The job must exist."""
        previous = self.require(job.id)
        job = replace(job, revision=previous.revision + 1)
        self._put("REPLACE INTO jobs", job)
        self.events.append(JobChanged(job, previous))
        return job

    def remove(self, job_id: UUID) -> None:
        """Forgets a job and its attempts; what is known of its files stays, so that it is not made anew."""
        self._db.execute("DELETE FROM jobs WHERE id = ?", (str(job_id),))
        self._db.execute("DELETE FROM attempts WHERE job_id = ?", (str(job_id),))
        self.events.append(JobRemoved(job_id))

    def page(self, query: JobQuery) -> JobPage:
        where, values = rows.where(query)
        (total,) = self._db.execute(f"SELECT count(*) FROM jobs {where}", values).fetchone()  # noqa: S608
        found = self._db.execute(
            f"SELECT * FROM jobs {where} ORDER BY sequence DESC LIMIT ? OFFSET ?",  # noqa: S608
            (*values, query.limit, query.offset),
        )
        return JobPage(tuple(map(rows.to_job, found)), total)

    def unfinished(self, limit: int) -> list[Job]:
        """Those being worked on first, then the queue in its order, then those not complete on disk."""
        found: list[Job] = []
        for status in (*_WORKING, "queued", "pending"):
            room = limit - len(found)
            query = "SELECT * FROM jobs WHERE status = ? ORDER BY priority DESC, sequence LIMIT ?"
            found += map(rows.to_job, self._db.execute(query, (status, room)))
        return found

    def newest_finished(self, limit: int) -> list[Job]:
        query = "SELECT * FROM jobs WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT ?"
        return list(map(rows.to_job, self._db.execute(query, (limit,))))

    def finished_before(self, moment: float, limit: int) -> list[UUID]:
        query = "SELECT id FROM jobs WHERE finished_at < ? ORDER BY finished_at LIMIT ?"
        return [UUID(job_id) for (job_id,) in self._db.execute(query, (moment, limit))]

    def counts(self) -> Counts:
        query = "SELECT kind, sum(count) FROM tallies GROUP BY kind"
        of: Counter[str] = Counter(dict(self._db.execute(query).fetchall()))
        return Counts(of["processing"], of["queued"], of["failed"])

    def census(self, folder: str) -> tuple[int, int]:
        """How many films of the folder are there, and how many are not complete yet."""
        query = "SELECT kind, count FROM tallies WHERE folder = ? AND kind IN ('film', 'pending')"
        of: Counter[str] = Counter(dict(self._db.execute(query, (folder,)).fetchall()))
        return of["film"], of["pending"]

    def waiting(self) -> Iterator[Waiting]:
        """The jobs that wait for analysis or for their turn, without what only that needs: 100,000 of them are read
        at start."""
        query = """SELECT id, folder, status, lane, priority, sequence, paused, work, wanted_device FROM jobs
                   WHERE status IN ('analyzing', 'queued')"""
        with rows.legible():
            for job_id, folder, status, lane, priority, sequence, paused, work, device in self._db.execute(query):
                yield Waiting(
                    *(UUID(job_id), folder, JobStatus(status), lane, priority, sequence, bool(paused)),
                    *(rows.to_work(work), device),
                )

    def unattended(self) -> list[Job]:
        """Jobs that are being worked on, but by no attempt: between two of them when the last run ended."""
        query = """SELECT * FROM jobs WHERE status = 'processing' AND NOT EXISTS
                   (SELECT 1 FROM attempts WHERE job_id = jobs.id AND outcome = 'running')"""
        return list(map(rows.to_job, self._db.execute(query)))

    def _put(self, verb: str, job: Job) -> None:
        values = rows.from_job(job)
        marks = ", ".join("?" * len(values))
        self._db.execute(f"{verb} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))

    # Attempts

    def attempts(self, job_id: UUID) -> tuple[Attempt, ...]:
        query = "SELECT * FROM attempts WHERE job_id = ? ORDER BY number"
        return tuple(map(rows.to_attempt, self._db.execute(query, (str(job_id),))))

    def save_attempt(self, job_id: UUID, attempt: Attempt) -> None:
        values = {"job_id": str(job_id)} | rows.from_attempt(attempt)
        marks = ", ".join("?" * len(values))
        query = f"REPLACE INTO attempts ({', '.join(values)}) VALUES ({marks})"  # noqa: S608
        self._db.execute(query, tuple(values.values()))

    def running_attempts(self) -> list[tuple[UUID, Attempt]]:
        query = "SELECT * FROM attempts WHERE outcome = ?"
        found = self._db.execute(query, (Outcome.RUNNING.value,))
        return [(UUID(row["job_id"]), rows.to_attempt(row)) for row in found]

    # How fast devices are

    def speeds(self) -> dict[tuple[str, str], tuple[float, int]]:
        """(device, kind of work) → million pixels a second, and by how many films that is known."""
        found = self._db.execute("SELECT device, kind, speed, count FROM speeds")
        return {(device, kind): (speed, count) for device, kind, speed, count in found}

    def save_speed(self, device: str, kind: str, speed: float, count: int) -> None:
        self._db.execute("REPLACE INTO speeds VALUES (?, ?, ?, ?)", (device, kind, speed, count))

    # Known files

    def file_at(self, path: Path) -> KnownFile | None:
        row = self._db.execute("SELECT * FROM files WHERE path = ?", (os.fsencode(path),)).fetchone()
        return _to_file(row) if row is not None else None

    def files_like(self, identity: Identity) -> list[KnownFile]:
        """All names under which this very version of a file was seen."""
        found = self._db.execute(
            "SELECT * FROM files WHERE inode = ? AND size = ? AND mtime_ns = ? AND device = ?",
            (rows.signed(identity.inode), identity.size, identity.mtime_ns, rows.signed(identity.device)),
        )
        return list(map(_to_file, found))

    def remember(self, file: KnownFile) -> None:
        self._db.execute(
            "REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                os.fsencode(file.path),
                file.folder,
                *rows.from_identity(file.identity),
                file.kind,
                str(file.job_id) if file.job_id is not None else None,
                os.fsencode(file.origin) if file.origin is not None else None,
                file.gone_at,
                file.complete,
            ),
        )

    def forget(self, path: Path) -> None:
        self._db.execute("DELETE FROM files WHERE path = ?", (os.fsencode(path),))

    def move_origin(self, old: Path, new: Path) -> None:
        """The film that outputs were made from has moved."""
        self._db.execute("UPDATE files SET origin = ? WHERE origin = ?", (os.fsencode(new), os.fsencode(old)))

    def forget_gone_before(self, moment: float) -> None:
        self._db.execute("DELETE FROM files WHERE gone_at < ?", (moment,))

    def known(self, folder: str) -> dict[bytes, tuple[int, int, int, int]]:
        """Path → (device, inode, size, mtime in ns) of the files that are there. One that is not complete yet has a
        size that no file has, so that it is looked at again, or missed. Values are as SQLite keeps them: see
        `rows.signed`."""
        cursor = self._db.cursor()
        cursor.row_factory = None  # plain tuples: a library has 100,000 of them
        found = cursor.execute(
            """SELECT path, device, inode, iif(complete, size, -1), mtime_ns FROM files
               WHERE folder = ? AND gone_at IS NULL""",
            (folder,),
        )
        return {path: (device, inode, size, mtime_ns) for path, device, inode, size, mtime_ns in found}

    # Commits under way

    def begin_commit(self, job_id: UUID, entry: bytes) -> None:
        self._db.execute("REPLACE INTO commits VALUES (?, ?)", (str(job_id), entry))

    def commit_of(self, job_id: UUID) -> bytes | None:
        row = self._db.execute("SELECT entry FROM commits WHERE job_id = ?", (str(job_id),)).fetchone()
        return row["entry"] if row is not None else None

    def idle_commits(self) -> list[UUID]:
        """Of jobs that are finished or forgotten: nobody will go on with them."""
        found = self._db.execute(
            """SELECT job_id FROM commits WHERE job_id NOT IN
               (SELECT id FROM jobs WHERE status NOT IN ('completed', 'failed', 'cancelled'))"""
        )
        return [UUID(job_id) for (job_id,) in found]

    def end_commit(self, job_id: UUID) -> None:
        self._db.execute("DELETE FROM commits WHERE job_id = ?", (str(job_id),))


@rows.legible()
def _to_file(row: sqlite3.Row) -> KnownFile:
    return KnownFile(
        path=rows.to_path(row["path"]),
        folder=row["folder"],
        identity=rows.to_identity(row),
        kind=row["kind"],
        job_id=UUID(row["job_id"]) if row["job_id"] is not None else None,
        origin=rows.to_path(row["origin"]) if row["origin"] is not None else None,
        gone_at=row["gone_at"],
        complete=bool(row["complete"]),
    )
