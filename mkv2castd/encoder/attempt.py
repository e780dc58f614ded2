"""One try at one film: plan, command, run, verify, commit."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol
from uuid import UUID

from mkv2castd.config import Settings
from mkv2castd.encoder import faults, output, process, sidecars
from mkv2castd.encoder.child import Child
from mkv2castd.encoder.command import convert_argv
from mkv2castd.encoder.damage import Complaints, require_little_damage
from mkv2castd.encoder.groundwork import groundwork
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.naming import temporary_for
from mkv2castd.encoder.obstacles import obstacles
from mkv2castd.encoder.output import Commit
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.progress import Meter, ProgressReader
from mkv2castd.encoder.survey import examine
from mkv2castd.encoder.tag import tag_for
from mkv2castd.encoder.targets import ON_CPU, Groundwork, Means
from mkv2castd.encoder.tools import UNASKED, Tools
from mkv2castd.encoder.verify import verify
from mkv2castd.errors import DeviceError, ErrorCode, MediaError
from mkv2castd.model import Identity, Progress, Stage, printable
from mkv2castd.patience import see_through
from mkv2castd.threads import in_thread

_SPACE_CHECK_SECONDS = 5.0
_SPEECHLESS_SECONDS = 2.0  # so long a first telling waits for a speed and an ETA to tell


@dataclass(frozen=True, slots=True)
class Task:
    """All that one try needs. `media`: what is known of the source already, else it is probed.

    replaces: our own older output at `target`, which may be overwritten. log: where ffmpeg's words are kept.
    environment: added to the children's. tools: what ffmpeg can do here. means: what encodes the picture, if it is
    encoded.
    """

    job_id: UUID
    source: Path
    identity: Identity
    settings: Settings
    target: Path
    replaces: Identity | None = None
    media: Media | None = None
    log: Path | None = None
    environment: Mapping[str, str] | None = None
    tools: Tools = UNASKED
    means: Means = ON_CPU


@dataclass(frozen=True, slots=True)
class Done:
    """The output is in place; `commit` tells what was done. exit_code: ffmpeg's, seconds: how long it worked, pauses
    left out; None when only an earlier attempt's commit had to be finished."""

    commit: Commit
    exit_code: int | None = None
    seconds: float | None = None


class Journal(Protocol):
    """Where a commit is written down before its first step (the store; nothing for a single command)."""

    async def begin(self, commit: Commit) -> None: ...


class Handle:
    """What others may do to a running attempt: pause it, and see how far it is: whether the encoding has begun, and
    whether it can still be cancelled."""

    def __init__(self) -> None:
        self.encoding = False
        self.committing = False
        self.paused = False
        self._child: Child | None = None
        self._worked = 0.0
        self._since = time.monotonic()

    def adopt(self, child: Child) -> None:
        self._child = child
        if self.paused:
            child.pause()

    def pause(self) -> None:
        if not self.paused:
            self._worked = self.elapsed
            self.paused = True
            if self._child is not None:
                self._child.pause()

    def resume(self) -> None:
        if self.paused:
            self.paused = False
            self._since = time.monotonic()
            if self._child is not None:
                self._child.resume()

    def renew(self) -> None:
        """For the next attempt at the same film; a pause holds on."""
        self.encoding = self.committing = False
        self._child = None

    def start_clock(self) -> None:
        """The encoding begins."""
        self.encoding = True
        self._worked, self._since = 0.0, time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds of work since start_clock, pauses left out."""
        return self._worked if self.paused else self._worked + time.monotonic() - self._since


async def attempt(task: Task, journal: Journal, report: Callable[[Progress], None], handle: Handle) -> Done:
    """Makes the output and puts it in place.

    Raises MediaError, DeviceError, and OSError where the output's folder cannot be written. Cancelled before
    `handle.committing`, it leaves no child and no temporary; from then on it goes through.
    """
    media = (
        task.media if task.media is not None else await examine(task.source, task.environment, settings=task.settings)
    )
    decision = plan(media, task.settings, task.tools)
    if isinstance(decision, Skip):
        raise MediaError(ErrorCode.SOURCE_CHANGED, f"nothing is left to do: {decision.reason}")
    if found := obstacles(decision, task.means):
        raise DeviceError(ErrorCode.UNSUPPORTED_MEDIA, f"not on this device: {'; '.join(found)}")
    temporary = temporary_for(task.target, task.job_id)
    try:
        await in_thread(_reserve, temporary)
        runner = partial(_run_quietly, task, handle)
        async with groundwork(decision, task.source, temporary, runner) as laid:
            decision = decision.without(laid.lost)
            last = await _encode(task, decision, laid, temporary, report, handle)
        seconds = handle.elapsed
        tag = tag_for(task.source, task.identity)
        made = await see_through(in_thread(sidecars.make, decision, temporary, tag, laid.lost))
        made = replace(made, notes=(*decision.notes, *made.notes))
        report(_at(last, Stage.VERIFYING))
        await verify(temporary, decision, task.source, media, task.settings, task.environment, task.tools)
        report(_at(last, Stage.FINALIZING))
        commit = await in_thread(
            output.prepare,
            task.job_id,
            temporary,
            task.target,
            task.source,
            task.identity,
            task.settings,
            task.replaces,
            made,
        )
        handle.committing = True
        return replace(await see_through(_commit(commit, journal)), seconds=seconds)
    except BaseException:
        if not handle.committing:
            await see_through(in_thread(output.discard, temporary))
        raise


def _reserve(temporary: Path) -> None:
    """Makes the folder and an empty file in it: what is in the way says the kernel better than ffmpeg would."""
    temporary.parent.mkdir(parents=True, exist_ok=True)
    output.discard(temporary)  # what an attempt left that was killed, and that could not be cleaned away then
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666))


async def _commit(commit: Commit, journal: Journal) -> Done:
    await journal.begin(commit)
    if not await in_thread(output.carry_out, commit):
        raise DeviceError(ErrorCode.VERIFY_FAILED, f"{printable(commit.temporary)} was taken away before its rename")
    return Done(commit, exit_code=0)


async def _run_quietly(task: Task, handle: Handle, argv: Sequence[str]) -> str:
    """A child beside the encoding itself: whatever it writes to stdout counts as an advance."""
    ended = await process.run(
        argv,
        on_line=lambda line: True,
        log=task.log,
        stall_seconds=task.settings.stall_seconds,
        on_start=handle.adopt,
        environment=task.environment,
    )
    if ended.exit_code != 0:
        raise faults.classify(ended.exit_code, ended.stderr_tail)
    return ended.stderr_tail


async def _encode(
    task: Task,
    decision: Plan,
    laid: Groundwork,
    temporary: Path,
    report: Callable[[Progress], None],
    handle: Handle,
) -> Progress:
    tag = tag_for(task.source, task.identity)
    argv = convert_argv(decision, task.source, temporary, tag, laid, task.means)
    meter = Meter(decision.duration, decision.stage)
    reader = ProgressReader()
    last = Progress(decision.stage, 0.0)
    furthest: tuple[float, int, int] = (-1.0, -1, -1)

    def on_line(line: str) -> bool:
        nonlocal last, furthest
        reading = reader.feed(line)
        if reading is None:
            return False
        last = meter.update(reading, handle.elapsed)
        if last.speed is not None or handle.elapsed >= _SPEECHLESS_SECONDS:
            report(last)
        reached = (_known(reading.position), int(_known(reading.frame)), int(_known(reading.size)))
        advanced = any(now > before for now, before in zip(reached, furthest, strict=True))
        furthest = max(furthest[0], reached[0]), max(furthest[1], reached[1]), max(furthest[2], reached[2])
        return advanced

    found = Complaints(decision.subtitles)
    handle.start_clock()
    async with _space_watch(task.settings.min_free_bytes, temporary.parent):
        ended = await process.run(
            argv,
            on_line=on_line,
            log=task.log,
            stall_seconds=task.settings.stall_seconds,
            on_start=handle.adopt,
            environment=_environment(task),
            on_complaint=found.add,
        )
    if ended.exit_code != 0:
        raise faults.classify(ended.exit_code, ended.stderr_tail)
    if not task.settings.accept_damaged:
        require_little_damage(found, decision.duration, last.frame, encoded=not decision.copies_video)
    return last


def _environment(task: Task) -> Mapping[str, str]:
    """With what a program must find so that it can mean no other device than this one."""
    own = task.environment if task.environment is not None else {}
    return {**own, **dict(task.means.gpu.environment)} if task.means.gpu is not None else own


@asynccontextmanager
async def _space_watch(min_free_bytes: int, folder: Path) -> AsyncIterator[None]:
    """Ends the block with DeviceError (no_space) when the disk runs short while it is at work."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(_SPACE_CHECK_SECONDS)
            free = await in_thread(output.free_bytes, folder)
            if free < min_free_bytes:
                raise no_space(folder, free, min_free_bytes)

    try:
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(watch())
            yield
            watcher.cancel()
    except BaseExceptionGroup as raised:
        # one cause is enough to tell: the watcher's, or what the block itself raised
        raise raised.exceptions[0] from None


def no_space(folder: Path, free: int, needed: int) -> DeviceError:
    return DeviceError(
        ErrorCode.NO_SPACE,
        f"{printable(folder)}: {free / 2**30:.1f} GiB free, [queue] min_free_gib asks for {needed / 2**30:.1f}: "
        "make room or lower it",
    )


def _at(progress: Progress, stage: Stage) -> Progress:
    return replace(progress, stage=stage, eta=None)


def _known(value: float | None) -> float:
    return value if value is not None else -1.0
