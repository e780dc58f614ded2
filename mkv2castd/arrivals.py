"""What a sighting means: a new film, a known one, one that moved, grew or was replaced. Transactions over the Ledger.

A film is known by its identity (device, inode, size, mtime), not by its name: moved or hard-linked it stays the same
film and is converted once; copied or rewritten it is another one. Names are never looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from mkv2castd.config import FolderConfig
from mkv2castd.encoder.commit import decode
from mkv2castd.encoder.effects import ENDINGS, Effects, Stop
from mkv2castd.errors import ErrorCode
from mkv2castd.ledger import KnownFile, Ledger
from mkv2castd.model import Job, JobStatus, Sighting, Stage, advance

_EMPTY = "the file is empty: it waits until something is in it; if nothing comes, copy it here again"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """`same_result`: would these two folders make the same of a film? `exists`: is there still a file?"""

    ledger: Ledger
    folder: FolderConfig
    now: float
    exists: Callable[[Path], bool]
    same_result: Callable[[str, str], bool]
    effects: Effects

    def sight(self, seen: Sighting) -> None:
        known = self.ledger.file_at(seen.path)
        if known is not None and known.kind == "output" and known.identity.matches(seen.identity):
            self._remember(known, seen)
        elif (job := self.ledger.live_job_at(seen.path)) is not None:
            if not self._is_being_replaced(job, seen):
                self._seen_again(job, seen)
        elif known is not None and known.identity.matches(seen.identity):
            self._remember(known, seen)
            self._revive(known, seen)
        elif not self._is_elsewhere(seen):
            self._new(seen)

    def _is_being_replaced(self, job: Job, seen: Sighting) -> bool:
        """The output is taking the film's own place: until that is done either of the two may be seen there, and the
        place is known as the output's already."""
        entry = self.ledger.commit_of(job.id)
        if entry is None:
            return False
        commit = decode(entry)
        expected = (commit.source_identity, commit.identity)
        return commit.in_place and any(seen.identity.matches(identity) for identity in expected)

    def _new(self, seen: Sighting) -> None:
        status = JobStatus.ANALYZING if seen.complete else JobStatus.PENDING
        job = Job(
            id=uuid4(),
            folder=self.folder.name,
            source=seen.path,
            identity=seen.identity,
            status=status,
            created_at=self.now,
            stage=Stage.ANALYZING if seen.complete else None,
            priority=self.folder.priority,
            reason=_why_pending(seen),
        )
        job = self.ledger.add(job)
        self.ledger.remember(
            KnownFile(seen.path, self.folder.name, seen.identity, "source", job.id, complete=seen.complete)
        )
        if seen.complete:
            self.effects.analyze.append(job)

    def _seen_again(self, job: Job, seen: Sighting) -> None:
        changed = job.identity is None or not job.identity.matches(seen.identity)
        # its folder has got another name, or another one was put inside or taken away: other settings hold
        adopted = job.folder != self.folder.name
        job = replace(job, folder=self.folder.name)
        self.ledger.remember(
            KnownFile(seen.path, job.folder, seen.identity, "source", job.id, complete=seen.complete)
        )
        if job.status is JobStatus.PENDING:
            if seen.complete:
                self._analyze(job, seen)
            elif adopted or job.reason != _why_pending(seen):
                self.ledger.save(replace(job, identity=seen.identity, reason=_why_pending(seen)))
        elif job.status is JobStatus.PROCESSING:
            if changed:
                self.effects.stop.append((job.id, Stop.RESTART))
        elif changed or adopted:
            self.effects.discard.append(job.id)
            if seen.complete:
                self._analyze(job, seen)
            else:
                self.ledger.save(advance(job, JobStatus.PENDING, identity=seen.identity, stage=None))

    def _analyze(self, job: Job, seen: Sighting) -> None:
        job = replace(job, identity=seen.identity, reason=None)
        job = job if job.status is JobStatus.ANALYZING else advance(job, JobStatus.ANALYZING, stage=Stage.ANALYZING)
        self.effects.analyze.append(self.ledger.save(job))

    def _is_elsewhere(self, seen: Sighting) -> bool:
        """Is it a film (or an output) that is known under another name?"""
        for other in self.ledger.files_like(seen.identity):
            if other.path == seen.path:
                continue
            moved = other.gone_at is not None or not self.exists(other.path)
            if other.kind == "output":
                self._remember(replace(other, path=seen.path), seen)
                return True
            if not self.same_result(other.folder, self.folder.name):
                continue
            if moved:
                self._moved(other, seen)
            else:
                self._remember(replace(other, path=seen.path), seen)
            return True
        return False

    def _moved(self, other: KnownFile, seen: Sighting) -> None:
        self.ledger.forget(other.path)
        self.ledger.move_origin(other.path, seen.path)
        here = replace(other, path=seen.path)
        self._remember(here, seen)
        job = self.ledger.live_job_at(other.path)
        if job is None:
            self._revive(here, seen)
            return
        job = replace(job, source=seen.path, folder=self.folder.name, output=None)
        if job.status is JobStatus.PROCESSING:
            self.ledger.save(job)
            self.effects.stop.append((job.id, Stop.RESTART))
        elif job.status is JobStatus.PENDING and not seen.complete:
            self.ledger.save(job)
        else:
            self.effects.discard.append(job.id)
            self._analyze(job, seen)

    def _revive(self, known: KnownFile, seen: Sighting) -> None:
        """A film whose job was given up only because it had gone is taken up again."""
        job = self.ledger.job(known.job_id) if known.job_id is not None else None
        gone = job is not None and job.failure is not None and job.failure.code is ErrorCode.SOURCE_UNREADABLE
        if job is None or not gone or known.gone_at is None or not job.status.finished:
            return
        job = replace(job, source=seen.path, folder=self.folder.name, failure=None, finished_at=None)
        job = self.ledger.save(advance(job, JobStatus.QUEUED))
        if seen.complete:
            self._analyze(job, seen)
        else:
            self.ledger.save(advance(job, JobStatus.PENDING))

    def _remember(self, known: KnownFile, seen: Sighting) -> None:
        self.ledger.remember(
            replace(
                known,
                folder=self.folder.name,
                identity=seen.identity,
                gone_at=None,
                complete=seen.complete or known.kind == "output",
            )
        )

    def vanish(self, path: Path) -> None:
        """The file is not there any more. What was known of it is kept: it may have been moved."""
        known = self.ledger.file_at(path)
        if known is not None and known.gone_at is None:
            self.ledger.remember(replace(known, gone_at=self.now))
        job = self.ledger.live_job_at(path)
        if job is None:
            return
        if job.status is JobStatus.PROCESSING:
            self.effects.stop.append((job.id, Stop.GONE))
            return
        if self.ledger.commit_of(job.id) is not None:
            return  # we may have taken it away ourselves, before we were killed: the commit is finished first
        self.effects.discard.append(job.id)
        self.ledger.save(
            advance(
                job,
                JobStatus.CANCELLED,
                stage=None,
                paused=False,
                failure=ENDINGS[Stop.GONE],
                finished_at=self.now,
            )
        )


def _why_pending(seen: Sighting) -> str | None:
    return _EMPTY if seen.identity.size == 0 else None
