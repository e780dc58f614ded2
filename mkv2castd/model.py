"""The nouns that every room shares, and the one table of what a job may become.

Values only: frozen, without I/O or clock. Times are seconds since the epoch (UTC), durations are seconds,
sizes are bytes. An absent fact is None, never a made-up default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.file_times import storable_time
from mkv2castd.work import Work


class JobStatus(StrEnum):
    """The seven states of a job; no other appears on any wire (interfaces, "Job")."""

    PENDING = "pending"
    ANALYZING = "analyzing"
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Nothing more happens to the job unless somebody asks for a retry."""
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class Stage(StrEnum):
    """What is being done for a job right now; finer than its status."""

    ANALYZING = "analyzing"
    WAITING = "waiting"
    TRANSCODING = "transcoding"
    REMUXING = "remuxing"
    VERIFYING = "verifying"
    FINALIZING = "finalizing"


_S = JobStatus
TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = MappingProxyType(
    {
        _S.PENDING: frozenset({_S.ANALYZING, _S.FAILED, _S.CANCELLED}),
        # back to pending: the file began to change again
        _S.ANALYZING: frozenset({_S.PENDING, _S.QUEUED, _S.COMPLETED, _S.FAILED, _S.CANCELLED}),
        # to analyzing: the source is another file by now, or a retry wants fresh facts
        _S.QUEUED: frozenset({_S.PENDING, _S.ANALYZING, _S.PROCESSING, _S.FAILED, _S.CANCELLED}),
        _S.PROCESSING: frozenset({_S.QUEUED, _S.COMPLETED, _S.FAILED, _S.CANCELLED}),
        _S.COMPLETED: frozenset(),
        _S.FAILED: frozenset({_S.QUEUED}),
        _S.CANCELLED: frozenset({_S.QUEUED}),
    }
)


class Container(StrEnum):
    """Output containers (interfaces, configuration key `container`)."""

    MKV = "mkv"
    MP4 = "mp4"
    WEBM = "webm"


class Action(StrEnum):
    """What is done to one stream. CONVERT: a subtitle changes its form; no video or sound is encoded."""

    COPY = "copy"
    TRANSCODE = "transcode"
    CONVERT = "convert"
    DROP = "drop"


class StreamKind(StrEnum):
    """ffprobe's codec_type."""

    VIDEO = "video"
    AUDIO = "audio"
    SUBTITLE = "subtitle"
    DATA = "data"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file it is and which version of it: equal identities mean unchanged content for our purposes."""

    device: int
    inode: int
    size: int
    mtime_ns: int  # as storable_time has it

    @classmethod
    def of(cls, stat: os.stat_result) -> Identity:
        return cls(stat.st_dev, stat.st_ino, stat.st_size, storable_time(stat.st_mtime_ns))

    def matches(self, other: Identity) -> bool:
        """Is it the same version of a file under one and the same path? The device's number tells nothing there: a
        disk that was plugged in again, or a share mounted anew, has another one."""
        return (self.inode, self.size, self.mtime_ns) == (other.inode, other.size, other.mtime_ns)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A film as a watcher saw it. complete: nobody writes to it any more, as far as can be known."""

    path: Path
    identity: Identity
    complete: bool


@dataclass(frozen=True, slots=True)
class StreamDecision:
    """What was decided for one stream of the source, and why, for people and for the `analysis` message."""

    index: int
    kind: StreamKind
    codec: str | None
    action: Action
    reason: str
    target_codec: str | None = None
    language: str | None = None
    title: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    bitrate: int | None = None
    channels: int | None = None
    sample_rate: int | None = None


@dataclass(frozen=True, slots=True)
class DeviceVerdict:
    """Whether a film plays on a device as it is. reasons: why not; empty when it plays."""

    id: str
    name: str
    plays: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the deciding came to. `skip` holds the reason when nothing has to be done.

    `lane` is the device that the work was given to: "remux" when no video is encoded, else the processor ("cpu") or a
    GPU's id; None when skipped. lane_reason: why that one. devices: how
    the film stands with each device that is known, as it is now; empty in what was stored before there was such.
    """

    streams: tuple[StreamDecision, ...]
    profile: tuple[str, ...]
    container: Container
    duration: float | None
    lane: str | None
    skip: str | None = None
    devices: tuple[DeviceVerdict, ...] = ()
    lane_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one running attempt is, as told to clients.

    percent: 0…100, never falling within an attempt, 100 only when the file is in place. position: seconds of
    the film that are done. eta: seconds, from the speed measured so far. speed: film seconds per second.
    """

    stage: Stage
    percent: float
    eta: float | None = None
    speed: float | None = None
    frame: int | None = None
    fps: float | None = None
    size: int | None = None
    position: float | None = None
    bitrate_kbps: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something did not work, as kept and as told: a stable code, a sentence, and the technical end."""

    code: ErrorCode
    message: str
    details: str | None = None


class Outcome(StrEnum):
    """How an attempt ended; RUNNING while it has not."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a job: one ffmpeg run on one device. `number` counts from 1 within the job. why: this device, and
    these means. means: what decodes and encodes; None: nothing is encoded. spared: its device was at fault."""

    number: int
    device: str
    started_at: float
    outcome: Outcome = Outcome.RUNNING
    ended_at: float | None = None
    failure: Failure | None = None
    exit_code: int | None = None
    temporary: Path | None = None
    why: str | None = None
    means: str | None = None
    spared: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One film on its way. The id stays the same over retries and restarts.

    `profile`, `container` and `device` are wishes of the submitter; None means what the folder says.
    `sequence` orders jobs of one priority; a job that goes back to the head of its lane keeps it.
    lane: the device that it waits for, is worked on by or was made on last; lane_reason: why that one. work: what has
    to be encoded, once that is known; None where the picture is copied.
    `revision` grows by one with each stored change, so that a reader can tell an old telling from a new one.
    """

    id: UUID
    folder: str
    source: Path
    identity: Identity | None
    status: JobStatus
    created_at: float
    sequence: int = 0
    priority: int = 0
    paused: bool = False
    stage: Stage | None = None
    profile: tuple[str, ...] | None = None
    container: Container | None = None
    device: str | None = None
    lane: str | None = None
    lane_reason: str | None = None
    work: Work | None = None
    output: Path | None = None
    output_size: int | None = None
    skipped: bool = False
    reason: str | None = None
    failure: Failure | None = None
    analysis: Analysis | None = None
    started_at: float | None = None
    finished_at: float | None = None
    revision: int = 0


def advance(job: Job, status: JobStatus, **changes: Any) -> Job:
    """The job in its next state; the only way a status changes.

    Raises RequestError (invalid_state) for a move that TRANSITIONS does not know.
    """
    if status not in TRANSITIONS[job.status]:
        raise RequestError(
            ErrorCode.INVALID_STATE,
            f"a job that is {job.status.value} cannot become {status.value}",
        )
    return replace(job, status=status, **changes)


class FolderState(StrEnum):
    """STARTING: the first comparison is under way. OFFLINE: the folder is not there; its jobs are kept."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """What a watched folder is up to. watching: "inotify" or "poll"; problem: a sentence with its remedy."""

    name: str
    path: Path
    state: FolderState
    watching: str | None = None
    problem: str | None = None


def printable(path: Path | str) -> str:
    """A name for people and for JSON: bytes that are not UTF-8 become U+FFFD instead of lone surrogates."""
    return os.fsencode(path).decode("utf-8", "replace")
