"""Why nothing can be tried on a device that was found, and what helps: one row a cause, the first one is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from mkv2castd.encoder.machine import Card, Chip, Node


@dataclass(frozen=True, slots=True)
class Case:
    """A chip, and what else decides whether this user can use it. card, control: NVIDIA's."""

    chip: Chip
    user: str
    card: Card | None = None
    control: Node | None = None


# Drivers that keep a device for a virtual machine (Documentation/driver-api/vfio.rst, xen-pciback).
_KEPT_FOR_GUESTS = frozenset({"vfio-pci", "pci-stub", "xen-pciback", "pciback"})

# What only brings a picture to a screen, by PCI vendor and device (None: all that this vendor makes), from the tables
# of the kernel's drivers in drivers/gpu/drm: consoles of servers, and the screens of virtual machines.
_SCREENS_ONLY = (
    (0x1A03, None, "ASPEED's console chip for servers"),
    (0x102B, None, "Matrox's console chip for servers"),
    (0x19E5, None, "HiSilicon's console chip for servers"),
    (0x126F, None, "Silicon Motion's display chip"),
    (0x18CA, None, "XGI's console chip for servers"),
    (0x1002, 0x515E, "ATI's console chip for servers (ES1000)"),
    (0x1002, 0x5969, "ATI's console chip for servers (ES1000)"),
    (0x1013, None, "Cirrus Logic's display, as QEMU mimics it"),
    (0x1234, None, "QEMU's display"),
    (0x1B36, None, "QEMU's display (QXL)"),
    (0x15AD, None, "VMware's display"),
    (0x80EE, None, "VirtualBox's display"),
    (0x1414, None, "Hyper-V's display"),
)

# Drivers of chips on boards that draw but leave video to a device of its own, which is found by itself.
_DRAWS_ONLY = frozenset(
    {
        *("v3d", "vc4-drm", "vc4_v3d", "panfrost", "panthor", "lima", "etnaviv", "adreno", "msm", "msm_dpu"),
        *("powervr", "pvrsrvkm", "asahi", "tegra", "vgem", "vkms"),
    }
)

# How a chip without a driver gets one, by its vendor. Names of packages are Debian's.
_LOADED_BY = MappingProxyType(
    {
        0x8086: "`modprobe i915` as root, or `modprobe xe` for a new one (firmware: package firmware-misc-nonfree)",
        0x1002: "`modprobe amdgpu` as root (firmware: package firmware-amd-graphics)",
        0x10DE: "install NVIDIA's driver (package nvidia-driver) and restart the machine",
        None: "load the one that the kernel has for it, if there is any; `lspci -k` names it",
    }
)


def problem(case: Case) -> str | None:
    """One sentence with its remedy, or None: only a trial can tell more."""
    return next((told for cause in _CAUSES if (told := cause(case)) is not None), None)


def node_problem(node: Node | None, user: str) -> str | None:
    """Why this user cannot open a node, in one sentence with its remedy."""
    if node is None or node.usable:
        return None
    if not node.there:
        return (
            f"{node.path} is not there: where this is a container, give it the device (`--device {node.path}`), else "
            "`udevadm trigger` as root makes it"
        )
    if node.group is None:
        return f"{node.path} is closed to {user}: let this user read and write it"
    if node.group.isdecimal():
        return (
            f"{node.path} belongs to group {node.group}, which has no name here: start the container with "
            f"`--group-add {node.group}`, or let {user} read and write it"
        )
    return (
        f"{node.path} is open to the group {node.group} only: `usermod -aG {node.group} {user}` as root, then start "
        "mkv2castd anew (who runs it by hand logs in anew first)"
    )


def _kept(case: Case) -> str | None:
    if case.chip.driver not in _KEPT_FOR_GUESTS:
        return None
    return (
        f"it is kept for virtual machines by {case.chip.driver}: if it is to encode here, take it from that driver's "
        "ids in /etc/modprobe.d and restart the machine"
    )


def _screen_only(case: Case) -> str | None:
    for vendor, device, what in _SCREENS_ONLY:
        if case.chip.vendor_id == vendor and device in (None, case.chip.device_id):
            return f"{what} has no video encoder: there is nothing to mend"
    return None


def _draws_only(case: Case) -> str | None:
    if not {case.chip.driver, case.chip.name} & _DRAWS_ONLY:
        return None
    return "it draws, but has no video encoder: there is nothing to mend"


def _no_driver(case: Case) -> str | None:
    if case.chip.driver is not None or case.chip.render is not None:
        return None
    return f"no driver is loaded for it: {_LOADED_BY.get(case.chip.vendor_id, _LOADED_BY[None])}"


def _nouveau(case: Case) -> str | None:
    if case.chip.driver != "nouveau":
        return None
    return f"nouveau cannot encode: {_LOADED_BY[0x10DE]}"


def _nvidia(case: Case) -> str | None:
    """Render nodes are nothing to CUDA: it opens nodes of its own."""
    if case.chip.driver != "nvidia":
        return None
    if case.card is None:
        return (
            "NVIDIA's driver does not show it here: where this is a container, give it the card (`--gpus all`), else "
            "`dmesg` tells what the driver met"
        )
    if case.card.excluded:
        return (
            "NVIDIA's driver was told to leave it alone: take it from NVreg_ExcludedGpus in /etc/modprobe.d and "
            "restart the machine"
        )
    nodes = [node for node in (case.card.node, case.control) if node is not None]
    missing = next((node for node in nodes if not node.there), None)
    if missing is not None:
        number = case.card.node.path.name.removeprefix("nvidia") if case.card.node is not None else "0"
        return (
            f"NVIDIA's driver is loaded, but {missing.path} is not there: `nvidia-modprobe -u -c={number}` as root "
            "makes it; where this is a container, give it the card (`--gpus all`)"
        )
    return next((told for node in nodes if (told := node_problem(node, case.user)) is not None), None)


def _render_node(case: Case) -> str | None:
    if case.chip.driver == "nvidia":
        return None
    if case.chip.render is None:
        return (
            f"its driver {case.chip.driver} has made no render node: take `nomodeset` from the kernel's command "
            "line, if it is there, else only a newer kernel can help"
        )
    return node_problem(case.chip.render, case.user)


_CAUSES: tuple[Callable[[Case], str | None], ...] = (
    _kept,
    _screen_only,
    _draws_only,
    _no_driver,
    _nouveau,
    _nvidia,
    _render_node,
)
