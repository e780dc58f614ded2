"""The commands of mkv2castctl that ask and change; each prints its result and returns the exit code."""

from __future__ import annotations

import argparse
import sys

from mkv2castd import ctl_tables as tables
from mkv2castd.api.bus_interface import Variant
from mkv2castd.api.device_views import ProfileView
from mkv2castd.api.wire import AnalysisView
from mkv2castd.ctl_client import MANAGER, NAME, Daemon
from mkv2castd.ctl_errors import FAILED, USAGE, CtlError
from mkv2castd.ctl_output import complain, say, say_json, show
from mkv2castd.ctl_reading import view
from mkv2castd.ctl_settings import absolute, settings, wishes
from mkv2castd.ctl_text import safe
from mkv2castd.ctl_views import device_view, folder_view, status_view
from mkv2castd.model import JobStatus

_MOST_RUNNING = 100  # jobs that `status` shows


async def status(daemon: Daemon, options: argparse.Namespace) -> int:
    found = status_view(daemon.which, await daemon.properties(interface=MANAGER))
    if options.json:
        say_json(found)
        return 0
    show(tables.status(found))
    running, _ = await daemon.jobs({"status": Variant("as", [JobStatus.PROCESSING.value])}, _MOST_RUNNING)
    if running:
        say("")
        show(tables.jobs(running))
    return 0


async def devices(daemon: Daemon, options: argparse.Namespace) -> int:
    found = [device_view(values) for values in await daemon.objects("Device")]
    if options.json:
        say_json(found)
    else:
        show(tables.devices(found))
    return 0


async def enable(daemon: Daemon, options: argparse.Namespace) -> int:
    await daemon.ask("EnableDevice", "s", options.device)
    return 0


async def disable(daemon: Daemon, options: argparse.Namespace) -> int:
    await daemon.ask("DisableDevice", "s", options.device)
    return 0


async def folders(daemon: Daemon, options: argparse.Namespace) -> int:
    found = [folder_view(values) for values in await daemon.objects("Folder")]
    if options.json:
        say_json(found)
    elif found:
        show(tables.folders(found))
    else:
        complain("no folder is watched: add one with `mkv2castctl folder add PATH`")
    return 0


async def add_folder(daemon: Daemon, options: argparse.Namespace) -> int:
    """Prints the name that the folder has from now on."""
    (path,) = await daemon.ask("AddFolder", "sa{sv}", absolute(options.path), settings(options.settings))
    told = await daemon.properties(path, f"{NAME}.Folder")
    say(safe(told["Name"]))
    return 0


async def remove_folder(daemon: Daemon, options: argparse.Namespace) -> int:
    await daemon.ask("RemoveFolder", "s", options.name)
    return 0


async def scan_folder(daemon: Daemon, options: argparse.Namespace) -> int:
    await daemon.ask("ScanFolder", "s", options.name)
    return 0


async def profiles(daemon: Daemon, options: argparse.Namespace) -> int:
    (told,) = await daemon.ask("ListProfiles")
    found = [view(values, ProfileView) for values in told]
    if options.json:
        say_json(found)
    else:
        show(tables.profiles(found))
    return 0


async def analyze(daemon: Daemon, options: argparse.Namespace) -> int:
    path = absolute(options.file)
    (told,) = await daemon.ask("Analyze", "sa{sv}", path, wishes(options))
    found = view(told, AnalysisView)
    if options.json:
        say_json(found)
        return 0
    title, streams, verdicts = tables.analysis(path, found)
    say(title)
    show(streams)
    show(verdicts)
    return 0


async def reload(daemon: Daemon, options: argparse.Namespace) -> int:
    """What is wrong with a configuration has no name of its own on D-Bus."""
    try:
        await daemon.ask("Reload")
    except CtlError as error:
        if error.exit_code == FAILED:
            raise CtlError(f"{error.message}\nThe old configuration stays in force.", USAGE) from error
        raise
    return 0


async def log(daemon: Daemon, options: argparse.Namespace) -> int:
    (text,) = await daemon.ask("GetLog", "s", await daemon.job_id(options.job))
    said = safe(text, lines=True) if sys.stdout.isatty() else text
    sys.stdout.write(said if not said or said.endswith("\n") else f"{said}\n")
    return 0
