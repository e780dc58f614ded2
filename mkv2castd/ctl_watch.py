"""Following jobs to their end, through restarts of the daemon and of the bus."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mkv2castd.api.bus_interface import Variant
from mkv2castd.api.wire import JobsList, JobView
from mkv2castd.ctl_client import PAGE, Daemon
from mkv2castd.ctl_errors import FAILED, NO_SUCH_JOB, UNREACHABLE, CtlError
from mkv2castd.ctl_feed import Feed
from mkv2castd.ctl_following import Following, Message
from mkv2castd.ctl_output import complain, console
from mkv2castd.ctl_telling import Bars, JsonLines, Lines, Teller, bars
from mkv2castd.model import JobStatus

_RETURN_SECONDS = 90.0  # a daemon that is started anew, or upgraded, is back by then
_RETRY_SECONDS = 1.0
_UNFINISHED = tuple(status.value for status in JobStatus if not status.finished)


@dataclass(frozen=True, slots=True)
class Wanted:
    """ids: None: every job, until interrupted. fresh: signals tell of them from their beginning on."""

    ids: frozenset[str] | None
    fresh: bool = False


async def watch(daemon: Daemon, options: argparse.Namespace) -> int:
    with teller(options.json, to_stderr=False) as told:
        async with daemon.listening() as feed:
            ids = frozenset([await daemon.job_id(text) for text in options.jobs]) if options.jobs else None
            return await follow(daemon, feed, Wanted(ids), told)


@contextmanager
def teller(as_json: bool, *, to_stderr: bool) -> Iterator[Teller]:
    """Bars on a terminal, else lines."""
    stream = sys.stderr if to_stderr else sys.stdout
    if as_json:
        yield JsonLines()
    elif (out := console(stream)).is_terminal and not out.is_dumb_terminal:
        with bars(out) as progress:
            yield Bars(progress)
    else:
        yield Lines(stream)


async def follow(daemon: Daemon, feed: Feed, wanted: Wanted, told: Teller) -> int:
    """Tells how the jobs go until those that are wanted have ended: 0 where all are completed, else 1. When it is
    interrupted it says that the jobs go on.

    Raises CtlError where there is no such job at the beginning, or the daemon stays away.
    """
    state = Following(wanted.ids)
    try:
        first = await _first(daemon, wanted)
        if isinstance(told, JsonLines):
            told.tell(JobsList(first, (await daemon.properties())["Paused"]))
        for job in first:
            _tell(told, state.learn(job))
        while not state.over:
            _tell(told, await _next(daemon, feed, wanted, state))
    except asyncio.CancelledError:
        if wanted.ids is not None and not state.over:
            complain("interrupted: the jobs go on; `mkv2castctl watch` follows them again")
        raise
    return 0 if state.completed else FAILED


def _tell(told: Teller, messages: list[Message]) -> None:
    for message in messages:
        told.tell(message)


async def _next(daemon: Daemon, feed: Feed, wanted: Wanted, state: Following) -> list[Message]:
    signal = await feed.next()
    if signal is None:
        return await _anew(daemon, wanted, state)
    told = state.take(signal)
    if not isinstance(told, str):
        return told
    try:
        return await _ask(daemon, state, told)
    except CtlError as error:
        if error.exit_code != UNREACHABLE:
            raise
        feed.look_anew()
        return []


async def _anew(daemon: Daemon, wanted: Wanted, state: Following) -> list[Message]:
    """The present state of all, once the daemon is there. Raises CtlError where it stays away, or says nothing."""
    messages: list[Message] = []
    away: CtlError | None = None
    now = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(_RETURN_SECONDS) as patience:
            while True:
                try:
                    present = await _unfinished(daemon) if wanted.ids is None else []
                    for job in present:
                        messages += state.learn(job)
                    for job_id in state.missing(present):
                        messages += await _ask(daemon, state, job_id)
                        patience.reschedule(now() + _RETURN_SECONDS)  # it answers: there are many jobs
                    return messages
                except CtlError as error:
                    if error.exit_code != UNREACHABLE:
                        raise
                    if away is None:
                        complain("mkv2castd has left the bus; it is waited for")
                    away = error
                await asyncio.sleep(_RETRY_SECONDS)
    except TimeoutError:
        why = away.message if away is not None else "mkv2castd does not answer"
        raise CtlError(f"{why}\nIts jobs are kept, and go on when it is back.", UNREACHABLE) from away


async def _first(daemon: Daemon, wanted: Wanted) -> list[JobView]:
    """The jobs that are wanted, or the unfinished ones. Raises CtlError where there is no such job."""
    if wanted.ids is None:
        return await _unfinished(daemon)
    if not wanted.fresh:
        return [await daemon.job(job_id) for job_id in sorted(wanted.ids)]
    # what is gone already has ended meanwhile: signals that wait for us tell how
    found = [await _found(daemon, job_id) for job_id in sorted(wanted.ids)]
    return [job for job in found if job is not None]


async def _unfinished(daemon: Daemon) -> list[JobView]:
    found, _ = await daemon.jobs({"status": Variant("as", _UNFINISHED)}, PAGE)
    return found


async def _ask(daemon: Daemon, state: Following, job_id: str) -> list[Message]:
    """What becomes known of a job by asking for it."""
    job = await _found(daemon, job_id)
    return state.learn(job) if job is not None else state.forget(job_id)


async def _found(daemon: Daemon, job_id: str) -> JobView | None:
    """None: it is not there any more."""
    try:
        return await daemon.job(job_id)
    except CtlError as error:
        if error.exit_code != NO_SUCH_JOB:
            raise
        return None
