"""How long a watcher waits for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `root`: how often the root is checked. `offline`: how often a folder that is away is looked for.
    `hang`: how long one file-system call may take. `heal`: how often a watch that is not whole is made anew.
    `quiet`: how long after a crowd of events, or a folder's end, the tree is compared. `limit`: how many changes
    are kept before they are given up for a comparison."""

    root: float = 30
    offline: float = 5
    hang: float = 30
    heal: float = 300
    quiet: float = 1
    limit: int = 20_000
