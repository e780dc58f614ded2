"""How jobs go, shown: as bars, as lines, or as messages for programs."""

from __future__ import annotations

from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from mkv2castd.api.wire import JobRemoved, JobUpdate, JobView, Progress
from mkv2castd.ctl_following import Message
from mkv2castd.ctl_output import say_json_line
from mkv2castd.ctl_sentences import Steps, end, heading
from mkv2castd.ctl_text import safe
from mkv2castd.model import JobStatus


class Teller(Protocol):
    def tell(self, message: Message) -> None: ...


class JsonLines:
    """The messages of the WebSocket document, one a line."""

    def tell(self, message: Message) -> None:
        say_json_line(message)


class Lines:
    """For logs: a line for each change of a job's state, and for every further twentieth of it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._steps = Steps()

    def tell(self, message: Message) -> None:
        for line in self._steps.lines(message):
            self._stream.write(line + "\n")
        self._stream.flush()


def bars(console: Console) -> RichProgress:
    return RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeRemainingColumn(),
        console=console,
    )


class Bars:
    """A bar for each job that is worked on, and a line above them for each that has ended."""

    def __init__(self, progress: RichProgress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def tell(self, message: Message) -> None:
        match message:
            case JobUpdate(job):
                self._changed(job)
            case Progress() if message.job_id in self._tasks:
                stage = message.stage.value if message.stage is not None else ""
                note = f"{stage} {message.speed if message.speed is not None else ''}".rstrip()
                self._progress.update(self._tasks[message.job_id], completed=int(message.progress), note=safe(note))
            case JobRemoved(job_id):
                self._drop(job_id)
            case _:
                pass

    def _changed(self, job: JobView) -> None:
        if job.status.finished:
            self._drop(job.id)
            self._progress.console.print(end(job), soft_wrap=True)
            return
        if job.status is JobStatus.PROCESSING and job.id not in self._tasks:
            self._tasks[job.id] = self._progress.add_task(heading(job), total=100, note=job.status.value)
        if job.id in self._tasks:
            note = "paused" if job.paused else (job.stage.value if job.stage is not None else job.status.value)
            self._progress.update(self._tasks[job.id], completed=int(job.progress), note=note)

    def _drop(self, job_id: str) -> None:
        if (task := self._tasks.pop(job_id, None)) is not None:
            self._progress.remove_task(task)
