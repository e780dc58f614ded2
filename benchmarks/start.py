"""From the moment a film is complete to the moment ffmpeg runs on it."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure, median, percentile
from benchmarks.films import film
from benchmarks.house import House, house, scratch

RUNS = 25
PROBE = ("ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_chapters")


async def measure() -> list[Figure]:
    """A warm daemon and films whose sound only is converted; ffprobe alone and both ways of arriving in turn."""
    model = film("start.mkv", "bigbuckbunny", 20, ["-c:v", "copy", "-c:a", "ac3"])
    probing: list[float] = []
    took: dict[Callable[[Path, Path], float], list[float]] = {_renamed: [], _written: []}
    with scratch() as place:
        async with house(place) as daemon:
            for number in range(RUNS + 1):
                for arrive, times in took.items():
                    seconds = await _one(daemon, model, number, arrive)
                    if number > 0:
                        times.append(seconds)
                if number > 0:
                    probing.append(await asyncio.to_thread(_probe, model))
    return [
        _figure("film renamed into place → ffmpeg running, p50", took[_renamed], probing, 100),
        _figure("film's writer closes → ffmpeg running, p50", took[_written], probing, None),
    ]


def _figure(what: str, times: list[float], probing: list[float], aim: float | None) -> Figure:
    how = (
        f"p95 {1000 * percentile(times, 95):.0f} ms; ffprobe alone p50 {1000 * median(probing):.0f} ms, "
        f"p95 {1000 * percentile(probing, 95):.0f} ms: {100 * median(probing) / median(times):.0f} % of it; "
        f"{len(times)} runs"
    )
    return Figure(what, 1000 * median(times), "ms", aim, how)


async def _one(daemon: House, model: Path, number: int, arrive: Callable[[Path, Path], float]) -> float:
    target = daemon.folder / f"film{arrive.__name__}{number}.mkv"
    complete = await asyncio.to_thread(arrive, model, target)
    started, _ = await asyncio.to_thread(daemon.stamps.of, target)
    await daemon.daemon.until(lambda jobs: all(job["status"] == "completed" for job in jobs))
    await asyncio.sleep(0.3)
    return started - complete


def _renamed(model: Path, target: Path) -> float:
    """As a download ends: written under a temporary name, then renamed."""
    fresh = target.with_name(f"{target.name}.part")
    shutil.copyfile(model, fresh)
    os.utime(fresh)
    time.sleep(0.3)
    complete = time.time()
    fresh.rename(target)
    return complete


def _written(model: Path, target: Path) -> float:
    """As `cp` over a slow line: written under its name for a second, then closed."""
    data = model.read_bytes()
    step = len(data) // 20 + 1
    with target.open("wb", buffering=0) as stream:
        for begin in range(0, len(data), step):
            stream.write(data[begin : begin + step])
            time.sleep(0.05)
        # no film is closed in step with the daemon's looks
        time.sleep(random.uniform(0, 0.1))
        return time.time()


def _probe(path: Path) -> float:
    start = time.perf_counter()
    subprocess.run([*PROBE, path], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start
