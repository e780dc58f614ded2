"""The same ffmpeg command by us and by hand."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.figures import Figure, ratio, spread
from benchmarks.films import film
from benchmarks.house import House, Stamps, house, scratch, wrap_ffmpeg

RUNS = 5


async def measure() -> list[Figure]:
    """A film that has to be encoded; one run by the daemon, one by hand, in turn. By hand: ffmpeg's progress goes
    to /dev/null, and nothing is verified or made durable."""
    model = film("encode.mkv", "bigbuckbunny", 12, ["-c:v", "mpeg4", "-q:v", "3", "-c:a", "ac3"])
    encoding: list[float] = []
    whole: list[float] = []
    by_hand: list[float] = []
    for _ in range(RUNS):
        with scratch() as place:
            async with house(place) as daemon:
                seconds, attempt, argv = await _by_us(daemon, model)
            encoding.append(seconds)
            whole.append(attempt)
            by_hand.append(await asyncio.to_thread(_by_hand, place, argv))
    how = f"ours {spread(encoding)}, by hand {spread(by_hand)}; {RUNS} runs each, in turn"
    added = [attempt - seconds for attempt, seconds in zip(whole, encoding, strict=True)]
    return [
        Figure(
            "encoding a film by the same ffmpeg command, ours to by hand", ratio(encoding, by_hand), "×", 1.02, how
        ),
        Figure("what verifying and putting in place add to it", ratio(added, [1.0] * RUNS), "s"),
    ]


async def _by_us(daemon: House, model: Path) -> tuple[float, float, list[str]]:
    """Seconds that ffmpeg took, seconds of the whole attempt, and ffmpeg's command."""
    target = daemon.folder / "film.mkv"
    fresh = target.with_name("film.part")
    shutil.copyfile(model, fresh)
    fresh.rename(target)
    job = await daemon.only_job(600)
    started, ended = daemon.stamps.of(target)
    log = (await daemon.daemon.get(f"/api/jobs/{job['id']}/log/"))["log"]
    return ended - started, await daemon.attempt_seconds(job["id"]), _argv(log)


def _argv(log: str) -> list[str]:
    first = next(line for line in log.splitlines() if line.startswith("$ ffmpeg "))
    return shlex.split(first.removeprefix("$ "))


def _by_hand(place: Path, argv: list[str]) -> float:
    """As by us: through the wrapper, and by its clock."""
    aside = place / "by hand"
    aside.mkdir()
    stamps = Stamps(aside / "stamps")
    wrapper = wrap_ffmpeg(aside, stamps)
    film = place / "films" / "film.mkv"
    (place / "films" / "film_chromecast.mkv").unlink()
    time.sleep(1)
    command = [str(wrapper), *argv[1:]]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    started, ended = stamps.of(film)
    return ended - started
