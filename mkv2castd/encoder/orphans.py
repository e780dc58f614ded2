"""Finds and kills what a daemon that was killed has left running, by the marker in its children's environment."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

MARKER = "MKV2CASTD_STATE"
_ROUNDS = 5
_DEATH_SECONDS = 2.0


def marked(state_dir: Path) -> dict[str, str]:
    """The environment that every child of the daemon with this state folder carries."""
    return {MARKER: os.path.realpath(state_dir)}


def kill_orphans(state_dir: Path) -> int:
    """Kills (SIGKILL) every process of this user that carries our marker, and returns how many there were.

    Call it only while holding the lock on `state_dir`, before the first child is started. Never touches this
    process, its ancestors or its descendants. Blocks until they are dead, at most two seconds a round.
    """
    killed = 0
    for _ in range(_ROUNDS):  # one that was forking while we looked shows up in the next round
        found = _kill_round(
            {_entry(str(state_dir)), _entry(os.path.abspath(state_dir)), _entry(marked(state_dir)[MARKER])}
        )
        killed += found
        if not found:
            break
    return killed


def _entry(value: str) -> bytes:
    return os.fsencode(f"{MARKER}={value}")


def _kill_round(entries: set[bytes]) -> int:
    parents = _parents()
    ours = {os.getpid(), *_ancestors(os.getpid(), parents)}
    dying = []
    try:
        for pid in parents:
            if pid in ours or os.getpid() in _ancestors(pid, parents):
                continue
            handle = _kill_if_marked(pid, entries)
            if handle is not None:
                dying.append(handle)
        _await_death(dying)
    finally:
        for handle in dying:
            os.close(handle)
    return len(dying)


def _kill_if_marked(pid: int, entries: set[bytes]) -> int | None:
    """A pidfd is held while looking, so that a number that was given anew meanwhile is not hit."""
    folder = Path("/proc") / str(pid)
    handle = None
    with suppress(OSError):
        if folder.stat().st_uid != os.geteuid():
            return None
        handle = os.pidfd_open(pid)
        if entries.intersection((folder / "environ").read_bytes().split(b"\0")):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            return handle
    if handle is not None:
        os.close(handle)
    return None


def _await_death(handles: list[int]) -> None:
    poller = select.poll()
    for handle in handles:
        poller.register(handle, select.POLLIN)
    waiting = len(handles)
    end = time.monotonic() + _DEATH_SECONDS
    while waiting and (left := end - time.monotonic()) > 0:
        for handle, _ in poller.poll(left * 1000):
            poller.unregister(handle)
            waiting -= 1


def _parents() -> dict[int, int]:
    """Process id → parent's id, for all processes that can be seen."""
    parents = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                stat = Path(entry.path, "stat").read_bytes()
                # the command's name stands in brackets and may itself hold spaces and brackets
                parents[int(entry.name)] = int(stat.rpartition(b")")[2].split()[1])
    return parents


def _ancestors(pid: int, parents: dict[int, int]) -> set[int]:
    seen: set[int] = set()
    while (pid := parents.get(pid, 0)) > 0 and pid not in seen:
        seen.add(pid)
    return seen
