"""The same ffmpeg command by us and by hand."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, median, ratio, spread
from benchmarks.films import film
from benchmarks.house import House, Stamps, house, scratch, wrap_ffmpeg

RUNS = 5


async def measure() -> list[Figure]:
    """A film that has to be encoded; one run by the daemon, one by hand, in turn. By hand: ffmpeg's progress goes
    to /dev/null, and nothing is verified or made durable."""
    model = film("encode.mkv", "bigbuckbunny", 12, ["-c:v", "mpeg4", "-q:v", "3", "-c:a", "ac3"])
    ours: list[_Took] = []
    theirs: list[_Took] = []
    added: list[float] = []
    for _ in range(RUNS):
        with scratch() as place:
            async with house(place) as daemon:
                took, attempt, argv = await _by_us(daemon, model)
            ours.append(took)
            added.append(attempt - took.seconds)
            theirs.append(await asyncio.to_thread(_by_hand, place, argv))
    mine, hand = [took.seconds for took in ours], [took.seconds for took in theirs]
    work, by_hand = [took.processor for took in ours], [took.processor for took in theirs]
    how = (
        f"ours {spread(mine)}, by hand {spread(hand)}; {RUNS} runs each, in turn; "
        f"processor time {spread(work)} and {spread(by_hand)}: {ratio(work, by_hand):.3f}×"
    )
    return [
        Figure("encoding a film by the same ffmpeg command, ours to by hand", ratio(mine, hand), "×", 1.02, how),
        Figure("what verifying and putting in place add to it", median(added), "s"),
    ]


@dataclass(frozen=True)
class _Took:
    """ffmpeg's seconds by the clock, and of the processors."""

    seconds: float
    processor: float


async def _by_us(daemon: House, model: Path) -> tuple[_Took, float, list[str]]:
    """What ffmpeg took, seconds of the whole attempt, and ffmpeg's command."""
    target = daemon.folder / "film.mkv"
    fresh = target.with_name("film.part")
    shutil.copyfile(model, fresh)
    fresh.rename(target)
    job = await daemon.only_job(600)
    log = (await daemon.daemon.get(f"/api/jobs/{job['id']}/log/"))["log"]
    return _took(daemon.stamps, target), await daemon.attempt_seconds(job["id"]), _argv(log)


def _took(stamps: Stamps, film: Path) -> _Took:
    started, ended = stamps.of(film)
    return _Took(ended - started, stamps.processor_time())


def _argv(log: str) -> list[str]:
    first = next(line for line in log.splitlines() if line.startswith("$ ffmpeg "))
    return shlex.split(first.removeprefix("$ "))


def _by_hand(place: Path, argv: list[str]) -> _Took:
    """As by us: through the wrapper, and by its clock."""
    aside = place / "by hand"
    aside.mkdir()
    stamps = Stamps(aside / "stamps")
    wrapper = wrap_ffmpeg(aside, stamps)
    (place / "films" / "film_chromecast.mkv").unlink()
    time.sleep(1)
    command = [str(wrapper), *argv[1:]]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    return _took(stamps, place / "films" / "film.mkv")
