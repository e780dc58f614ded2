"""A job's turn, and the plain queue of turns that the analysis goes by."""

from __future__ import annotations

import heapq
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from mkv2castd.model import Job
from mkv2castd.work import Work


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """A job's place in a line: higher priority first, then first come, first served.

    work: what has to be encoded; None: nothing, its picture is copied, or nobody has looked yet. pin: the device that
    was asked for. shunned: devices that have failed this job.
    """

    rank: int
    sequence: int
    job_id: UUID = field(compare=False)
    folder: str = field(compare=False)
    work: Work | None = field(default=None, compare=False)
    pin: str | None = field(default=None, compare=False)
    shunned: frozenset[str] = field(default=frozenset(), compare=False)

    @classmethod
    def of(cls, job: Job) -> Turn:
        return cls(-job.priority, job.sequence, job.id, job.folder, job.work, job.device)


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
