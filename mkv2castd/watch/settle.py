"""When is a film complete: a state machine over observations.

A film is complete at once when no writer has it open (a read lease was granted) or when it was renamed into place;
where writers cannot be seen, when it has not changed for `settle_seconds` of watching. The times of the file itself
prove nothing (copies bring old ones, clocks differ) and are only compared for equality. A film with a writer is
incomplete however long it rests, and an empty file is never complete: it waits until something is in it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from enum import Enum, auto

from mkv2castd.model import Identity

QUICK = 0.04  # s: a fresh writer is looked at so often, since its closing is told by nobody
STEADY = 0.1  # s: one that has been writing for a while
PATIENT = 1.0  # s: one that has stopped to write without closing
EMPTY = 60.0  # s: an empty file that nobody has open
YOUTH = 5.0  # s: how long a file counts as fresh


class Writer(Enum):
    """Has anybody the file open for writing? UNKNOWN: the file system or our rights do not tell."""

    NONE = auto()
    ACTIVE = auto()
    UNKNOWN = auto()


class Verdict(Enum):
    """FIRST: incomplete and not told before."""

    COMPLETE = auto()
    FIRST = auto()
    WAITING = auto()


@dataclass(slots=True)
class _Film:
    identity: Identity
    first_seen: float
    unchanged_since: float
    pause: float = QUICK
    due: float | None = None


class Settling:
    """The films of one folder that are not complete yet. All times are the caller's monotonic seconds."""

    def __init__(self, settle_seconds: float) -> None:
        self._settle = settle_seconds
        self._films: dict[bytes, _Film] = {}
        self._queue: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        return len(self._films)

    def __contains__(self, path: bytes) -> bool:
        return path in self._films

    def observe(self, path: bytes, identity: Identity, writer: Writer, now: float, in_place: bool = False) -> Verdict:
        """Takes one look into account. `in_place`: the file was renamed to this name from a temporary one.

        A film told complete is forgotten here; a later change of it starts anew.
        """
        film = self._films.get(path)
        verdict = Verdict.WAITING
        if film is None:
            film = _Film(identity, now, now)
            verdict = Verdict.FIRST
        if film.identity != identity or writer is Writer.ACTIVE:
            film.unchanged_since = now
        if self._complete(film, identity, writer, now, in_place):
            self._films.pop(path, None)
            return Verdict.COMPLETE
        self._plan(path, film, identity, writer, now)
        return verdict

    def forget(self, path: bytes) -> bool:
        """The file is gone. Was it waited for?"""
        return self._films.pop(path, None) is not None

    def due(self, now: float, limit: int) -> list[bytes]:
        """At most `limit` paths that want another look now. One that is neither observed nor forgotten thereupon
        comes again a little later."""
        paths: list[bytes] = []
        while self._queue and len(paths) < limit and self._queue[0][0] <= now:
            moment, path = heapq.heappop(self._queue)
            film = self._films.get(path)
            if film is not None and film.due == moment:
                paths.append(path)
                self._queue_at(now + PATIENT, path, film)
        return paths

    def next_due(self) -> float | None:
        """When `due` will have something; None: nothing is waited for."""
        while self._queue:
            moment, path = self._queue[0]
            film = self._films.get(path)
            if film is not None and film.due == moment:
                return moment
            heapq.heappop(self._queue)
        return None

    def _complete(self, film: _Film, identity: Identity, writer: Writer, now: float, in_place: bool) -> bool:
        if identity.size == 0 or writer is Writer.ACTIVE:
            return False
        return writer is Writer.NONE or in_place or now >= film.unchanged_since + self._settle

    def _plan(self, path: bytes, film: _Film, identity: Identity, writer: Writer, now: float) -> None:
        changed = film.identity != identity
        film.identity = identity
        if changed:
            film.pause = QUICK if now - film.first_seen < YOUTH else STEADY
        self._films[path] = film
        if writer is Writer.UNKNOWN and identity.size > 0:
            self._queue_at(film.unchanged_since + self._settle, path, film)
        else:
            self._queue_at(now + film.pause, path, film)
            film.pause = min(film.pause * 1.5, PATIENT if writer is Writer.ACTIVE else EMPTY)

    def _queue_at(self, due: float, path: bytes, film: _Film) -> None:
        if film.due != due:
            film.due = due
            heapq.heappush(self._queue, (due, path))
