"""Machines as the kernel shows them, built below a folder: /sys with its links, /proc/driver/nvidia, /dev, pci.ids.

Each function of MACHINES makes one whole machine. Nodes in /dev are ordinary files, so that nobody needs to be root;
links lead where the kernel's do, always relative.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

KERNEL = "6.1.0-28-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)"
_VERSION = (
    "Linux version 6.1.0-28-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU "
    "Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)\n"
)
VGA, THREE_D, OTHER_DISPLAY = 0x030000, 0x030200, 0x038000

PCI_IDS = """\
# List of PCI IDs
0000  Nothing
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t515e  ES1000
\t73ff  Navi 23 [Radeon RX 6600/6600 XT/6600M]
\t\t1458 2405  Radeon RX 6600 EAGLE 8G
10de  NVIDIA Corporation
\t1b81  GP104 [GeForce GTX 1070]
\t2330  GH100 [H100 SXM5 80GB]
\t2484  GA104 [GeForce RTX 3070]
1a03  ASPEED Technology, Inc.
\t2000  ASPEED Graphics Family
8086  Intel Corporation
\t46a6  Alder Lake-P GT2 [Iris Xe Graphics]
\t56a5  DG2 [Arc A380]
\t\t8086 1028  another card
C 03  Display controller
\t00  VGA compatible controller
"""


class Machine:
    """A machine to put hardware into. Paths that it returns are absolute, those of sysfs real."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("proc/version", _VERSION)
        for folder in ("sys/bus/pci/devices", "sys/bus/pci/drivers", "sys/class/drm", "sys/module", "dev"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.write("sys/class/drm/version", "drm 1.1.0 20060810\n")

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def link(self, path: Path, target: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(os.path.relpath(target, path.parent))

    def pci_ids(self, place: str = "usr/share/misc/pci.ids") -> Machine:
        self.write(place, PCI_IDS)
        return self

    def bound(self, device: Path, driver: str | None, bus: str = "pci") -> None:
        if driver is not None:
            home = self.root / "sys/bus" / bus / "drivers" / driver
            home.mkdir(parents=True, exist_ok=True)
            self.link(device / "driver", home)

    def pci(
        self,
        address: str,
        vendor: int,
        device: int,
        driver: str | None = None,
        *,
        kind: int = VGA,
        behind: str | None = None,
    ) -> Path:
        """A device on the bus; behind: the address of the bridge that it is plugged into."""
        path = self.root / "sys/devices" / f"pci{address[:7]}" / (behind or "") / address
        path.mkdir(parents=True)
        for name, number in (("vendor", vendor), ("device", device), ("subsystem_vendor", 0x1028)):
            (path / name).write_text(f"0x{number:04x}\n")
        (path / "class").write_text(f"0x{kind:06x}\n")
        self.link(path / "subsystem", self.root / "sys/bus/pci")
        self.link(self.root / "sys/bus/pci/devices" / address, path)
        self.bound(path, driver)
        return path

    def platform(self, name: str, driver: str | None = None) -> Path:
        """A device of a board, which its description names."""
        path = self.root / "sys/devices/platform/soc" / name
        path.mkdir(parents=True)
        self.link(path / "subsystem", self.root / "sys/bus/platform")
        self.bound(path, driver, "platform")
        return path

    def card(self, device: Path, number: int) -> Machine:
        """What every display driver makes: a card with a connector."""
        card = device / "drm" / f"card{number}"
        (card / f"card{number}-HDMI-A-1").mkdir(parents=True)
        self.link(card / "device", device)
        self.link(card / f"card{number}-HDMI-A-1" / "device", card)
        (card / "dev").write_text(f"226:{number}\n")
        self.link(self.root / f"sys/class/drm/card{number}", card)
        self.link(self.root / f"sys/class/drm/card{number}-HDMI-A-1", card / f"card{number}-HDMI-A-1")
        self.node(f"dri/card{number}")
        return self

    def render(self, device: Path, number: int) -> Path:
        """A render node; its file in /dev."""
        folder = device / "drm" / f"renderD{number}"
        folder.mkdir(parents=True)
        self.link(folder / "device", device)
        (folder / "dev").write_text(f"226:{number}\n")
        self.link(self.root / f"sys/class/drm/renderD{number}", folder)
        return self.node(f"dri/renderD{number}")

    def node(self, name: str) -> Path:
        file = self.write(f"dev/{name}", "")
        file.chmod(0o660)
        return file

    def video(self, device: Path, number: int, function: str) -> Path:
        folder = device / "video4linux" / f"video{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{function}\n")
        self.link(folder / "device", device)
        self.link(self.root / f"sys/class/video4linux/video{number}", folder)
        return self.node(f"video{number}")

    def nvidia_driver(self, version: str = "535.183.01") -> Machine:
        self.write("sys/module/nvidia/version", f"{version}\n")
        told = f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {version}  Sun May 12 19:39:15 UTC 2024\n"
        self.write("proc/driver/nvidia/version", f"{told}GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n")
        self.node("nvidiactl")
        self.node("nvidia-uvm")
        return self

    def nvidia_card(self, address: str, model: str, uuid: str, minor: int, *, excluded: bool = False) -> Path:
        """What the driver tells of a card; its file in /dev."""
        told = (
            ("Model", model),
            ("IRQ", "150"),
            ("GPU UUID", uuid),
            ("Video BIOS", "94.02.26.40.81"),
            ("Bus Type", "PCIe"),
            ("Bus Location", address),
            ("Device Minor", str(minor)),
            ("GPU Firmware", "535.183.01"),
            ("GPU Excluded", "Yes" if excluded else "No"),
        )
        text = "".join(f"{key}: \t {value}\n" for key, value in told)
        self.write(f"proc/driver/nvidia/gpus/{address}/information", text)
        return self.node(f"nvidia{minor}")


FIRST = "GPU-eaf23aa1-4d3d-596c-da66-b86b0e5db584"
SECOND = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"


def intel(root: Path, number: int = 128) -> Machine:
    machine = Machine(root).pci_ids()
    chip = machine.pci("0000:00:02.0", 0x8086, 0x46A6, "i915")
    machine.card(chip, 0)
    machine.render(chip, number)
    return machine


def intel_and_arc(root: Path, numbers: tuple[int, int] = (128, 129)) -> Machine:
    machine = intel(root, numbers[0])
    arc = machine.pci("0000:03:00.0", 0x8086, 0x56A5, "i915", behind="0000:00:01.0")
    machine.card(arc, 1)
    machine.render(arc, numbers[1])
    return machine


def amd(root: Path) -> Machine:
    machine = Machine(root).pci_ids("usr/share/hwdata/pci.ids")
    machine.write("sys/module/amdgpu/version", "6.8.5\n")
    chip = machine.pci("0000:0b:00.0", 0x1002, 0x73FF, "amdgpu", behind="0000:00:03.1")
    machine.card(chip, 0)
    machine.render(chip, 128)
    return machine


def two_nvidia(root: Path) -> Machine:
    """The same model twice, numbered by the driver in the other order than on the bus."""
    machine = Machine(root).pci_ids().nvidia_driver()
    for address, uuid, minor in (("0000:01:00.0", FIRST, 1), ("0000:41:00.0", SECOND, 0)):
        machine.pci(address, 0x10DE, 0x2484, "nvidia")
        machine.nvidia_card(address, "NVIDIA GeForce RTX 3070", uuid, minor)
    return machine


def nvidia_and_intel(root: Path) -> Machine:
    """A notebook, nvidia-drm with modeset: NVIDIA's card has a render node as well."""
    machine = intel(root).nvidia_driver()
    chip = machine.pci("0000:01:00.0", 0x10DE, 0x1B81, "nvidia", kind=THREE_D)
    machine.card(chip, 1)
    machine.render(chip, 129)
    machine.nvidia_card("0000:01:00.0", "GeForce GTX 1070", FIRST, 0)
    return machine


def h100(root: Path) -> Machine:
    machine = Machine(root).pci_ids().nvidia_driver("590.48.01")
    machine.pci("0000:18:00.0", 0x10DE, 0x2330, "nvidia", kind=THREE_D)
    machine.nvidia_card("0000:18:00.0", "NVIDIA H100 80GB HBM3", FIRST, 0)
    return machine


def aspeed(root: Path) -> Machine:
    machine = Machine(root).pci_ids()
    machine.card(machine.pci("0000:04:00.0", 0x1A03, 0x2000, "ast", behind="0000:03:00.0"), 0)
    return machine


def raspberry_pi(root: Path) -> Machine:
    """A Raspberry Pi 4: the codec with its five functions, the 3D core, the display without a render node."""
    machine = Machine(root)
    codec = machine.platform("bcm2835-codec", "bcm2835-codec")
    machine.write("sys/module/bcm2835_codec/srcversion", "3F0C1B6A\n")
    for number, function in enumerate(("decode", "encode", "isp", "image_fx"), start=10):
        machine.video(codec, number, f"bcm2835-codec-{function}")
    machine.video(codec, 31, "bcm2835-codec-encode_image")
    machine.video(machine.platform("unicam"), 0, "unicam-image")
    machine.card(machine.platform("gpu", "vc4-drm"), 1)
    core = machine.platform("fec00000.v3d", "v3d")
    machine.card(core, 0)
    machine.render(core, 128)
    return machine


def rockchip(root: Path) -> Machine:
    machine = Machine(root)
    machine.video(machine.platform("fdea0000.video-codec", "hantro-vpu"), 0, "rockchip,rk3568-vpu-dec")
    machine.video(machine.platform("fdee0000.video-codec", "hantro-vpu"), 1, "rockchip,rk3568-vepu-enc")
    return machine


def nothing(root: Path) -> Machine:
    machine = Machine(root).pci_ids()
    machine.pci("0000:00:03.0", 0x1AF4, 0x1000, "virtio-pci", kind=0x020000)
    return machine


def kept_for_a_guest(root: Path) -> Machine:
    machine = intel(root)
    machine.pci("0000:01:00.0", 0x10DE, 0x2484, "vfio-pci")
    machine.pci("0000:01:00.1", 0x10DE, 0x228B, "vfio-pci", kind=0x040300)
    return machine


def container(root: Path) -> Machine:
    """Nothing of the hardware is shown, and a render node lies where nobody looks for one."""
    root.mkdir(parents=True, exist_ok=True)
    machine = Machine(root)
    machine.node("gpu/renderD129")
    return machine


MACHINES: tuple[Callable[[Path], Machine], ...] = (
    *(intel, intel_and_arc, amd, two_nvidia, nvidia_and_intel, h100, aspeed, raspberry_pi, rockchip, nothing),
    *(kept_for_a_guest, container),
)
