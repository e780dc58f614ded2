"""How a run is spread over several workers: what shares costly fixtures stays together, what takes longest comes
first, and what measures the machine has it to itself.

The unit of work is a file; the matrix, by far the largest, is split by the set of devices that it is converted for.
"""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.matrix.sets import SETS

# Begun first, in this order: a long file that begins last is what everybody waits for.
_LONGEST = ("tests/matrix/", "tests/encoder/", "tests/browser/", "tests/js/")


class Scheduling(LoadScopeScheduling):
    """Hands out units of work in the order in which the tests were collected."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def remove_node(self, node: WorkerController) -> str | None:
        """The test in which the worker died, if it did in one. It is not tried again: it would kill the next one."""
        units = self.assigned_work[node].values()
        crashed = next(((tests, one) for tests in units for one, done in tests.items() if not done), None)
        if crashed is None:
            return super().remove_node(node)
        tests, one = crashed
        tests[one] = True
        super().remove_node(node)
        return one

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def unit(nodeid: str) -> str:
    """What this test is to share a worker with."""
    file, _, rest = nodeid.partition("::")
    if not file.startswith("tests/matrix/"):
        return file
    sets = [where for where in SETS if rest.endswith(f"-{where}]")]
    return f"tests/matrix/{max(sets, key=len)}" if sets else file


def rank(nodeid: str, alone: Collection[str] = ()) -> int:
    """Where in the order a test belongs; the order of those with the same rank stays. alone: the files in which tests
    have the machine to themselves. They come last: else all others would wait for them, while they wait for the
    longest."""
    if nodeid.partition("::")[0] in alone:
        return len(_LONGEST) + 1
    return next((at for at, folder in enumerate(_LONGEST) if nodeid.startswith(folder)), len(_LONGEST))


def sendable(told: object) -> object:
    """The same, with what is not UTF-8 in file names written as escapes: workers send nothing else."""
    match told:
        case str():
            return told.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {key: sendable(value) for key, value in told.items()}
        case list() | tuple():
            return type(told)(map(sendable, told))
        case _:
            return told


class Turns:
    """Who may be in the block of a test. While one that is alone is in its block, no other worker is in one.

    Who wants to be alone keeps the gate shut, so that no more come in while it waits for those that are in."""

    def __init__(self, folder: Path) -> None:
        self._gate = (folder / "gate").open("w")
        self._floor = (folder / "floor").open("w")

    def close(self) -> None:
        self._gate.close()
        self._floor.close()

    @contextmanager
    def taken(self, alone: bool) -> Iterator[None]:
        """The block of a test."""
        self._enter(alone)
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A part of a test that is not alone otherwise."""
        # two that want it would wait for each other if they stayed in
        self._leave()
        self._enter(alone=True)
        try:
            yield
        finally:
            self._leave()
            self._enter(alone=False)

    def _enter(self, alone: bool) -> None:
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        fcntl.flock(self._floor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(self._gate, fcntl.LOCK_UN)

    def _leave(self) -> None:
        # by hand, not by closing: a process that the test has forked keeps these files open
        fcntl.flock(self._floor, fcntl.LOCK_UN)
        fcntl.flock(self._gate, fcntl.LOCK_UN)
