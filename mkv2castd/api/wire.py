"""Every message of both sockets and every object of REST, as types; their JSON and their JSON Schema.

The names and types are those of the WebSocket reference; what is here beyond it is additive. A fact that is not
known is null. A field that does not apply to this object at all is absent (`UNSET`), as `target_codec` of a copied
stream in the reference's own example.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mkv2castd.api.device_views import DeviceVerdictView
from mkv2castd.api.encoder_views import DeviceView
from mkv2castd.errors import ErrorCode
from mkv2castd.model import Action, Container, JobStatus, Outcome, Stage, StreamKind


class AttemptView(Struct, frozen=True, kw_only=True):
    """One try at a job. `means`: what decodes and encodes, for people; `why`: this device, and these means. `error`:
    a code of errors.ErrorCode; times are ISO 8601 in UTC."""

    number: int
    device: str
    means: str | None
    why: str | None
    outcome: Outcome
    error: ErrorCode | None
    message: str | None
    exit_code: int | None
    started_at: str
    ended_at: str | None


class JobView(Struct, frozen=True, kw_only=True):
    """A job in `job_update`, `jobs_list` and REST. `profile` and `container` are the submitter's wishes. `lane`, and
    `device` once there is one: the device that the job waits for, is worked on by or was made on; `lane_reason`: why
    that one. `duration`: whole seconds from its start to its end."""

    id: str
    filename: str
    original_filename: str
    status: JobStatus
    progress: float
    stage: Stage | None
    current_stage: Stage | None
    eta_seconds: int | None
    speed: str | None
    folder: str
    path: str
    priority: int
    paused: bool
    skipped: bool
    reason: str | None
    error: ErrorCode | None
    message: str | None
    profile: list[str] | None
    container: Container | None
    device: str | None
    lane: str | None
    lane_reason: str | None
    output_filename: str | None
    output_path: str | None
    output_size: int | None
    duration: int | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    attempts: list[AttemptView] | UnsetType = UNSET


class StreamView(Struct, frozen=True, kw_only=True):
    """What is done to one stream of the source, and why. duration in seconds, bitrate in bits a second."""

    index: int
    codec: str | None
    action: Action
    reason: str
    target_codec: str | UnsetType = UNSET
    language: str | None
    title: str | None
    duration: float | None
    bitrate: int | None


class VideoView(StreamView, frozen=True, kw_only=True):
    width: int | None
    height: int | None


class AudioView(StreamView, frozen=True, kw_only=True):
    channels: int | None
    sample_rate: int | None


class OtherView(StreamView, frozen=True, kw_only=True):
    """A further video stream (cover art), data or an attachment."""

    kind: StreamKind


class StreamsView(Struct, frozen=True, kw_only=True):
    video: VideoView | None
    audio: list[AudioView]
    subtitle: list[StreamView]
    other: list[OtherView]


class AnalysisView(Struct, frozen=True, kw_only=True):
    """The answer of POST /api/analyze/. `reason`: why nothing has to be done, when `skipped`."""

    streams: StreamsView
    container: Container
    profile: list[str]
    duration: float | None
    lane: str | None
    lane_reason: str | None
    skipped: bool
    reason: str | None
    devices: list[DeviceVerdictView]


class JobMessage(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every message of a job's socket carries.

    `speed` is text like "2.5x" and `error` a code; in the dialect `ui` speed is a number and error the sentence.
    """

    job_id: str
    status: JobStatus
    progress: float
    stage: Stage | None
    eta_seconds: int | None
    eta: int | None
    speed: str | float | None
    fps: float | None
    bitrate: str | None
    error: str | None


class Progress(JobMessage, frozen=True, kw_only=True, tag="progress"):
    frame: int | None
    size: int | None
    time: str | None


class Status(JobMessage, frozen=True, kw_only=True, tag="status"):
    """`duration`: whole seconds that the conversion took; null before its end."""

    filename: str
    output_filename: str | None
    output_size: int | None
    duration: int | None
    paused: bool
    priority: int
    skipped: bool
    reason: str | None
    lane: str | None
    lane_reason: str | None
    message: str | None
    details: str | None


class Analysis(JobMessage, frozen=True, kw_only=True, tag="analysis"):
    """AnalysisView's fields beside those of every job message."""

    streams: StreamsView
    container: Container
    profile: list[str]
    duration: float | None
    lane: str | None
    lane_reason: str | None
    skipped: bool
    reason: str | None
    devices: list[DeviceVerdictView]


class CancelResponse(JobMessage, frozen=True, kw_only=True, tag="cancel_response"):
    success: bool
    message: str | None


class Error(Struct, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """Why a job failed, or why a message or a socket was refused.

    The fields of a job are absent on /ws/jobs/; for a job that does not exist only `job_id` is there, as asked.
    """

    job_id: str | UnsetType = UNSET
    status: JobStatus | UnsetType | None = UNSET
    progress: float | UnsetType | None = UNSET
    stage: Stage | UnsetType | None = UNSET
    eta_seconds: int | UnsetType | None = UNSET
    eta: int | UnsetType | None = UNSET
    speed: str | float | UnsetType | None = UNSET
    fps: float | UnsetType | None = UNSET
    bitrate: str | UnsetType | None = UNSET
    error: str
    message: str
    details: str | None


class JobUpdate(Struct, frozen=True, tag_field="type", tag="job_update"):
    job: JobView


class JobRemoved(Struct, frozen=True, tag_field="type", tag="job_removed"):
    job_id: str


class JobsList(Struct, frozen=True, tag_field="type", tag="jobs_list"):
    """The unfinished jobs and the newest finished ones. `paused`: the queue starts nothing new."""

    jobs: list[JobView]
    paused: bool


class Queue(Struct, frozen=True, tag_field="type", tag="queue"):
    paused: bool


class JobPageView(Struct, frozen=True):
    """One page of GET /api/jobs/; `next` and `previous` are addresses."""

    count: int
    next: str | None
    previous: str | None
    results: list[JobView]


class Failure(Struct, frozen=True):
    """The body of every REST answer that is no success."""

    error: str
    message: str
    details: str | UnsetType = UNSET


class JobAction(Struct, frozen=True, kw_only=True):
    """What a client may send on a job's socket."""

    action: Literal["status", "cancel"]


class JobsAction(Struct, frozen=True, kw_only=True):
    """What a client may send on /ws/jobs/."""

    action: Literal["refresh"]


Message = (
    Progress | Status | Analysis | Error | CancelResponse | JobUpdate | JobRemoved | JobsList | Queue
)  # everything that the daemon sends on a socket

_SCHEMAS = (Message, JobAction, JobsAction, AnalysisView, JobPageView, DeviceView, Failure)


def encode(value: Struct | Sequence[Struct]) -> bytes:
    """JSON. Text that no UTF-8 can carry (lone surrogates from foreign file names) becomes U+FFFD."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_mended(msgspec.to_builtins(value)))


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what the daemon sends on a socket; `$defs` holds REST's objects and the client's
    actions too."""
    (message, *_), components = msgspec.json.schema_components(_SCHEMAS, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mkv2castd messages",
        **message,
        "$defs": components,
    }


def _mended(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {key: _mended(inner) for key, inner in value.items()}
        case list():
            return [_mended(inner) for inner in value]
        case _:
            return value
