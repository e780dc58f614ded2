"""Signals of the daemon → messages about the jobs that somebody watches, the same that its WebSockets send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mkv2castd.api.wire import JobRemoved, JobsList, JobUpdate, JobView, Progress
from mkv2castd.ctl_reading import changed, view
from mkv2castd.model import JobStatus

Message = JobsList | JobUpdate | Progress | JobRemoved


class Told(NamedTuple):
    """A signal of the Manager."""

    member: str
    values: Sequence[Any]


class Following:
    """wanted: the ids of the jobs that are followed to their end; None: all that are not finished, without an end."""

    def __init__(self, wanted: frozenset[str] | None) -> None:
        self._wanted = wanted
        self._jobs: dict[str, JobView] = {}
        self._removed: set[str] = set()

    @property
    def over(self) -> bool:
        """Every job that is wanted has come to its end or was removed."""
        return self._wanted is not None and all(map(self._has_ended, self._wanted))

    @property
    def completed(self) -> bool:
        """Every job that is wanted was completed, whether it is still there or not."""
        return self._wanted is not None and all(
            job_id in self._jobs and self._jobs[job_id].status is JobStatus.COMPLETED for job_id in self._wanted
        )

    def learn(self, job: JobView) -> list[Message]:
        """The job as it is now, in whole."""
        if not self._wants(job.id) or self._jobs.get(job.id) == job:
            return []
        self._jobs[job.id] = job
        if self._wanted is None and job.status.finished:
            del self._jobs[job.id]
        return [JobUpdate(job)]

    def forget(self, job_id: str) -> list[Message]:
        """The job is not there any more. How one that was wanted has ended is remembered."""
        if not self._wants(job_id) or job_id in self._removed:
            return []
        if not self._has_ended(job_id):
            self._jobs.pop(job_id, None)
        if self._wanted is not None:
            self._removed.add(job_id)
        return [JobRemoved(job_id)]

    def take(self, told: Told) -> list[Message] | str:
        """What a signal means for whoever watches; the id of a job that has to be asked for first.

        Raises CtlError where the daemon speaks of what this program does not know.
        """
        job_id, *rest = told.values
        known = self._jobs.get(job_id)
        match told.member, rest:
            case "JobAdded", [values]:
                return self.learn(view(values, JobView))
            case "JobFinished", [_, values]:
                # what JobChanged has just told
                return self.learn(view(values, JobView)) if known is not None else []
            case "JobRemoved", []:
                return self.forget(job_id)
            case _ if not self._wants(job_id):
                return []
            case _ if known is None:
                return str(job_id)
            case "JobChanged", [fields]:
                return self.learn(changed(known, fields))
            case "JobProgress", [values]:
                return [view(values, Progress)]
            case _:
                return []

    def missing(self, present: Sequence[JobView]) -> list[str]:
        """Those that have to be asked for one by one: wanted or known, not among the present ones, and as far as we
        know not at their end."""
        told = {job.id for job in present}
        watched = self._jobs if self._wanted is None else sorted(self._wanted)
        return [job_id for job_id in watched if job_id not in told and not self._has_ended(job_id)]

    def _wants(self, job_id: str) -> bool:
        return self._wanted is None or job_id in self._wanted

    def _has_ended(self, job_id: str) -> bool:
        known = self._jobs.get(job_id)
        return job_id in self._removed or (known is not None and known.status.finished)
