"""`python -m benchmarks [NAME …]`: runs the benchmarks named, or all of them, and prints their figures."""

from __future__ import annotations

import asyncio
import os
import platform
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks import bus, crowd, encode, idle, lanes, library, remux, start
from benchmarks.figures import Figure
from benchmarks.films import working_folder

BENCHMARKS: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
    "start": start.measure,
    "encode": encode.measure,
    "remux": remux.measure,
    "crowd": crowd.measure,
    "idle": idle.measure,
    "library": library.measure,
    "lanes": lanes.measure,
    "bus": bus.measure,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are: {' '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(_machine(), flush=True)
    for name in names if names else BENCHMARKS:
        load = os.getloadavg()[0]
        print(f"\n{name}  (load before: {load:.1f})", flush=True)
        for figure in asyncio.run(_whole(BENCHMARKS[name])):
            print(figure, flush=True)
    return 0


async def _whole(measure: Callable[[], Awaitable[list[Figure]]]) -> list[Figure]:
    return await measure()


def _machine() -> str:
    ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    disk = subprocess.run(
        ["df", "--output=fstype", working_folder()], capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    return f"{os.cpu_count()} × {cpu}, {disk}, Python {platform.python_version()}, ffmpeg {ffmpeg}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
