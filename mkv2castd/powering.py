"""What the machine's power management has to be asked for while films are worked on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from mkv2castd.model import Job, JobStatus, Stage


@dataclass(frozen=True, slots=True)
class Inhibition:
    """As logind has them: what is held back, for which reason, and in which mode. "block": for as long as it is held;
    "delay": for some seconds at most."""

    what: str
    why: str
    mode: str


class Need(Enum):
    AWAKE = Inhibition("sleep", "films are being converted", "block")
    PLACING = Inhibition("shutdown", "a converted film is being put in place", "delay")


class Doings:
    """What is being worked on, as it is told."""

    def __init__(self) -> None:
        self._working: dict[UUID, str | None] = {}
        self._placing: set[UUID] = set()

    def changed(self, job: Job) -> None:
        """A paused job is not being worked on."""
        if job.status is JobStatus.PROCESSING and not job.paused:
            self._working[job.id] = job.lane
        else:
            self._working.pop(job.id, None)
        if job.status is not JobStatus.PROCESSING:
            self._placing.discard(job.id)

    def progressed(self, job_id: UUID, stage: Stage) -> None:
        if stage is Stage.FINALIZING:
            self._placing.add(job_id)
        else:
            self._placing.discard(job_id)

    def needs(self, stands_still: Callable[[str], bool]) -> frozenset[Need]:
        """stands_still: is nothing done in this lane, whatever has begun there?"""
        lanes = (lane for lane in self._working.values() if lane is not None)
        found = {Need.AWAKE} if not all(map(stands_still, lanes)) else set()
        return frozenset(found | ({Need.PLACING} if self._placing else set()))
