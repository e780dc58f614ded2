"""What the report says of the machine, and what it must not say."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Iterable
from pathlib import Path

from mkv2castd import __version__
from mkv2castd.device import Gpu
from mkv2castd.encoder.machine import Machine
from mkv2castd.encoder.process import capture
from tests.gpu.telling import Host, Secrets


async def host() -> Host:
    """Raises ConfigError where ffmpeg is not installed, DeviceError where it does not answer."""
    told = (await capture(("ffmpeg", "-version"), timeout=20)).stdout.decode("utf-8", "replace").split()
    return Host(
        version=__version__,
        system=_system(),
        kernel=f"{os.uname().release} {os.uname().machine}",
        ffmpeg=told[2] if len(told) > 2 else "unknown",
        processor=f"{os.cpu_count()} × {_processor()}",
    )


def numbers(machine: Machine) -> dict[str, str]:
    """By a device's address, its numbers on the PCI bus, as "8086:56a5"."""
    known = [chip for chip in machine.chips if chip.vendor_id is not None and chip.device_id is not None]
    return {chip.address: f"{chip.vendor_id:04x}:{chip.device_id:04x}" for chip in known if chip.address is not None}


def secrets(folder: Path, gpus: Iterable[Gpu]) -> Secrets:
    """folder: where the films are. Nodes that lie elsewhere than in /dev have been named by the owner."""
    texts = {f"{folder}/": "", str(folder): "…", str(Path.home()): "~"}
    for gpu in gpus:
        if gpu.node is not None and not gpu.node.is_relative_to("/dev"):
            texts |= {f"{gpu.node.parent}/": "…/", gpu.id: f"node-{gpu.node.name}"}
    # root and / are on every machine
    user = Path.home().name
    return Secrets(
        {secret: instead for secret, instead in texts.items() if secret not in ("/", "//", "/root")},
        [word for word in (socket.gethostname(), user) if word not in ("", "root", "localhost")],
    )


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "an unknown distribution"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model")))
    return next(names, platform.machine())
