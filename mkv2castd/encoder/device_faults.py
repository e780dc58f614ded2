"""What ffmpeg's stderr says about a device that did not do what it was asked: one table, read from top to bottom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mkv2castd.device import Backend, Gpu, Vendor


class Cause(StrEnum):
    """UNSUPPORTED: device, driver or ffmpeg cannot do this, and never will as they are. BUSY: not now. LOST: it
    failed, or went away, while it was at work. UNREACHABLE: nothing at all can be done on the device in this way
    until somebody acts."""

    UNSUPPORTED = "unsupported"
    BUSY = "busy"
    LOST = "lost"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Fault:
    """problem: for people, with the remedy where there is one."""

    cause: Cause
    problem: str


@dataclass(frozen=True, slots=True)
class _Row:
    """problem may name {driver}: what to install, and {node}."""

    pattern: re.Pattern[str]
    cause: Cause
    problem: str


def _row(cause: Cause, problem: str, *patterns: str) -> _Row:
    return _Row(re.compile("|".join(patterns)), cause, problem)


# The part of the driver that lies outside the kernel, by its Debian package: (backend, vendor), and for all vendors.
_DRIVERS: Mapping[tuple[Backend, Vendor | None], str] = MappingProxyType(
    {
        (
            Backend.VAAPI,
            Vendor.INTEL,
        ): "apt-get install intel-media-va-driver-non-free (or "
        "intel-media-va-driver, which encodes less; i965-va-driver for chips before 2015)",
        (Backend.VAAPI, None): "apt-get install mesa-va-drivers",
        (Backend.QSV, None): "apt-get install libmfx-gen1.2 (libmfx1 for chips before 2020)",
        (Backend.NVENC, None): "apt-get install libnvidia-encode1",
        (Backend.VULKAN, Vendor.NVIDIA): "apt-get install nvidia-vulkan-icd",
        (Backend.VULKAN, None): "apt-get install mesa-vulkan-drivers",
        (Backend.AMF, None): "install AMD's own, which Debian does not have",
    }
)

UNSUPPORTED = "the device does not do this"
# Messages as ffmpeg 5.1 and 7.1 print them (libavutil/hwcontext_*.c; libavcodec/vaapi_*.c, nvenc.c, qsv*.c, amfenc.c,
# v4l2_m2m.c), some with -v verbose only. NVENC ends with "No capable devices found" after whatever has gone wrong:
# its row is behind all that may stand before it.
TABLE: tuple[_Row, ...] = (
    _row(
        Cause.UNREACHABLE,
        "its driver outside the kernel is missing: {driver}",
        "va_openDriver\\(\\) returns -1",
        "Failed to initialise VAAPI connection: -1 ",
        "Cannot load lib(cuda|nvidia-encode|nvcuvid)",
        "Could not dynamically load CUDA",
        "Error creating a MFX session: -9",
        "Error initializing an (internal )?MFX session",
        "VK_ERROR_INCOMPATIBLE_DRIVER",
        "libamfrt64\\S* failed to open",
    ),
    _row(
        Cause.UNREACHABLE,
        "{node} cannot be opened: is it there, and may this user open it? Let the user into its group: "
        "usermod -aG render USER, then log in anew or restart the service",
        "Failed to open \\S+ as DRM device node",
        "CUDA_ERROR_NO_DEVICE",
        "no CUDA-capable device is detected",
    ),
    _row(Cause.UNREACHABLE, "{node} is no render node", "Cannot open a VA display from DRM device"),
    _row(
        Cause.UNREACHABLE,
        "its driver is older than this ffmpeg needs: install a newer one",
        "Driver does not support the required nvenc API version",
        "The minimum required Nvidia driver for nvenc is",
    ),
    _row(
        Cause.BUSY,
        "all encodes that the device takes at once are taken: try again when one has ended",
        "\\(HW busy now\\)",
        "incompatible client key",
    ),
    _row(
        Cause.BUSY,
        "the device has no memory or no further encode to spare: try again when it has less to do",
        "OpenEncodeSessionEx failed: out of memory",
        "CUDA_ERROR_OUT_OF_MEMORY",
        "VK_ERROR_OUT_OF_(DEVICE|HOST)_MEMORY",
        "\\(resource allocation failed\\)",
        "Cannot allocate memory",
    ),
    _row(
        Cause.LOST,
        "the device failed, or went away, while it was at work: see what the kernel's log says of it (dmesg)",
        "Failed to (begin|end) picture",
        "Failed to (sync to picture completion|sync surface|map output buffers|upload (en|de)code parameters)",
        "VK_ERROR_DEVICE_LOST",
        "CUDA_ERROR_(LAUNCH_FAILED|LAUNCH_TIMEOUT|ILLEGAL_ADDRESS|ECC_UNCORRECTABLE|UNKNOWN)",
        "EncodePicture failed!: generic error",
        "(device failed|device lost|GPU Hang) \\(-(13|17|21)\\)",
        "VIDIOC_\\S+ failed: No such device",
    ),
    _row(
        Cause.UNSUPPORTED,
        "this ffmpeg was built without it",
        "Unknown (encoder|decoder) '",
        "Unknown hwaccel",
        "Invalid device specification .*: unknown device type",
    ),
    _row(
        Cause.UNSUPPORTED,
        UNSUPPORTED,
        "No usable encoding (profile|entrypoint) found",
        "No usable render target format found",
        "not supported by driver for encoding",
        "Driver does not support any (RC mode|reference frames|usable)",
        "Hardware does not support",
        "unsupported device",
        "Codec not supported",
        "10 bit encode not supported",
        "Provided device doesn't support required NVENC features",
        "No capable devices found",
        "not supported by the QSV runtime",
        "Could not find a valid device",
        "Failed setup for format",
        "No support for codec \\S+ profile",
        "Failed to create decode configuration",
        "Impossible to convert between the formats",
    ),
    _row(
        Cause.UNREACHABLE,
        "its driver does not open it: see what the kernel's log says of it (dmesg)",
        "Failed to initialise VAAPI connection",
        "Device creation failed",
        "CUDA_ERROR_",
    ),
)


def explain(gpu: Gpu, backend: Backend, stderr: str) -> Fault | None:
    """What went wrong when `gpu` was used through `backend`; None where the table does not know."""
    for row in TABLE:
        if row.pattern.search(stderr):
            driver = _DRIVERS.get((backend, gpu.vendor), _DRIVERS.get((backend, None), "see the device's maker"))
            return Fault(row.cause, row.problem.format(driver=driver, node=gpu.node if gpu.node else "its node"))
    return None
