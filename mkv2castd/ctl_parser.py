"""The words that mkv2castctl understands, each with its help. Nothing is done here, and no bus is known."""

from __future__ import annotations

import argparse
from typing import TypeAlias

from mkv2castd import __version__
from mkv2castd.model import Container, JobStatus

_DESCRIPTION = "Talks to a running mkv2castd over D-Bus."
_EPILOG = (
    "A job is named by its id, or by any unique beginning of it. Exit codes: 0 done; 1 the work failed; 2 usage or "
    "configuration error; 3 daemon or bus not reachable; 4 no such job, folder or device; 5 not allowed; "
    "130 interrupted."
)

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    """`command` of what it reads is a key of ctl.COMMANDS."""
    made = argparse.ArgumentParser(prog="mkv2castctl", description=_DESCRIPTION, epilog=_EPILOG)
    made.add_argument("--version", action="version", version=f"mkv2castctl {__version__}")
    made.add_argument(
        "--bus",
        choices=["system", "session"],
        help="where the daemon is (default: on the system bus, else on the session bus)",
    )
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    _json_option(_add(commands, "status", "how the daemon and its queue stand"))
    _looking(commands)
    _adding(commands)
    _changing(commands)
    _watching(commands)
    _devices(commands)
    _folders(commands)
    _json_option(_add(commands, "profiles", "the devices that films can be made for"))
    analyze = _add(commands, "analyze", "what would be done to a film, and why; nothing is done")
    _wishes(analyze)
    _json_option(analyze)
    analyze.add_argument("file", metavar="FILE", help="the film")
    _add(commands, "reload", "let the daemon read its configuration anew")
    return made


def _looking(commands: _Commands) -> None:
    jobs = _add(commands, "jobs", "list jobs, newest first")
    jobs.add_argument(
        "--status",
        action="append",
        choices=[status.value for status in JobStatus],
        help="only those in this state; may be given several times",
    )
    jobs.add_argument("--folder", metavar="F", help="only those of the watched folder of this name")
    jobs.add_argument("--limit", type=_count, default=50, metavar="N", help="at most so many (default: 50)")
    _json_option(jobs)

    show = _add(commands, "show", "all about a job, its attempts included")
    _json_option(show)
    _job(show)

    _job(_add(commands, "log", "print what ffmpeg said in all attempts at a job"))


def _adding(commands: _Commands) -> None:
    add = _add(commands, "add", "queue films; prints the ids of their jobs")
    _wishes(add)
    add.add_argument("--priority", type=_priority, metavar="N", help="-100 to 100, higher first")
    add.add_argument("--device", metavar="ID", help="encode on this device: cpu, or an id that `devices` shows")
    add.add_argument(
        "--wait",
        action="store_true",
        help="follow the jobs to their end: 0 if all are completed, else 1; the jobs go on if this is interrupted",
    )
    add.add_argument(
        *("files",), nargs="+", metavar="FILE", help="in a watched folder, or readable by you; may be relative"
    )


def _changing(commands: _Commands) -> None:
    for name, purpose in (
        ("cancel", "end jobs; an encode under way is gone when this returns"),
        ("retry", "queue failed or cancelled jobs again"),
        ("remove", "forget finished jobs and their logs"),
    ):
        _add(commands, name, purpose).add_argument(
            "jobs", nargs="+", metavar="ID", help="a job's id, or how it begins"
        )
    for name, purpose, everything in (
        ("pause", "hold jobs where they are", "hold the whole queue, also after a restart"),
        ("resume", "let paused jobs go on", "let the queue go on; jobs that were paused one by one stay so"),
    ):
        which = _add(commands, name, purpose).add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help=everything)
        which.add_argument("jobs", nargs="*", default=(), metavar="ID", help="a job's id, or how it begins")
    priority = _add(commands, "priority", "let a job go before or after others")
    _job(priority)
    priority.add_argument("priority", type=_priority, metavar="N", help="-100 to 100, higher first")


def _watching(commands: _Commands) -> None:
    watch = _add(commands, "watch", "follow jobs as they go: bars on a terminal, else a line for each change")
    watch.add_argument("--json", action="store_true", help="JSON for programs, one message a line")
    watch.add_argument(
        "jobs", nargs="*", metavar="ID", help="follow these to their end (default: all, until interrupted)"
    )


def _devices(commands: _Commands) -> None:
    _json_option(_add(commands, "devices", "what encodes here, and how it is"))
    device = _add(commands, "device", "switch a GPU on or off").add_subparsers(required=True, metavar="COMMAND")
    for name, purpose in (
        ("enable", "give the GPU work again, whatever the configuration says; also after a restart"),
        ("disable", "give the GPU no new work; also after a restart"),
    ):
        _add(device, name, purpose, "device ").add_argument(
            "device", metavar="ID", help="a GPU's id, as `devices` shows it"
        )


def _folders(commands: _Commands) -> None:
    _json_option(_add(commands, "folders", "the watched folders, and how they are"))
    folder = _add(commands, "folder", "watch a folder, or no longer").add_subparsers(required=True, metavar="COMMAND")
    add = _add(folder, "add", "watch a folder from now on, also after a restart", "folder ")
    add.add_argument("path", metavar="PATH", help="the folder")
    add.add_argument(
        *("settings",),
        nargs="*",
        metavar="KEY=VALUE",
        help="a key of [[folder]] in the configuration, as profile=chromecast,nest-hub or recursive=false",
    )
    for name, purpose in (
        ("remove", "watch it no longer; its films and jobs are left alone"),
        ("scan", "compare the folder now with what is known of it"),
    ):
        _add(folder, name, purpose, "folder ").add_argument(
            "name", metavar="NAME", help="its name, as `folders` shows it"
        )


def _add(commands: _Commands, name: str, purpose: str, before: str = "") -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=purpose, description=purpose[:1].upper() + purpose[1:] + ".")
    made.set_defaults(command=before + name)
    # understood behind the command too
    made.add_argument("--bus", choices=["system", "session"], default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return made


def _json_option(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help="JSON for programs")


def _job(made: argparse.ArgumentParser) -> None:
    made.add_argument("job", metavar="ID", help="a job's id, or how it begins")


def _wishes(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        *("--profile", "-p"),
        action="append",
        metavar="P",
        help="a device it has to play on, as `profiles` shows them; may be given several times "
        "(default: what its folder says)",
    )
    made.add_argument("--container", choices=[kind.value for kind in Container], help="default: what its folder says")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _priority(text: str) -> int:
    number = int(text)
    if not -100 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not within -100 … 100")
    return number
