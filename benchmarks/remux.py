"""A film of 1 GB whose container only is another, verification included, against `ffmpeg -c copy`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path

from benchmarks.figures import Figure, ratio, spread
from benchmarks.films import film, working_folder
from benchmarks.house import house, scratch

RUNS = 5
BYTES = 1_000_000_000


async def measure() -> list[Figure]:
    """`ffmpeg -c copy` leaves the output in memory for the kernel to write some time; ours is on the disk when it is
    told. So both are compared: with what was done, and with the same plus what fsync takes."""
    model = await asyncio.to_thread(_big_film)
    ours: list[float] = []
    plain: list[float] = []
    syncing: list[float] = []
    for _ in range(RUNS):
        with scratch() as place:
            copying, fsync = await asyncio.to_thread(_plain, model, place / "plain.mkv")
            plain.append(copying)
            syncing.append(fsync)
            ours.append(await _ours(model, place))
    durable = [copying + fsync for copying, fsync in zip(plain, syncing, strict=True)]
    size = f"{model.stat().st_size / 1e9:.2f} GB"
    return [
        Figure(
            f"remuxing {size}, verified and durable, to ffmpeg -c copy",
            ratio(ours, plain),
            "×",
            1.25,
            f"ours {spread(ours)}, ffmpeg -c copy {spread(plain)}; {RUNS} runs each, in turn",
        ),
        Figure(
            f"remuxing {size}, verified and durable, to ffmpeg -c copy and fsync",
            ratio(ours, durable),
            "×",
            None,
            f"ffmpeg -c copy, then fsync: {spread(durable)}; fsync alone {spread(syncing)}",
        ),
    ]


def _big_film() -> Path:
    """H.264 with AAC in QuickTime, which no Cast device is sure to play: everything in it is copied."""
    model = working_folder() / "big.mov"
    if model.exists():
        return model
    grain = ["-vf", "noise=alls=40:allf=t", "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "40M"]
    part = film("big-part.mov", "bigbuckbunny", 20, [*grain, "-maxrate", "40M", "-bufsize", "40M", "-ac", "2"])
    fresh = working_folder() / "new-big.mov"
    loops = str(BYTES // part.stat().st_size)
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-y",
        "-stream_loop",
        loops,
        "-i",
        str(part),
        "-c",
        "copy",
        str(fresh),
    ]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    fresh.rename(model)
    return model


def _plain(model: Path, target: Path) -> tuple[float, float]:
    os.sync()
    model.read_bytes()
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(model), "-map", "0:v", "-map", "0:a", "-c", "copy"]
    start = time.perf_counter()
    subprocess.run([*argv, str(target)], check=True, stdin=subprocess.DEVNULL)
    copied = time.perf_counter()
    with target.open("rb") as stream:
        os.fsync(stream.fileno())
    synced = time.perf_counter()
    target.unlink()
    return copied - start, synced - copied


async def _ours(model: Path, place: Path) -> float:
    """The seconds of the daemon's whole attempt. The film is a second name of the one that is kept."""
    await asyncio.to_thread(os.sync)
    async with house(place) as daemon:
        os.link(model, daemon.folder / "film.mov")
        job = await daemon.only_job(600)
        return await daemon.attempt_seconds(job["id"])
