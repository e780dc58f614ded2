"""What a machine shows of its graphics hardware: facts, as the kernel tells them, without a verdict.

`sysfs` reads them, `gpus` makes devices of them. What cannot be read is None.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Node:
    """What a program opens to use a device. there: it exists; usable: this user may read and write it. group: whose
    members may do so, by its name or by its number where it has none; None where membership of it helps nobody."""

    path: Path
    there: bool = True
    usable: bool = True
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """A graphics processor, or what the kernel calls one.

    name: of its folder in sysfs, a PCI address or what the board's description calls it; address: the former only.
    vendor_id, device_id: PCI's numbers. vendor, model: what pci.ids calls these. driver_version: of a driver that has
    one of its own; most have their kernel's. render: its render node.
    """

    name: str
    address: str | None = None
    vendor_id: int | None = None
    device_id: int | None = None
    vendor: str | None = None
    model: str | None = None
    driver: str | None = None
    driver_version: str | None = None
    render: Node | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A card as NVIDIA's driver tells of it. node: /dev/nvidiaN, None while its number is not known. excluded: the
    driver was told to leave it alone."""

    address: str
    model: str | None = None
    uuid: str | None = None
    node: Node | None = None
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Video:
    """A V4L2 node, by what its driver calls its function. chip: the name of the device that it belongs to, of which
    one may have several."""

    function: str
    chip: str
    node: Node
    driver: str | None = None
    driver_version: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """chips and cards: by PCI address, then by name. control: the node that all of NVIDIA's cards need. bare: nodes
    for which the kernel shows no device, as in containers, each with its path as it was named. kernel: as `uname -rv`
    prints it. user: who we are."""

    chips: tuple[Chip, ...] = ()
    cards: tuple[Card, ...] = ()
    control: Node | None = None
    videos: tuple[Video, ...] = ()
    bare: tuple[tuple[str, Node], ...] = ()
    kernel: str | None = None
    user: str = "root"


def only(machine: Machine, nodes: Collection[Path]) -> Machine:
    """What of it is behind one of these nodes. All cards stay: they are counted where one has no id."""
    cards = {card.address for card in machine.cards if card.node is not None and card.node.path in nodes}

    def meant(chip: Chip) -> bool:
        return chip.address in cards or (chip.render is not None and chip.render.path in nodes)

    return replace(
        machine,
        chips=tuple(chip for chip in machine.chips if meant(chip)),
        videos=tuple(video for video in machine.videos if video.node.path in nodes),
        bare=tuple((named, node) for named, node in machine.bare if node.path in nodes),
    )
