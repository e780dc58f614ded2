"""Tells when graphics hardware or its drivers come and go, as udev or the kernel says it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from mkv2castd.threads import in_thread_within

_log = logging.getLogger(__name__)
# Render nodes, V4L2's encoders, drivers bound to cards, and drivers loaded (NVIDIA's has no subsystem of its own).
_SUBSYSTEMS = ("drm", "video4linux", "pci", "module")
# udev's own word comes once it has given a node its owner and group, and only what was asked for wakes us; without
# it, as in containers, the kernel's has to do (systemd, src/libsystemd/sd-device/device-monitor.c).
_UDEV = Path("/run/udev/control")
_OPENING_SECONDS = 20.0


class Monitor(Protocol):
    """What is used of pyudev.Monitor."""

    def fileno(self) -> int: ...

    def poll(self, timeout: float) -> object | None: ...


@asynccontextmanager
async def listening(changed: Callable[[], None]) -> AsyncIterator[None]:
    """Calls `changed` whenever something has happened. Where nobody tells, that is logged, and all else goes on."""
    loop = asyncio.get_running_loop()
    try:
        monitor = await in_thread_within(_OPENING_SECONDS, open_monitor)
    except (ImportError, OSError) as error:  # TimeoutError is an OSError
        _log.warning("GPUs that come and go are noticed within a minute only: udev cannot be listened to: %s", error)
        yield
        return
    descriptor = monitor.fileno()

    def ring() -> None:
        try:
            while monitor.poll(0) is not None:
                changed()
        except OSError as error:
            _log.warning("GPUs that come and go are noticed within a minute only from now on: %s", error)
            loop.remove_reader(descriptor)

    loop.add_reader(descriptor, ring)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)


def open_monitor() -> Monitor:
    """Blocking, some hundredths of a second. Raises ImportError without libudev, OSError where it may not listen."""
    import pyudev  # half a megabyte that only a daemon needs

    monitor = pyudev.Monitor.from_netlink(pyudev.Context(), source="udev" if _UDEV.exists() else "kernel")
    for subsystem in _SUBSYSTEMS:
        monitor.filter_by(subsystem)
    monitor.start()
    opened: Monitor = monitor
    return opened
