"""Which lane, whose turn, and what after a failure: decisions without clock or I/O."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from uuid import UUID

from mkv2castd.config import DevicesConfig
from mkv2castd.errors import DeviceError, Mkv2castdError
from mkv2castd.model import Attempt, Job, Outcome

REMUX = "remux"
CPU = "cpu"


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """A job's place in a line: higher priority first, then first come, first served."""

    rank: int
    sequence: int
    job_id: UUID = field(compare=False)
    folder: str = field(compare=False)

    @classmethod
    def of(cls, job: Job) -> Turn:
        return cls(-job.priority, job.sequence, job.id, job.folder)


class TurnQueue:
    """Turns in order. Those of blocked folders are passed over and keep their place.

    At most one turn a job: putting a job in again moves it. A heap a folder: a blocked one costs nothing, however
    many of its jobs wait.
    """

    def __init__(self) -> None:
        self._heaps: dict[str, list[Turn]] = {}
        self._valid: dict[UUID, Turn] = {}

    def __len__(self) -> int:
        return len(self._valid)

    def __contains__(self, job_id: UUID) -> bool:
        return job_id in self._valid

    def put(self, turn: Turn) -> None:
        self._valid[turn.job_id] = turn
        heapq.heappush(self._heaps.setdefault(turn.folder, []), turn)

    def discard(self, job_id: UUID) -> bool:
        """True if the job was waiting here."""
        return self._valid.pop(job_id, None) is not None

    def take(self, blocked: Collection[str]) -> Turn | None:
        """The next turn that is not of a blocked folder, taken out; None when there is none."""
        first: list[Turn] | None = None
        for folder in [folder for folder in self._heaps if folder not in blocked]:
            heap = self._heaps[folder]
            self._drop_stale(heap)
            if not heap:
                del self._heaps[folder]
            elif first is None or heap[0] < first[0]:
                first = heap
        if first is None:
            return None
        turn = heapq.heappop(first)
        del self._valid[turn.job_id]
        return turn

    def _drop_stale(self, heap: list[Turn]) -> None:
        while heap and self._valid.get(heap[0].job_id) is not heap[0]:
            heapq.heappop(heap)


def slots(devices: DevicesConfig) -> Mapping[str, int]:
    """The lanes and how many jobs each works on at once. Jobs that copy the video never wait behind encodes."""
    return MappingProxyType({REMUX: devices.remux_slots, CPU: devices.cpu_slots})


class Next(Enum):
    """What follows a failed attempt."""

    RETRY = "retry"
    FAIL = "fail"


def after_failure(error: Mkv2castdError, attempts: Sequence[Attempt], retries: int) -> Next:
    """A fault of the film is final at once; anything else is tried `retries` times more.

    `attempts` holds all attempts of the job, the one that has just failed included. A retry that a person asked for
    begins a new round of the same length.
    """
    if not isinstance(error, DeviceError):
        return Next.FAIL
    failed = sum(attempt.outcome is Outcome.FAILED for attempt in attempts)
    return Next.FAIL if failed % (retries + 1) == 0 else Next.RETRY
