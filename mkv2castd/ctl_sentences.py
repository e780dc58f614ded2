"""Messages about jobs → lines for people."""

from __future__ import annotations

from mkv2castd.api.wire import JobRemoved, JobUpdate, JobView, Progress
from mkv2castd.ctl_following import Message
from mkv2castd.ctl_tables import state
from mkv2castd.ctl_text import SHORT_ID, length, safe, size
from mkv2castd.model import JobStatus

_STEP = 5.0  # percent


def heading(job: JobView) -> str:
    return f"{job.id[:SHORT_ID]} {safe(job.filename)}"


def end(job: JobView) -> str:
    """How a finished job has ended."""
    if job.skipped:
        return f"✓ {heading(job)}: nothing to do: {safe(job.reason or '')}"
    if job.status is JobStatus.COMPLETED:
        made = f" ({size(job.output_size)})" if job.output_size is not None else ""
        took = f" in {length(job.duration)}" if job.duration is not None else ""
        left_out = f"; {safe(job.reason)}" if job.reason is not None else ""
        return f"✓ {heading(job)} → {safe(job.output_path or '')}{made}{took}{left_out}"
    why = f": {safe(job.message)}" if job.message is not None else ""
    return f"✗ {heading(job)}: {job.status.value}{why}"


class Steps:
    """Tells each state of a job once, and its progress not more often than people want to read it."""

    def __init__(self) -> None:
        self._jobs: dict[str, JobView] = {}
        self._told: dict[str, float] = {}

    def lines(self, message: Message) -> list[str]:
        match message:
            case JobUpdate(job):
                return self._changed(job)
            case Progress():
                return self._further(message)
            case JobRemoved(job_id):
                known = self._forget(job_id)
                return [f"✗ {heading(known)}: removed"] if known is not None else []
            case _:
                return []

    def _changed(self, job: JobView) -> list[str]:
        before = self._jobs.get(job.id)
        if job.status.finished:
            self._forget(job.id)
            return [end(job)]
        self._jobs[job.id] = job
        same = before is not None and state(before) == state(job)
        return [] if same else [f"  {heading(job)}: {state(job)}"]

    def _further(self, now: Progress) -> list[str]:
        job = self._jobs.get(now.job_id)
        if job is None or now.progress < self._told.get(now.job_id, 0.0) + _STEP:
            return []
        self._told[now.job_id] = now.progress
        speed = f", {now.speed}" if now.speed is not None else ""
        rest = f", {length(now.eta_seconds)} left" if now.eta_seconds is not None else ""
        return [f"  {heading(job)}: {int(now.progress)} %{speed}{rest}"]

    def _forget(self, job_id: str) -> JobView | None:
        self._told.pop(job_id, None)
        return self._jobs.pop(job_id, None)
