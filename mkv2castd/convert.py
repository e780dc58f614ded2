"""`mkv2castd convert`: the daemon's own workshop, for a few files and without a daemon."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TextIO
from uuid import UUID

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from mkv2castd.api.hub import changes
from mkv2castd.api.render import progress_message
from mkv2castd.api.wire import encode
from mkv2castd.check import require_ffmpeg
from mkv2castd.config import Config, FolderConfig
from mkv2castd.config_keeping import ConfigKeeper, Sources
from mkv2castd.control import Control
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.errors import SURFACES, Mkv2castdError
from mkv2castd.events import Event, Hub, JobChanged, JobProgressed
from mkv2castd.folders import Folders
from mkv2castd.model import Container, FolderState, FolderStatus, Job, JobStatus, printable
from mkv2castd.reception import Reception
from mkv2castd.store import open_store

_INTERRUPTED = 130
_DETAILS = 5  # lines of what ffmpeg said last


@dataclass(frozen=True, slots=True)
class Order:
    """What to convert, and how. output: a folder for the results; None: beside each film."""

    files: tuple[Path, ...]
    wishes: tuple[tuple[str, ...] | None, Container | None]
    output: Path | None = None
    device: str | None = None


def _tell(teller: Teller, stream: TextIO, event: Event) -> None:
    """Whoever reads `stream` may have had enough: the films are converted all the same."""
    try:
        teller.tell(event)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class Teller(Protocol):
    """Shows how the jobs go."""

    def tell(self, event: Event) -> None: ...

    def complain(self, file: Path, error: Mkv2castdError) -> None: ...


async def convert_all(config: Config, order: Order, *, proofs: Path, as_json: bool) -> int:
    """Converts one file after another's submission, as lanes are free; the exit code. proofs: the file in which is
    kept what devices have proved."""
    await require_ffmpeg()
    with tempfile.TemporaryDirectory(prefix="mkv2castd-") as folder, _teller(as_json) as teller:
        hub = Hub()
        done = _Finished()
        hub.listen(partial(_tell, teller, sys.stdout if as_json else sys.stderr))
        hub.listen(done.listen)
        async with open_store(Path(folder), hub.publish) as store:
            workshop = Workshop(
                *(_config_for(config, order), Path(folder), store, hub.publish), patient=False, proofs=proofs
            )
            reception = Reception(workshop, hub.publish)
            for one in workshop.config.folder:
                reception.folder_changed(FolderStatus(one.name, one.root, FolderState.ONLINE))
            sources = Sources(lambda: workshop.config, lambda: ())
            keeper = ConfigKeeper(sources, Path(folder), workshop, Folders(reception), hub)
            control = Control(hub, workshop, reception, keeper)
            working = asyncio.create_task(workshop.serve())
            try:
                with _interruptible():
                    refused = await _submit_all(control, order, teller, done)
                    await done.wait(working)
            except asyncio.CancelledError:
                return _INTERRUPTED
            finally:
                working.cancel()
                await asyncio.wait([working])
            return max(refused, done.exit_code)


async def _submit_all(control: Control, order: Order, teller: Teller, done: _Finished) -> int:
    code = 0
    profile, container = order.wishes
    for file in order.files:
        path = Path(os.path.abspath(file))
        try:
            job = await control.submit(path, profile=profile, container=container, device=order.device)
            done.expect(job)
        except Mkv2castdError as error:
            teller.complain(file, error)
            code = max(code, SURFACES[error.code].exit)
    return code


def _config_for(config: Config, order: Order) -> Config:
    """Each film's folder as if it were watched; the source is kept, whatever a watched folder would do."""
    output = os.path.abspath(order.output) if order.output is not None else ""
    parents = dict.fromkeys(os.path.dirname(os.path.abspath(file)) for file in order.files)
    folders = []
    for number, parent in enumerate(parents):
        base = config.owner_of(Path(parent)) or FolderConfig(path=parent)
        changed = {"path": parent, "name": str(number), "output": output, "source": "keep", "recursive": False}
        folders.append(msgspec.structs.replace(base, **changed))
    queue = msgspec.structs.replace(config.queue, paused=False, hours=())
    return msgspec.structs.replace(config, folder=tuple(folders), queue=queue)


class _Finished:
    """Waits until every expected job has come to its end, and keeps the worst of them."""

    def __init__(self) -> None:
        self._open: set[UUID] = set()
        self._ended: dict[UUID, Job] = {}
        self._changed = asyncio.Event()

    def expect(self, job: Job) -> None:
        if job.id not in self._ended:
            self._open.add(job.id)

    def listen(self, event: Event) -> None:
        if isinstance(event, JobChanged) and event.job.status.finished:
            self._ended[event.job.id] = event.job
            self._open.discard(event.job.id)
            self._changed.set()

    async def wait(self, working: asyncio.Task[object]) -> None:
        while self._open:
            self._changed.clear()
            waiting = asyncio.create_task(self._changed.wait())
            await asyncio.wait([waiting, working], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if working.done():
                working.result()

    @property
    def exit_code(self) -> int:
        return 0 if all(job.status is JobStatus.COMPLETED for job in self._ended.values()) else 1


@contextmanager
def _interruptible() -> Iterator[None]:
    task = asyncio.current_task()
    assert task is not None, "runs inside a task"
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@contextmanager
def _teller(as_json: bool) -> Iterator[Teller]:
    if as_json:
        yield _JsonLines()
        return
    with _bars() as progress:
        yield _Bars(progress)


class _JsonLines:
    """The messages of the WebSocket document, one a line."""

    def __init__(self) -> None:
        self._jobs: dict[UUID, Job] = {}

    def tell(self, event: Event) -> None:
        if isinstance(event, JobChanged):
            self._jobs[event.job.id] = event.job
            for message in changes(event.job, event.previous, None, ui=False):
                self._print(message)
        elif isinstance(event, JobProgressed):
            self._print(progress_message(self._jobs[event.job_id], event.progress))

    def complain(self, file: Path, error: Mkv2castdError) -> None:
        self._print({"type": "error", "path": printable(file), "error": error.code.value, "message": error.message})

    def _print(self, message: object) -> None:
        line = encode(message) if isinstance(message, msgspec.Struct) else msgspec.json.encode(message)
        sys.stdout.write(line.decode() + "\n")
        sys.stdout.flush()


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


class _Bars:
    """A bar per film, and a line for each that has ended."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[UUID, TaskID] = {}

    def tell(self, event: Event) -> None:
        if isinstance(event, JobChanged):
            self._changed(event.job)
        elif isinstance(event, JobProgressed) and event.job_id in self._tasks:
            now = event.progress
            speed = f" {now.speed:.1f}x" if now.speed is not None else ""
            task = self._tasks[event.job_id]
            self._progress.update(task, completed=now.percent, note=f"{now.stage.value}{speed}")

    def complain(self, file: Path, error: Mkv2castdError) -> None:
        self._progress.console.print(
            f"✗ {printable(file)}: {error.message}", markup=False, highlight=False, soft_wrap=True
        )

    def _changed(self, job: Job) -> None:
        name = printable(job.source.name)
        if job.id not in self._tasks:
            self._tasks[job.id] = self._progress.add_task(name, total=100, note=job.status.value)
        task = self._tasks[job.id]
        if job.status is JobStatus.COMPLETED:
            made = f"{job.reason}"
            if not job.skipped and job.output is not None:
                left_out = f"\n    {job.reason}" if job.reason is not None else ""
                made = f"→ {printable(job.output)}{left_out}"
            self._progress.update(task, completed=100, note="skipped" if job.skipped else "done")
            self._progress.console.print(f"✓ {name} {made}", markup=False, highlight=False, soft_wrap=True)
        elif job.status.finished and job.failure is not None:
            self._progress.update(task, note=job.status.value)
            details = (job.failure.details or "").rstrip().splitlines()[-_DETAILS:]
            text = "\n    ".join([f"✗ {name}: {job.failure.message}", *details])
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
