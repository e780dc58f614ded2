"""Waiting turns, so that first and last of each rank, folder and demand are found without looking at the others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from typing import TypeVar

from mkv2castd.encoder.demands import Demand
from mkv2castd.encoder.turns import Turn

_SLACK = 64


class Waiting:
    """A turn in a queue. amount: million pixels of work, of copies 1."""

    __slots__ = ("amount", "demand", "queue", "turn")

    def __init__(self, turn: Turn, demand: Demand) -> None:
        self.turn = turn
        self.demand = demand
        self.amount = turn.work.megapixels if turn.work is not None else 1.0
        self.queue: Queue | None = None

    def __lt__(self, other: Waiting) -> bool:
        return (self.turn.rank, self.turn.sequence) < (other.turn.rank, other.turn.sequence)


class Row:
    """Waiting turns of one rank by their sequence, and how much they are together. Lists: what is put comes last and
    what is taken is the first or the last, and the little that is moved otherwise is moved by the processor in one
    piece."""

    __slots__ = ("_begin", "_keys", "_values", "amount")

    def __init__(self) -> None:
        self.amount = 0.0
        self._begin = 0
        self._keys: list[int] = []
        self._values: list[Waiting] = []

    def __len__(self) -> int:
        return len(self._keys) - self._begin

    def __iter__(self) -> Iterator[Waiting]:
        return iter(self._values[self._begin :])

    @property
    def first(self) -> Waiting:
        return self._values[self._begin]

    @property
    def last(self) -> Waiting:
        return self._values[-1]

    def before(self, sequence: int) -> int:
        """How many come before it."""
        return bisect_left(self._keys, sequence, self._begin) - self._begin

    def add(self, one: Waiting) -> None:
        sequence = one.turn.sequence
        self.amount += one.amount
        place = len(self._keys)
        if self._keys and sequence < self._keys[-1]:
            place = bisect_right(self._keys, sequence, self._begin)
        if self._begin and place - self._begin < len(self._keys) - place:
            self._insert_from_front(place, one)
        else:
            self._keys.insert(place, sequence)
            self._values.insert(place, one)

    def _insert_from_front(self, place: int, one: Waiting) -> None:
        """Moves the few before its place instead of the many behind it."""
        begin = self._begin = self._begin - 1
        self._keys[begin : place - 1] = self._keys[begin + 1 : place]
        self._values[begin : place - 1] = self._values[begin + 1 : place]
        self._keys[place - 1] = one.turn.sequence
        self._values[place - 1] = one

    def remove(self, one: Waiting) -> None:
        self.amount -= one.amount
        place = bisect_left(self._keys, one.turn.sequence, self._begin)
        while self._values[place] is not one:
            place += 1
        if place != self._begin:
            del self._keys[place], self._values[place]
            return
        self._begin += 1
        if self._begin > _SLACK and self._begin > len(self._keys) // 2:
            del self._keys[: self._begin], self._values[: self._begin]
            self._begin = 0


class Queue:
    """Waiting turns: rows of each rank by folder, and rows of each demand by rank and folder. owner: the id of the
    device whose queue it is; None: nobody's."""

    def __init__(self, owner: str | None = None) -> None:
        self.owner = owner
        self.count = 0
        self.ranks: dict[int, dict[str, Row]] = {}
        self.demands: dict[Demand, dict[tuple[int, str], Row]] = {}

    def add(self, one: Waiting) -> None:
        rank, folder, demand = one.turn.rank, one.turn.folder, one.demand
        one.queue = self
        self.count += 1
        demand.waiting += 1
        _row(self.ranks.setdefault(rank, {}), folder).add(one)
        _row(self.demands.setdefault(demand, {}), (rank, folder)).add(one)

    def remove(self, one: Waiting) -> None:
        rank, folder, demand = one.turn.rank, one.turn.folder, one.demand
        one.queue = None
        self.count -= 1
        demand.waiting -= 1
        if _drop(self.ranks[rank], folder, one):
            del self.ranks[rank]
        if _drop(self.demands[demand], (rank, folder), one):
            del self.demands[demand]

    def __iter__(self) -> Iterator[Waiting]:
        for folders in self.ranks.values():
            for row in folders.values():
                yield from row

    def any_before(self, rank: int, blocked: Collection[str]) -> bool:
        """Whether anything waits that is more urgent, and not of a blocked folder."""
        urgent = (folder for one, rows in self.ranks.items() if one < rank for folder in rows)
        return any(folder not in blocked for folder in urgent)

    def first(self, blocked: Collection[str]) -> Waiting | None:
        """Of folders that are not blocked."""
        for rank in sorted(self.ranks) if len(self.ranks) > 1 else self.ranks:
            found: Waiting | None = None
            for folder, row in self.ranks[rank].items():
                if folder not in blocked:
                    first = row.first
                    if found is None or first.turn.sequence < found.turn.sequence:
                        found = first
            if found is not None:
                return found
        return None

    def first_of(self, demand: Demand, blocked: Collection[str]) -> Waiting | None:
        firsts = [row.first for (_, folder), row in self.demands[demand].items() if folder not in blocked]
        return min(firsts) if firsts else None

    def last_of(self, demand: Demand, blocked: Collection[str]) -> Waiting | None:
        """The last one of the best rank."""
        found: Waiting | None = None
        for (rank, folder), row in self.demands[demand].items():
            if folder not in blocked:
                last = row.last
                if found is None or rank < found.turn.rank or (rank == found.turn.rank and found < last):
                    found = last
        return found


_Key = TypeVar("_Key")


def _row(rows: dict[_Key, Row], key: _Key) -> Row:
    found = rows.get(key)
    if found is None:
        found = rows[key] = Row()
    return found


def _drop(rows: dict[_Key, Row], key: _Key, one: Waiting) -> bool:
    """True if no row is left."""
    row = rows[key]
    row.remove(one)
    if len(row) == 0:
        del rows[key]
    return not rows
