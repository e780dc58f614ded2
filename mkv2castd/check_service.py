"""Does the service reach the folders? Asked by root, who reaches them all, for the unit that is installed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from mkv2castd.config import Config, FolderConfig
from mkv2castd.drop_in import covers
from mkv2castd.finding import Finding, ok, problem
from mkv2castd.folder_access import grant, is_denied
from mkv2castd.model import printable


def service_findings(
    config: Config, opened: Sequence[Path], denied: Callable[[Path], bool] = is_denied
) -> list[Finding]:
    """opened: the folders that systemd lets the service write to. denied: does its user lack the permission?"""
    found = []
    for folder in config.folder:
        places = [place.resolve() for place in _written(folder) if os.path.isdir(place)]
        closed = [place for place in places if not covers(opened, place)]
        found += [
            problem(
                f"folder {folder.name}: the service is confined, and {printable(place)} is not open to it",
                f"mkv2castd folder-access {shlex.quote(printable(place))}",
            )
            for place in closed
        ]
        found += [
            problem(f"folder {folder.name}: the service's user may not write to {printable(place)}", grant(place))
            for place in places
            if place not in closed and denied(place)
        ]
        if places and not closed:
            found.append(ok(f"folder {folder.name}: open to the service"))
    return found


def _written(folder: FolderConfig) -> tuple[Path, ...]:
    return (folder.root,) if folder.output_root is None else (folder.root, folder.output_root)
