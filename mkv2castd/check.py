"""What `mkv2castd check` looks at: ffmpeg, folders, room, watching, the port, D-Bus; each finding with its remedy."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from mkv2castd.api.listen import bind
from mkv2castd.check_bus import bus_findings
from mkv2castd.check_ffmpeg import ffmpeg_findings
from mkv2castd.check_ffmpeg import require_ffmpeg as require_ffmpeg
from mkv2castd.check_places import folder_findings, inotify_findings, state_findings
from mkv2castd.check_service import service_findings
from mkv2castd.config import Config
from mkv2castd.errors import ConfigError
from mkv2castd.finding import Finding as Finding
from mkv2castd.finding import Level as Level
from mkv2castd.finding import ok, problem, warning
from mkv2castd.model import Container

LOCK_FILE = "lock"


async def findings(config: Config, state_dir: Path, opened: Sequence[Path] | None = None) -> list[Finding]:
    """Everything that was looked at, in the order in which a person would mend it. Takes a few seconds at most,
    changes nothing and raises nothing. opened: the folders that are open to the service, where it is the service that
    will work with this configuration."""
    containers = {folder.container for folder in config.folder} or {Container.MKV}
    ffmpeg, folders, state, inotify, port, bus, service = await asyncio.gather(
        ffmpeg_findings(containers),
        asyncio.to_thread(folder_findings, config),
        asyncio.to_thread(state_findings, state_dir),
        asyncio.to_thread(inotify_findings, config.folder),
        asyncio.to_thread(_port_findings, config, state_dir),
        bus_findings(config.dbus.bus),
        asyncio.to_thread(lambda: service_findings(config, opened) if opened is not None else []),
    )
    return [*ffmpeg, *_setpriv_findings(), *folders, *service, *state, *inotify, *port, *bus]


def _setpriv_findings() -> list[Finding]:
    if shutil.which("setpriv") is None:
        return [
            warning(
                "setpriv is not installed: an ffmpeg can outlive a daemon that is killed, until its next start",
                "install it: apt-get install util-linux",
            )
        ]
    return []


def _port_findings(config: Config, state_dir: Path) -> list[Finding]:
    running = daemon_runs(state_dir)
    found = [ok("a daemon is running on this state folder")] if running else []
    for address in config.http.listen:
        try:
            bound = bind([address])
        except ConfigError as error:
            if running:
                continue
            found.append(problem(error.message, "choose another address with --listen or http.listen"))
        else:
            for one in bound:
                one.close()
            found.append(ok(f"{address} is free to listen on"))
    return found


def daemon_runs(state_dir: Path) -> bool:
    """Does a daemon hold this state folder?"""
    try:
        descriptor = os.open(state_dir / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
