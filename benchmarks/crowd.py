"""200 short films against `xargs -P2` over a shell script that does ffprobe and ffmpeg with the same options."""

from __future__ import annotations

import asyncio
import os
import resource
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, ratio, spread
from benchmarks.films import film, working_folder
from benchmarks.house import House, house, scratch
from mkv2castd.config import Config, settings_for
from mkv2castd.encoder.command import convert_argv
from mkv2castd.encoder.plan import Skip, plan
from mkv2castd.encoder.probe import probe

FILMS = 200
RUNS = 3
SECONDS = 5

_SCRIPT = """#!/bin/sh
# $1: the film
set -e
ffprobe -v error -of json -show_format -show_streams -show_chapters "$1" > /dev/null
target="${{1%.mkv}}_chromecast.mkv"
case "$1" in
*remux*) {remux} ;;
*) {encode} ;;
esac > /dev/null 2>&1
"""


@dataclass(frozen=True)
class _Took:
    """Seconds by the clock; of the processor, in the programs started and in the one that started them."""

    seconds: float
    children: float
    itself: float


async def measure() -> list[Figure]:
    """Every other film is remuxed (picture copied, sound converted), the others are encoded. Two encodes at once on
    both sides. Ours is verified and durable as well, theirs is not."""
    models = {
        "remux": film("crowd-remux.mkv", "bikes", SECONDS, ["-c:v", "copy", "-c:a", "ac3"], noise=True),
        "encode": film(
            "crowd-encode.mkv", "bikes", SECONDS, ["-c:v", "mpeg4", "-q:v", "3", "-c:a", "ac3"], noise=True
        ),
    }
    script = working_folder() / "crowd.sh"
    script.write_text(_SCRIPT.format(**{kind: await _command(model) for kind, model in models.items()}))
    ours: list[_Took] = []
    theirs: list[_Took] = []
    for _ in range(RUNS):
        with scratch() as place:
            theirs.append(await asyncio.to_thread(_theirs, models, script, place / "theirs"))
        with scratch() as place:
            async with house(place, slots=2) as daemon:
                ours.append(await _ours(daemon, models, place / "ours"))
    mine, other = [took.seconds for took in ours], [took.seconds for took in theirs]
    how = (
        f"ours {spread(mine, digits=1)}, xargs -P2 {spread(other, digits=1)}; {RUNS} runs each, in turn\n"
        f"      processor time: ours {spread([took.children for took in ours], digits=1)} in ffmpeg and ffprobe and "
        f"{spread([took.itself for took in ours], digits=1)} in the daemon itself, "
        f"theirs {spread([took.children for took in theirs], digits=1)}"
    )
    return [Figure(f"{FILMS} films of {SECONDS} s, to xargs -P2", ratio(mine, other), "×", 1.0, how)]


async def _command(model: Path) -> str:
    """Our own command for this film, with the shell's variables for source and target."""
    decision = plan(await probe(model), settings_for(Config(), None))
    assert not isinstance(decision, Skip), "made to need work"
    argv = convert_argv(decision, Path("/SOURCE"), Path("/TARGET"), "a tag as long as one of ours, 0123456789abcdef")
    line = shlex.join(argv)
    return line.replace("file:/SOURCE", '"file:$1"').replace("file:/TARGET", '"file:$target"')


def _lay_out(models: dict[str, Path], folder: Path) -> list[Path]:
    folder.mkdir()
    found = []
    for number in range(FILMS):
        kind = "remux" if number % 2 else "encode"
        target = folder / f"{number:03} {kind}.mkv"
        shutil.copyfile(models[kind], target)
        found.append(target)
    os.sync()
    return found


def _theirs(models: dict[str, Path], script: Path, folder: Path) -> _Took:
    names = "\0".join(map(str, _lay_out(models, folder)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(["xargs", "-0", "-n1", "-P2", "sh", script], input=names, text=True, check=True)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    made = len(list(folder.glob("*_chromecast.mkv")))
    assert made == FILMS, f"only {made} films came out"
    return _Took(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 0.0)


async def _ours(daemon: House, models: dict[str, Path], folder: Path) -> _Took:
    await asyncio.to_thread(_lay_out, models, folder)
    itself, children = _processor_time(daemon.daemon.pid)
    start = time.perf_counter()
    folder.rename(daemon.folder / "all")
    # asked rarely before the last output is there: answering costs the daemon time
    while len(list((daemon.folder / "all").glob("*_chromecast.mkv"))) < FILMS or await _unfinished(daemon):
        await asyncio.sleep(0.1)
    seconds = time.perf_counter() - start
    itself_then, children_then = _processor_time(daemon.daemon.pid)
    made = len(list((daemon.folder / "all").glob("*_chromecast.mkv")))
    assert made == FILMS, f"only {made} films came out"
    return _Took(seconds, children_then - children, itself_then - itself)


def _processor_time(pid: int) -> tuple[float, float]:
    """Seconds of the process itself, and of its children that have ended."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(told[11]) + int(told[12])) / ticks, (int(told[13]) + int(told[14])) / ticks


async def _unfinished(daemon: House) -> bool:
    return int((await daemon.daemon.get("/api/jobs/?status=completed&page_size=1"))["count"]) < FILMS
