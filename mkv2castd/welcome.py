"""What the daemon says once it serves. Apart from report.py, whose tables the daemon has no need to load."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mkv2castd.config import Config
from mkv2castd.model import printable


def welcome(addresses: Sequence[str], config: Config, state_dir: Path) -> str:
    """Where everything is, as the daemon says once it serves."""
    lines = []
    for address in addresses:
        if address.startswith("http"):
            lines += [f"page     {address}/", f"sockets  ws{address.removeprefix('http')}/ws/jobs/"]
            lines += [f"         ws{address.removeprefix('http')}/ws/conversion/JOB_ID/"]
        else:
            lines.append(f"socket   {address}")
    lines += [f"folder   {printable(folder.root)}  ({folder.name})" for folder in config.folder]
    lines.append(f"state    {printable(state_dir)}")
    return "mkv2castd is ready\n" + "".join(f"  {line}\n" for line in lines)
