"""mkv2castctl: talks to a running mkv2castd over D-Bus. Exit codes: 0 done, 1 the work failed, 2 usage or
configuration error, 3 daemon or bus not reachable, 4 no such job, folder or device, 5 not allowed, 130 interrupted.

Results go to stdout, messages to stderr; a traceback is never shown.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mkv2castd import ctl_commands as commands
from mkv2castd import ctl_jobs as jobs
from mkv2castd.ctl_client import reached
from mkv2castd.ctl_errors import INTERRUPTED, USAGE, CtlError
from mkv2castd.ctl_output import complain
from mkv2castd.ctl_parser import parser
from mkv2castd.ctl_watch import watch

COMMANDS: Mapping[str, jobs.Command] = MappingProxyType(
    {
        "status": commands.status,
        "jobs": jobs.jobs,
        "show": jobs.show_job,
        "add": jobs.add,
        "cancel": jobs.each_job("Cancel"),
        "pause": jobs.held("Pause", "PauseQueue"),
        "resume": jobs.held("Resume", "ResumeQueue"),
        "retry": jobs.each_job("Retry"),
        "remove": jobs.each_job("Remove"),
        "priority": jobs.priority,
        "log": commands.log,
        "watch": watch,
        "devices": commands.devices,
        "device enable": commands.enable,
        "device disable": commands.disable,
        "folders": commands.folders,
        "folder add": commands.add_folder,
        "folder remove": commands.remove_folder,
        "folder scan": commands.scan_folder,
        "profiles": commands.profiles,
        "analyze": commands.analyze,
        "reload": commands.reload,
    }
)


def command(argv: Sequence[str]) -> int:
    """Runs one command line; the exit code."""
    logging.getLogger().addHandler(logging.NullHandler())  # what goes wrong is told by the commands
    try:
        options = parser().parse_args(argv)
    except SystemExit as ended:  # the help was asked for, or the words are off: argparse has said which
        return ended.code if isinstance(ended.code, int) else USAGE
    try:
        code = asyncio.run(_perform(options))
        sys.stdout.flush()
        return code
    except CtlError as error:
        complain(error.message)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # who reads our output has had enough; nothing of it may reach a closed pipe at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


async def _perform(options: argparse.Namespace) -> int:
    async with reached(options.bus) as daemon:
        return await COMMANDS[options.command](daemon, options)


def main() -> int:
    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
