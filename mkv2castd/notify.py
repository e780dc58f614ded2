"""What systemd is told through its notification socket, sd_notify(3): datagrams of a few lines.

Whoever started us without such a socket is told nothing. A service manager that does not listen costs a line in the
log, never the work.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import MutableMapping
from dataclasses import dataclass

_log = logging.getLogger(__name__)
_SEND_SECONDS = 1.0


class Notifier:
    """address: a path, "@name" for an abstract socket, None: nobody is to be told."""

    def __init__(self, address: str | None) -> None:
        self._address = f"\0{address[1:]}" if address is not None and address.startswith("@") else address

    @property
    def heard(self) -> bool:
        """Is there anybody to tell?"""
        return self._address is not None

    def ready(self) -> None:
        """The start, or a reload, is over."""
        self._send("READY=1")

    def reloading(self) -> None:
        """To be followed by `ready`, whatever becomes of it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for people, as `systemctl status` shows it."""
        self._send(f"STATUS={' '.join(text.split())}")

    def alive(self) -> None:
        """Feeds the watchdog."""
        self._send("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """The start goes on, and will have said more in so many seconds."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.settimeout(_SEND_SECONDS)
                sock.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            _log.warning("the service manager cannot be told %s: %s", lines[0], error.strerror or error)


@dataclass(frozen=True, slots=True)
class Supervision:
    """watchdog_seconds: within which it wants to hear of us again; None: it does not watch."""

    notifier: Notifier
    watchdog_seconds: float | None = None


def supervision(environment: MutableMapping[str, str], pid: int) -> Supervision:
    """What the service manager has left in the environment, for this process; taken out of it, since no child of
    ours has anything to tell it."""
    address = environment.pop("NOTIFY_SOCKET", "")
    microseconds, meant = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", str(pid))
    watched = microseconds.isascii() and microseconds.isdigit() and int(microseconds) > 0 and meant == str(pid)
    return Supervision(Notifier(address or None), int(microseconds) / 1_000_000 if watched else None)
