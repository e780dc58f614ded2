"""Comparing an unchanged library of 100,000 films in 10,000 folders, against find."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path

from benchmarks.figures import Figure, ratio, spread
from benchmarks.films import working_folder
from benchmarks.house import scratch
from mkv2castd.config import FolderConfig
from mkv2castd.ledger import KnownFile, Ledger
from mkv2castd.model import Identity
from mkv2castd.store import Store, open_store
from mkv2castd.watch.rules import Rules
from mkv2castd.watch.scan import Walk

RUNS = 9
FOLDERS, EACH = 10_000, 10
FIND = ("-printf", "%p %i %s %T@\\n")


async def measure() -> list[Figure]:
    """Both find everything in the kernel's caches. Reading what is known from the store is told separately."""
    library = await asyncio.to_thread(_library)
    found: list[float] = []
    compared: list[float] = []
    reading: list[float] = []
    with scratch() as place:
        async with open_store(place, lambda _: None) as store:
            await _fill(store, library)
            for number in range(RUNS + 1):
                took = await asyncio.to_thread(_find, library), *await _compare(store, library)
                if number > 0:
                    for times, seconds in zip((found, reading, compared), took, strict=True):
                        times.append(seconds)
    both = [one + other for one, other in zip(reading, compared, strict=True)]
    how = f"ours {spread(compared)}, find {spread(found)}; {RUNS} runs each, in turn"
    return [
        Figure("comparing 100,000 unchanged films, to find -printf", ratio(compared, found), "×", 1.6, how),
        Figure(
            "the same with what is known read from the store",
            ratio(both, found),
            "×",
            None,
            f"reading it: {spread(reading)}",
        ),
    ]


def _library() -> Path:
    library = working_folder() / "library"
    if library.exists():
        return library
    fresh = working_folder() / "new-library"
    for number in range(FOLDERS):
        folder = fresh / f"{number // 100:02}" / f"A film with a usual name ({number})"
        folder.mkdir(parents=True, exist_ok=True)
        for part in range(EACH):
            (folder / f"A film with a usual name ({number}) part {part}.mkv").touch()
    fresh.rename(library)
    return library


async def _fill(store: Store, library: Path) -> None:
    def remember(ledger: Ledger) -> None:
        for folder, _, names in os.walk(library):
            for name in names:
                path = Path(folder, name)
                ledger.remember(KnownFile(path, "library", Identity.of(path.lstat()), "source"))

    await store.write(remember)


def _find(library: Path) -> float:
    start = time.perf_counter()
    subprocess.run(["find", library, *FIND], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


async def _compare(store: Store, library: Path) -> tuple[float, float]:
    """Seconds of reading what is known, and of comparing."""
    start = time.perf_counter()
    known = await store.read(lambda ledger: ledger.known("library"))
    read = time.perf_counter()
    changed = await asyncio.to_thread(_walk, library, known)
    end = time.perf_counter()
    assert not changed, "the library is as it was"
    assert not known, "all of it was met"
    return read - start, end - read


def _walk(library: Path, known: dict[bytes, tuple[int, int, int, int]]) -> int:
    rules = Rules.of(FolderConfig(path=str(library)).include, ())
    walk = Walk(os.fsencode(library), rules, known)
    return sum(len(portion) for portion in walk.portions())
