"""A daemon to measure: the real one on a folder of its own, with an ffmpeg that writes down when it ran."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.films import working_folder
from tests.daemon import Daemon, running

# Its own start costs about 2 ms, which are counted as ours.
_WRAPPER = """#!/bin/bash
printf 'start %s %s\\n' "$EPOCHREALTIME" "$*" >> {stamps}
TIMEFORMAT='%U %S'
{{ time {ffmpeg} "$@" 2>&3; }} 3>&2 2> {stamps}.cpu
code=$?
printf 'end %s %s\\n' "$EPOCHREALTIME" "$*" >> {stamps}
exit $code
"""


@dataclass(frozen=True)
class Stamps:
    """When ffmpeg ran, by the clock of time.time()."""

    file: Path

    def processor_time(self) -> float:
        """Seconds that the last run took of the processors."""
        return sum(map(float, self.file.with_name(f"{self.file.name}.cpu").read_text().split()))

    def of(self, film: Path) -> tuple[float, float]:
        """Start and end of the first run that reads `film` and has ended; waits for it, at most a minute."""
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            times: dict[str, float] = {}
            for line in self.file.read_text().splitlines() if self.file.exists() else []:
                kind, moment, argv = line.split(" ", 2)
                if str(film) in argv.split(" -i ")[-1].split(" ")[0]:
                    times.setdefault(kind, float(moment))
            if len(times) == 2:
                return times["start"], times["end"]
            time.sleep(0.02)
        raise SystemExit(f"ffmpeg was not started on {film} within a minute")


@dataclass(frozen=True)
class House:
    daemon: Daemon
    folder: Path
    stamps: Stamps

    async def attempt_seconds(self, job_id: str) -> float:
        """How long the last attempt took: encoding, verifying, putting in place."""
        told = (await self.daemon.get(f"/api/jobs/{job_id}/"))["attempts"][-1]
        return (_moment(told["ended_at"]) - _moment(told["started_at"])).total_seconds()

    async def only_job(self, timeout: float) -> dict[str, Any]:
        """The only job there is, once it is completed."""
        (job,) = (await self.daemon.finished(1, timeout)).values()
        if job["status"] != "completed" or job["skipped"]:
            raise SystemExit(f"{job['filename']}: {job['status']}: {job['error'] or job['reason']}")
        return job


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder on the disk that is measured on, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=working_folder()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@asynccontextmanager
async def house(place: Path, slots: int = 1) -> AsyncIterator[House]:
    """A daemon below `place`, ready. slots: encodes at once."""
    folder, programs = place / "films", place / "programs"
    folder.mkdir(exist_ok=True)
    programs.mkdir()
    wrapper = wrap_ffmpeg(programs, stamps := Stamps(place / "stamps"))
    path = f"{wrapper.parent}:{os.environ['PATH']}"
    config = f"[queue]\nmin_free_gib = 0\n[devices]\ncpu_slots = {slots}\n"
    async with running(folder, state=place / "state", config=config, environment={"PATH": path}) as daemon:
        yield House(daemon, folder, stamps)
        await daemon.stop()


def wrap_ffmpeg(folder: Path, stamps: Stamps) -> Path:
    real = shutil.which("ffmpeg")
    assert real is not None, "scripts/bench has seen to it"
    wrapper = folder / "ffmpeg"
    wrapper.write_text(_WRAPPER.format(stamps=shlex.quote(str(stamps.file)), ffmpeg=shlex.quote(real)))
    wrapper.chmod(0o755)
    return wrapper
