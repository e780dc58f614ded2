"""What was read of a machine → its devices, in an order and with ids that stay the same from start to start.

Finding says nothing of encoders but where there surely is none: that a device is there proves nothing of what it can.

Ids: NVIDIA's UUID as its tools print it (`GPU-…`), else the place of the device as udev tags it (ID_PATH_TAG, which
Mesa's DRI_PRIME takes as well): `pci-0000_03_00_0`, `platform-bcm2835-codec`. A node of which the kernel shows no
device is known by its path, `node-dev_dri_renderD128`, for want of anything better. NVIDIA's driver shows question
marks for the UUID of a card that it has not been able to start; such a one is known by its place.

Which card NVENC takes: ffmpeg's `-gpu` and all else that names CUDA's devices take CUDA's number. It counts from the
fastest card (CUDA Programming Guide, "CUDA Environment Variables"), leaves out cards that this process may not open,
and changes with whatever CUDA_VISIBLE_DEVICES the daemon was started with. So no number is certain, and each program
is shown its one card instead: CUDA_VISIBLE_DEVICES with the card's UUID, and then it is number 0. With a card that is
gone the program fails; it never takes another one. Only where the UUID is not known does the order of the bus
(CUDA_DEVICE_ORDER=PCI_BUS_ID) have to do, among the cards that can be opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from types import MappingProxyType

from mkv2castd.device import Gpu, Vendor
from mkv2castd.encoder.gpu_problems import Case, node_problem, problem
from mkv2castd.encoder.machine import Card, Chip, Machine

# By PCI's number of the vendor.
_VENDORS = MappingProxyType(
    {0x8086: Vendor.INTEL, 0x1002: Vendor.AMD, 0x1022: Vendor.AMD, 0x10DE: Vendor.NVIDIA},
)
_SHORT = MappingProxyType({Vendor.INTEL: "Intel", Vendor.AMD: "AMD", Vendor.NVIDIA: "NVIDIA"})

# V4L2's encoders of films, by how their drivers name the node (drivers/media/platform in the kernel; Raspberry Pi's
# kernel has its own), and who made the chip. Those of single pictures are not among them.
_ENCODERS = (
    ("bcm2835-codec-encode", "Raspberry Pi"),
    ("rockchip,.+-enc|rkvenc.*|hantro.*-enc", "Rockchip"),
    ("st,stm32.+-enc", "STMicroelectronics"),
    ("s5p-mfc-enc", "Samsung"),
    ("mtk-vcodec-enc.*", "MediaTek"),
    ("qcom-(venus|iris)-encoder", "Qualcomm"),
    ("coda-(video-)?encoder|amphion-vpu-encoder", "NXP"),
    ("(?i).*wave5.*enc.*", "Chips&Media"),
)

_UUID = re.compile(r"GPU-[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NOT_IN_TAGS = re.compile(r"[^0-9A-Za-z-]+")


def gpus(machine: Machine) -> tuple[Gpu, ...]:
    """Every device that may be able to encode, and every other graphics chip with the reason why it is not one of
    them: by PCI address, then the boards' own, then nodes of which nothing else is known."""
    return (*_chips(machine), *_boards_encoders(machine), *_bare_nodes(machine))


def _chips(machine: Machine) -> Iterator[Gpu]:
    cards = {card.address: card for card in machine.cards}
    slots = {chip.address for chip in machine.chips}
    for chip in machine.chips:
        if _is_aside(chip, slots):
            continue
        card = cards.get(chip.address or "") if chip.driver == "nvidia" else None
        environment = _environment(card, machine.cards) if card is not None else ()
        yield Gpu(
            id=_id(chip, card),
            name=_name(chip, card),
            vendor=_vendor(chip),
            driver=chip.driver,
            driver_version=_version(chip.driver, chip.driver_version, machine),
            node=chip.render.path if chip.render is not None and chip.render.there else None,
            address=chip.address,
            index=0 if environment else None,
            environment=environment,
            problem=problem(Case(chip, machine.user, card, machine.control)),
        )


def _is_aside(chip: Chip, addresses: set[str | None]) -> bool:
    """The second head of an old card, or the share of a card that nobody was given: a further function of a device
    whose first one is a graphics chip as well, without a driver."""
    first = f"{(chip.address or '')[:-1]}0"
    return chip.driver is None and chip.address != first and first in addresses


def _boards_encoders(machine: Machine) -> Iterator[Gpu]:
    """One a chip: ffmpeg looks for the node that suits by itself."""
    found: dict[str, Gpu] = {}
    for video in sorted(machine.videos, key=lambda video: (video.chip, video.function)):
        maker = next((maker for pattern, maker in _ENCODERS if re.fullmatch(pattern, video.function)), None)
        if maker is not None and video.chip not in found:
            found[video.chip] = Gpu(
                id=f"platform-{_tag(video.chip)}",
                name=f"{maker} video encoder ({video.function})",
                vendor=Vendor.OTHER,
                driver=video.driver,
                driver_version=_version(video.driver, video.driver_version, machine),
                node=video.node.path if video.node.there else None,
                problem=node_problem(video.node, machine.user),
            )
    yield from found.values()


def _bare_nodes(machine: Machine) -> Iterator[Gpu]:
    for named, node in machine.bare:
        yield Gpu(
            id=f"node-{_tag(named)}",
            name=f"GPU at {named}",
            vendor=Vendor.OTHER,
            driver_version=machine.kernel,
            node=node.path if node.there else None,
            problem=node_problem(node, machine.user),
        )


def _id(chip: Chip, card: Card | None) -> str:
    uuid = _uuid(card) if card is not None else None
    if uuid is not None:
        return uuid
    return f"{'pci' if chip.address is not None else 'platform'}-{_tag(chip.name)}"


def _uuid(card: Card) -> str | None:
    return card.uuid if card.uuid is not None and _UUID.fullmatch(card.uuid) else None


def _tag(name: str) -> str:
    """As udev's path_id does it."""
    return _NOT_IN_TAGS.sub("_", name).strip("_")


def _environment(card: Card, cards: Sequence[Card]) -> tuple[tuple[str, str], ...]:
    uuid = _uuid(card)
    if uuid is not None:
        return (("CUDA_VISIBLE_DEVICES", uuid),)
    open_to_us = [one for one in cards if not one.excluded and (one.node is None or one.node.usable)]
    if card not in open_to_us:
        return ()
    return (("CUDA_DEVICE_ORDER", "PCI_BUS_ID"), ("CUDA_VISIBLE_DEVICES", str(open_to_us.index(card))))


def _vendor(chip: Chip) -> Vendor:
    return _VENDORS.get(chip.vendor_id, Vendor.OTHER) if chip.vendor_id is not None else Vendor.OTHER


def _name(chip: Chip, card: Card | None) -> str:
    """As NVIDIA's driver calls it, as pci.ids does, or by PCI's numbers; a board's chip has its own name only."""
    vendor = _SHORT.get(_vendor(chip), chip.vendor)
    model = card.model if card is not None and card.model is not None else chip.model
    if model is not None:
        return model if vendor is None or model.startswith(vendor.partition(" ")[0]) else f"{vendor} {model}"
    if chip.vendor_id is None:
        return f"GPU {chip.name}"
    number = f"{chip.vendor_id:04x}:" + (f"{chip.device_id:04x}" if chip.device_id is not None else "?")
    return f"{vendor} GPU {number}" if vendor is not None else f"GPU {number}"


def _version(driver: str | None, own: str | None, machine: Machine) -> str | None:
    """Most drivers come with the kernel and change with it."""
    return machine.kernel if own is None and driver is not None else own
