"""Jobs, progress, analyses and failures → the messages and objects of `wire`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET

from mkv2castd.api import wire
from mkv2castd.api.device_views import DeviceVerdictView, ProfileView
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.model import (
    Action,
    Analysis,
    Attempt,
    Job,
    JobStatus,
    Progress,
    StreamDecision,
    StreamKind,
    printable,
)
from mkv2castd.queries import ProfileFacts


def job_view(job: Job, progress: Progress | None, attempts: Iterable[Attempt] | None = None) -> wire.JobView:
    """The job as an object. `progress` is that of its running attempt."""
    now = _running(job, progress)
    return wire.JobView(
        id=str(job.id),
        filename=printable(job.source.name),
        original_filename=printable(job.source.name),
        status=job.status,
        progress=percent(job, now),
        stage=now.stage if now else job.stage,
        current_stage=now.stage if now else job.stage,
        eta_seconds=_whole(now.eta) if now else None,
        speed=_speed(now.speed) if now else None,
        folder=job.folder,
        path=printable(job.source),
        priority=job.priority,
        paused=job.paused,
        skipped=job.skipped,
        reason=job.reason,
        error=job.failure.code if job.failure else None,
        message=job.failure.message if job.failure else None,
        profile=list(job.profile) if job.profile is not None else None,
        container=job.container,
        device=job.lane if job.lane is not None else job.device,
        lane=job.lane,
        lane_reason=job.lane_reason,
        output_filename=printable(job.output.name) if job.output else None,
        output_path=printable(job.output) if job.output else None,
        output_size=job.output_size,
        duration=_took(job),
        created_at=_timestamp(job.created_at),
        started_at=_timestamp(job.started_at) if job.started_at is not None else None,
        finished_at=_timestamp(job.finished_at) if job.finished_at is not None else None,
        attempts=UNSET if attempts is None else [attempt_view(attempt) for attempt in attempts],
    )


def attempt_view(attempt: Attempt) -> wire.AttemptView:
    return wire.AttemptView(
        number=attempt.number,
        device=attempt.device,
        means=attempt.means,
        why=attempt.why,
        outcome=attempt.outcome,
        error=attempt.failure.code if attempt.failure else None,
        message=attempt.failure.message if attempt.failure else None,
        exit_code=attempt.exit_code,
        started_at=_timestamp(attempt.started_at),
        ended_at=_timestamp(attempt.ended_at) if attempt.ended_at is not None else None,
    )


def status_message(job: Job, progress: Progress | None, ui: bool = False) -> wire.Status:
    return wire.Status(
        **_common(job, progress, ui),
        filename=printable(job.source.name),
        output_filename=printable(job.output.name) if job.output else None,
        output_size=job.output_size,
        duration=_took(job),
        paused=job.paused,
        priority=job.priority,
        skipped=job.skipped,
        reason=job.reason,
        lane=job.lane,
        lane_reason=job.lane_reason,
        message=job.failure.message if job.failure else None,
        details=job.failure.details if job.failure else None,
    )


def progress_message(job: Job, progress: Progress, ui: bool = False) -> wire.Progress:
    return wire.Progress(
        **_common(job, progress, ui),
        frame=progress.frame,
        size=progress.size,
        time=_clock(progress.position) if progress.position is not None else None,
    )


def analysis_message(job: Job, analysis: Analysis, progress: Progress | None, ui: bool = False) -> wire.Analysis:
    return wire.Analysis(**_common(job, progress, ui), **_analysed(analysis))


def analysis_view(analysis: Analysis) -> wire.AnalysisView:
    return wire.AnalysisView(**_analysed(analysis))


def profile_view(facts: ProfileFacts) -> ProfileView:
    return msgspec.convert(facts, ProfileView, from_attributes=True)


def failure_message(job: Job, ui: bool = False) -> wire.Error:
    """The structured error of a failed job. The job must have a failure."""
    assert job.failure is not None
    common = _common(job, None, ui)
    common["error"] = job.failure.message if ui else job.failure.code.value
    return wire.Error(**common, message=job.failure.message, details=job.failure.details)


def cancel_response(job: Job, progress: Progress | None, error: RequestError | None, ui: bool) -> wire.CancelResponse:
    common = _common(job, progress, ui)
    if error is not None:
        common["error"] = error.message if ui else error.code.value
    return wire.CancelResponse(**common, success=error is None, message=error.message if error else None)


def complaint(message: str, job: Job | None, progress: Progress | None, ui: bool) -> wire.Error:
    """`invalid_request`, with the state of the job where the socket has one."""
    common = _common(job, progress, ui) if job is not None else {}
    common["error"] = message if ui else ErrorCode.INVALID_REQUEST.value
    return wire.Error(**common, message=message, details=None)


def refusal(code: ErrorCode, message: str, job_id: str | None, ui: bool = False) -> wire.Error:
    """The only or last message of a socket that is refused or whose job is gone."""
    shown = {} if job_id is None else {"job_id": job_id, "status": None, "progress": None}
    return wire.Error(**shown, error=message if ui else code.value, message=message, details=None)  # type: ignore[arg-type]


def percent(job: Job, progress: Progress | None) -> float:
    """100 once the job is completed and not before; what its attempt says while one runs; else 0."""
    if job.status is JobStatus.COMPLETED:
        return 100.0
    if job.status is not JobStatus.PROCESSING or progress is None:
        return 0.0
    return max(0.0, min(round(progress.percent, 1), 99.9))


def _common(job: Job, progress: Progress | None, ui: bool) -> dict[str, Any]:
    now = _running(job, progress)
    eta = _whole(now.eta) if now else None
    error = None
    if job.failure is not None:
        error = job.failure.message if ui else job.failure.code.value
    speed: str | float | None = None
    if now is not None:
        speed = now.speed if ui else _speed(now.speed)
    return {
        "job_id": str(job.id),
        "status": job.status,
        "progress": percent(job, now),
        "stage": now.stage if now else job.stage,
        "eta_seconds": eta,
        "eta": eta,
        "speed": speed,
        "fps": round(now.fps, 2) if now and now.fps is not None else None,
        "bitrate": f"{now.bitrate_kbps:.0f}kbits/s" if now and now.bitrate_kbps is not None else None,
        "error": error,
    }


def _running(job: Job, progress: Progress | None) -> Progress | None:
    return progress if job.status is JobStatus.PROCESSING else None


def _analysed(analysis: Analysis) -> dict[str, Any]:
    return {
        "streams": _streams(analysis.streams),
        "container": analysis.container,
        "profile": list(analysis.profile),
        "duration": analysis.duration,
        "lane": analysis.lane,
        "lane_reason": analysis.lane_reason,
        "skipped": analysis.skip is not None,
        "reason": analysis.skip,
        "devices": [
            DeviceVerdictView(id=one.id, name=one.name, plays=one.plays, reasons=list(one.reasons))
            for one in analysis.devices
        ],
    }


def _streams(streams: tuple[StreamDecision, ...]) -> wire.StreamsView:
    """`video` is the film's own picture: the first video stream that is kept, else the first one."""
    videos = [stream for stream in streams if stream.kind is StreamKind.VIDEO]
    film = next((stream for stream in videos if stream.action is not Action.DROP), videos[0] if videos else None)
    named = (StreamKind.AUDIO, StreamKind.SUBTITLE)
    others = [stream for stream in streams if stream.kind not in named and stream is not film]
    return wire.StreamsView(
        video=wire.VideoView(**_stream(film), width=film.width, height=film.height) if film else None,
        audio=[
            wire.AudioView(**_stream(stream), channels=stream.channels, sample_rate=stream.sample_rate)
            for stream in streams
            if stream.kind is StreamKind.AUDIO
        ],
        subtitle=[wire.StreamView(**_stream(stream)) for stream in streams if stream.kind is StreamKind.SUBTITLE],
        other=[wire.OtherView(**_stream(stream), kind=stream.kind) for stream in others],
    )


def _stream(stream: StreamDecision) -> dict[str, Any]:
    changed = stream.action in (Action.TRANSCODE, Action.CONVERT)
    return {
        "index": stream.index,
        "codec": stream.codec,
        "action": stream.action,
        "reason": stream.reason,
        "target_codec": stream.target_codec if changed and stream.target_codec is not None else UNSET,
        "language": stream.language,
        "title": stream.title,
        "duration": stream.duration,
        "bitrate": stream.bitrate,
    }


def _took(job: Job) -> int | None:
    if job.started_at is None or job.finished_at is None:
        return None
    return max(0, round(job.finished_at - job.started_at))


def _whole(seconds: float | None) -> int | None:
    return round(seconds) if seconds is not None else None


def _speed(speed: float | None) -> str | None:
    """As ffmpeg says it: 2.5x."""
    return f"{speed:.2f}".rstrip("0").rstrip(".") + "x" if speed is not None else None


def _clock(position: float) -> str:
    """HH:MM:SS.cc, as ffmpeg's out_time."""
    hundredths = max(0, round(position * 100))
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 100:02}.{rest % 100:02}"


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
