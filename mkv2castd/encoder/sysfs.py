"""Reads what the kernel shows of graphics hardware, below any root: /sys, /proc/driver/nvidia, and the nodes in /dev.

Only text files are opened, so that no device is woken and none can hang the reading. What is missing, unreadable or
odd is left out; nothing is raised. Blocking, some milliseconds: call it in a thread.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mkv2castd.encoder.kernel_files import (
    device_number,
    follow,
    names_in,
    read_link,
    read_node,
    read_number,
    read_text,
)
from mkv2castd.encoder.machine import Card, Chip, Machine, Node, Video, only
from mkv2castd.encoder.pci_ids import pci_names

_ADDRESS = re.compile(r"[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_RENDER = re.compile(r"renderD\d+")
_DISPLAY_CLASS = 0x03
_NVIDIA, _NVIDIA_ID = "nvidia", 0x10DE
# "Linux version 6.1.0-28-amd64 (debian-kernel@…) (gcc-12 …) #1 SMP … Debian 6.1.119-1 (2024-11-22)"
_KERNEL = re.compile(r"Linux version (\S+) .*?(#\d+ .*)")
# "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  590.48.01  Release Build  (…)"
_NVRM = re.compile(r"NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s")


@dataclass(frozen=True, slots=True)
class _Render:
    """A render node. number: the device's, as in "226:128"; device: the folder in sysfs of what is behind it."""

    named: str
    node: Node
    number: str | None
    device: Path | None = None


def read_machine(root: Path = Path("/"), nodes: Sequence[Path] = (), *, detect: bool = True) -> Machine:
    """What is there below `root`. nodes: further nodes, absolute and as seen from that root; one that is the kernel's
    under another name is not told twice. detect: False leaves out all that is not behind one of them, and asks no
    driver about it."""
    renders = _renders(root, nodes)
    meant = _meant(root, renders, nodes)
    cards = tuple(_cards(root)) if detect or any(_is_nvidias(root, path, renders) for path in meant) else ()
    videos = tuple(_videos(root))
    known = {node.path for node in (*(card.node for card in cards), *(video.node for video in videos)) if node}
    bare = [render for render in renders if render.device is None and render.node.path not in known]
    machine = Machine(
        chips=_chips(root, renders, cards),
        cards=cards,
        control=read_node(root / "dev/nvidiactl"),
        videos=videos,
        bare=tuple((render.named, render.node) for render in bare),
        kernel=_kernel(root),
        user=_user(),
    )
    return machine if detect else only(machine, meant)


def _renders(root: Path, nodes: Sequence[Path]) -> list[_Render]:
    """Those that the kernel shows, then those that are only to be seen in /dev or were named. In a container a node
    may have another name than the kernel has for it, or that of another, or sysfs may show nothing of it."""
    found = [_shown(root, name) for name in names_in(root / "sys/class/drm") if _RENDER.fullmatch(name)]
    seen = [Path("/dev/dri", name) for name in names_in(root / "dev/dri") if _RENDER.fullmatch(name)]
    for new in _named_nodes(root, (*seen, *nodes)):
        known = next((one for one in found if _same(one, new)), None)
        if known is None:
            found.append(new)
        elif not known.node.there:
            found[found.index(known)] = replace(known, node=new.node)
    return found


def _named_nodes(root: Path, nodes: Sequence[Path]) -> list[_Render]:
    read = [(path, read_node(_below(root, path))) for path in nodes]
    return [_Render(str(path), node, device_number(node.path)) for path, node in read]


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to(path.anchor)


def _meant(root: Path, renders: Sequence[_Render], nodes: Sequence[Path]) -> frozenset[Path]:
    """Under which paths the named nodes are told of."""
    named = _named_nodes(root, nodes)
    known = (render.node.path for render in renders if any(_same(render, one) for one in named))
    return frozenset((*known, *(one.node.path for one in named)))


def _is_nvidias(root: Path, path: Path, renders: Sequence[_Render]) -> bool:
    if path.parent == root / "dev" and path.name.startswith(_NVIDIA):
        return True
    devices = [render.device for render in renders if render.node.path == path and render.device is not None]
    return any(read_link(device / "driver") == _NVIDIA for device in devices)


def _shown(root: Path, name: str) -> _Render:
    folder = root / "sys/class/drm" / name
    device = follow(folder / "device")
    if not device.is_dir() and folder.is_symlink():
        # where that link cannot be read, the folder's own place still tells: it is DEVICE/drm/renderD128
        device = follow(folder).parent.parent
    path = Path("/dev/dri", name)
    node, number = read_node(root / path.relative_to("/")), read_text(folder / "dev")
    if not _same(_Render(name, node, number), _Render(name, node, device_number(node.path))):
        node = Node(node.path, there=False, usable=False)
    return _Render(str(path), node, number, device if device.is_dir() else None)


def _same(one: _Render, other: _Render) -> bool:
    """The number decides, where it can be read of both."""
    if one.number is not None and other.number is not None:
        return one.number == other.number
    return one.node.path == other.node.path


def _chips(root: Path, renders: Sequence[_Render], cards: Sequence[Card]) -> tuple[Chip, ...]:
    found: dict[Path, Chip] = {}
    for render in renders:
        if render.device is not None:
            place = _place(render.device)
            found.setdefault(place, _chip(root, place, read_link(render.device / "driver"), render.node))
    pci = root / "sys/bus/pci/devices"
    for name in names_in(pci):
        kind = read_number(pci / name / "class")
        if kind is not None and kind >> 16 == _DISPLAY_CLASS:
            place = follow(pci / name)
            found.setdefault(place, _chip(root, place, read_link(place / "driver")))
    for card in cards:
        # a container may hide the bus from those whom it gives a card
        if all(chip.address != card.address for chip in found.values()):
            version = _version(root, _NVIDIA)
            found[Path(card.address)] = Chip(
                card.address, card.address, _NVIDIA_ID, driver=_NVIDIA, driver_version=version
            )
    return _named(root, sorted(found.values(), key=lambda chip: (chip.address is None, chip.name)))


def _place(device: Path) -> Path:
    """Where the hardware is: a virtio device lies below the one on the PCI bus."""
    return device.parent if read_link(device / "subsystem") == "virtio" else device


def _chip(root: Path, place: Path, driver: str | None, render: Node | None = None) -> Chip:
    address = place.name if _ADDRESS.fullmatch(place.name) else None
    return Chip(
        name=place.name,
        address=address,
        vendor_id=read_number(place / "vendor") if address is not None else None,
        device_id=read_number(place / "device") if address is not None else None,
        driver=driver,
        driver_version=_version(root, driver),
        render=render,
    )


def _named(root: Path, chips: Sequence[Chip]) -> tuple[Chip, ...]:
    names = pci_names(root, {(chip.vendor_id, chip.device_id) for chip in chips if chip.address is not None})
    return tuple(
        replace(chip, vendor=names.get((chip.vendor_id, None)), model=names.get((chip.vendor_id, chip.device_id)))
        for chip in chips
    )


def _cards(root: Path) -> Iterator[Card]:
    """`information` has lines such as "GPU UUID: \\t GPU-eaf23aa1-…" and "Device Minor: \\t 0"."""
    shown = root / "proc/driver/nvidia/gpus"
    for address in filter(_ADDRESS.fullmatch, names_in(shown)):
        information = read_text(shown / address / "information")
        pairs = (line.partition(":") for line in (information or "").splitlines())
        told = {key.strip(): value.strip() for key, _, value in pairs if value.strip()}
        minor = told.get("Device Minor", "")
        yield Card(
            address=address,
            model=told.get("Model"),
            uuid=told.get("GPU UUID"),
            node=read_node(root / f"dev/nvidia{minor}") if minor.isdecimal() else None,
            excluded=told.get("GPU Excluded", told.get("Blacklisted")) == "Yes",
        )


def _videos(root: Path) -> Iterator[Video]:
    shown = root / "sys/class/video4linux"
    for name in names_in(shown):
        function = read_text(shown / name / "name")
        device = follow(shown / name / "device")
        if function is not None and device.is_dir():
            driver = read_link(device / "driver")
            yield Video(function, device.name, read_node(root / "dev" / name), driver, _version(root, driver))


def _version(root: Path, driver: str | None) -> str | None:
    """What a module says of itself; most have only their kernel's version, and NVIDIA's also tells it in /proc."""
    if driver is None:
        return None
    said = read_text(root / "sys/module" / driver.replace("-", "_") / "version")
    if said is None and driver == _NVIDIA:
        told = _NVRM.search(read_text(root / "proc/driver/nvidia/version") or "")
        return told[1] if told is not None else None
    return said


def _kernel(root: Path) -> str | None:
    told = _KERNEL.match(read_text(root / "proc/version") or "")
    return f"{told[1]} {told[2]}" if told is not None else None


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
