"""The commands of mkv2castctl for jobs: list, show, queue, steer."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Sequence

from mkv2castd import ctl_tables as tables
from mkv2castd.api.bus_interface import Variant
from mkv2castd.ctl_client import Daemon
from mkv2castd.ctl_errors import CtlError
from mkv2castd.ctl_output import complain, say, say_json, show
from mkv2castd.ctl_settings import absolute, submission
from mkv2castd.ctl_watch import Wanted, follow, teller

Command = Callable[[Daemon, argparse.Namespace], Awaitable[int]]


async def jobs(daemon: Daemon, options: argparse.Namespace) -> int:
    wanted = {}
    if options.status:
        wanted["status"] = Variant("as", list(dict.fromkeys(options.status)))
    if options.folder is not None:
        wanted["folder"] = Variant("s", options.folder)
    found, total = await daemon.jobs(wanted, options.limit)
    if options.json:
        say_json(found)
        return 0
    show(tables.jobs(found))
    if total > len(found):
        complain(f"{len(found)} of {total} jobs: `--limit {total}` shows all")
    elif not total:
        complain("there are no such jobs" if wanted else "there are no jobs: add one with `mkv2castctl add FILE`")
    return 0


async def show_job(daemon: Daemon, options: argparse.Namespace) -> int:
    found = await daemon.job(await daemon.job_id(options.job))
    if options.json:
        say_json(found)
        return 0
    show(tables.job(found))
    if isinstance(found.attempts, list) and found.attempts:
        say("")
        show(tables.attempts(found.attempts))
    return 0


async def add(daemon: Daemon, options: argparse.Namespace) -> int:
    """Prints the job's id of each film that is taken; what is not is complained of, and costs the others nothing."""
    asked = submission(options)
    ids: list[str] = []

    async def submit(file: str) -> None:
        (job_id,) = await daemon.ask("Submit", "sa{sv}", absolute(file), asked)
        ids.append(job_id)
        say(job_id, at_once=True)

    if not options.wait:
        return await _each(options.files, submit)
    with teller(False, to_stderr=True) as told:
        async with daemon.listening() as feed:
            code = await _each(options.files, submit)
            return max(code, await follow(daemon, feed, Wanted(frozenset(ids), fresh=True), told)) if ids else code


def each_job(member: str) -> Command:
    """One method of the Manager for all jobs that are named."""

    async def command(daemon: Daemon, options: argparse.Namespace) -> int:
        async def one(text: str) -> None:
            await daemon.ask(member, "s", await daemon.job_id(text))

        return await _each(options.jobs, one)

    return command


def held(one: str, everything: str) -> Command:
    """The same, or with --all another method for the whole queue."""

    async def command(daemon: Daemon, options: argparse.Namespace) -> int:
        if options.all:
            await daemon.ask(everything)
            return 0
        return await each_job(one)(daemon, options)

    return command


async def priority(daemon: Daemon, options: argparse.Namespace) -> int:
    await daemon.ask("SetPriority", "si", await daemon.job_id(options.job), options.priority)
    return 0


async def _each(names: Sequence[str], perform: Callable[[str], Awaitable[None]]) -> int:
    """A fault with one costs the others nothing; the highest exit code."""
    code = 0
    for name in names:
        try:
            await perform(name)
        except CtlError as error:
            complain(error.message)
            code = max(code, error.exit_code)
    return code
