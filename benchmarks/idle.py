"""What the daemon costs when there is nothing to do: memory, and processor time."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.films import film
from benchmarks.house import house, scratch

FILMS = 20
SECONDS = 30
_MEGABYTE = 2**20


async def measure() -> list[Figure]:
    """After the start and again after twenty films, one folder watched, nobody connected."""
    model = film("start.mkv", "bigbuckbunny", 20, ["-c:v", "copy", "-c:a", "ac3"])
    with scratch() as place:
        async with house(place) as daemon:
            await asyncio.sleep(5)
            fresh = _memory(daemon.daemon.pid)
            for number in range(FILMS):
                shutil.copyfile(model, daemon.folder / f"{number}.part")
                (daemon.folder / f"{number}.part").rename(daemon.folder / f"{number}.mkv")
            await daemon.daemon.finished(FILMS, 300)
            await asyncio.sleep(10)
            worked = _memory(daemon.daemon.pid)
            before = _Work.of(daemon.daemon.pid)
            await asyncio.sleep(SECONDS)
            after = _Work.of(daemon.daemon.pid)
    wakeups = (after.wakeups - before.wakeups) / SECONDS
    return [
        Figure(
            "resident memory when idle, after the start", fresh[0], "MB", 45, f"its share (PSS) {fresh[1]:.1f} MB"
        ),
        Figure(f"the same after {FILMS} films", worked[0], "MB", 45, f"its share (PSS) {worked[1]:.1f} MB"),
        Figure(
            f"processor time when idle, of {SECONDS} s",
            (after.cpu_ns - before.cpu_ns) / SECONDS / 1e7,
            "%",
            0.0,
            f"{(after.cpu_ns - before.cpu_ns) / 1e6:.2f} ms; all threads wake up {wakeups:.1f} times a second",
        ),
    ]


def _memory(pid: int) -> tuple[float, float]:
    """Resident and proportional set size in MB of 2^20 bytes, as ps and systemd count."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kilobytes = {line.split()[0]: int(line.split()[1]) for line in told[1:]}
    return kilobytes["Rss:"] * 1024 / _MEGABYTE, kilobytes["Pss:"] * 1024 / _MEGABYTE


@dataclass(frozen=True)
class _Work:
    """What all threads of a process have done so far."""

    cpu_ns: int
    wakeups: int

    @classmethod
    def of(cls, pid: int) -> _Work:
        cpu = wakeups = 0
        for thread in os.listdir(f"/proc/{pid}/task"):
            place = Path(f"/proc/{pid}/task/{thread}")
            cpu += int((place / "schedstat").read_text().split()[0])
            told = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
            wakeups += int(told["voluntary_ctxt_switches"])
        return cls(cpu, wakeups)
