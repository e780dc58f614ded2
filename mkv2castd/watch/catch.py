"""Look at the films that a walk or a hint has found, wait for them to be complete, and tell `control`."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from pathlib import Path

from mkv2castd.model import Identity, Sighting
from mkv2castd.watch.intake import Intake
from mkv2castd.watch.lease import look
from mkv2castd.watch.scan import PORTION, Walk
from mkv2castd.watch.settle import Settling, Verdict, Writer
from mkv2castd.watch.worker import Worker

Looked = list[tuple[bytes, tuple[Identity, Writer] | None]]


def _look_at(paths: Sequence[bytes], ask: bool) -> Looked:
    looked: Looked = []
    for path in paths:
        try:
            looked.append((path, look(path, ask)))
        except OSError:
            # cannot be told for now; the next comparison asks again
            continue
    return looked


class Catch:
    """The films of one folder that are on their way in. `ask`: can the file system tell of writers? `root_holds`
    raises when the root is not the folder it was, so that nothing is told gone with it."""

    def __init__(
        self,
        folder: str,
        settle_seconds: float,
        intake: Intake,
        worker: Worker,
        ask: bool,
        root_holds: Callable[[], Awaitable[None]],
    ) -> None:
        self._folder = folder
        self._intake = intake
        self._worker = worker
        self._ask = ask
        self._root_holds = root_holds
        self._settling = Settling(settle_seconds)

    @property
    def due(self) -> float | None:
        """When a film wants another look (monotonic), or None."""
        return self._settling.next_due()

    async def look(self, paths: Sequence[bytes], in_place: Collection[bytes] = ()) -> None:
        """Looks at each and tells what is new about it. `in_place`: renamed from a temporary name."""
        for begin in range(0, len(paths), PORTION):
            looked = await self._worker.call(_look_at, paths[begin : begin + PORTION], self._ask)
            now = time.monotonic()
            sightings = []
            for path, seen in looked:
                if seen is None:
                    continue
                identity, writer = seen
                verdict = self._settling.observe(path, identity, writer, now, path in in_place)
                if verdict is not Verdict.WAITING:
                    sightings.append(Sighting(Path(os.fsdecode(path)), identity, verdict is Verdict.COMPLETE))
            if sightings:
                await self._intake.sight(self._folder, sightings)
            await self.vanish([path for path, seen in looked if seen is None and path in self._settling])

    async def look_again(self) -> None:
        """Looks at all whose time it is."""
        while due := self._settling.due(time.monotonic(), PORTION):
            await self.look(due)

    async def follow(self, walk: Walk, between: Callable[[], Awaitable[None]] | None = None) -> None:
        """Walks, and looks at what is found. `between` is awaited after every portion. Raises OSError when the
        root cannot be read."""
        portions: Iterator[list[bytes]] = walk.portions()
        while (portion := await self._worker.call(next, portions, None)) is not None:
            await self.look(portion)
            if between is not None:
                await between()

    async def vanish(self, paths: Sequence[bytes]) -> None:
        """Tells that these are gone."""
        if paths:
            await self._root_holds()
        for begin in range(0, len(paths), PORTION):
            portion = paths[begin : begin + PORTION]
            for path in portion:
                self._settling.forget(path)
            await self._intake.vanished(self._folder, [Path(os.fsdecode(path)) for path in portion])
