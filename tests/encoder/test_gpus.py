"""Which devices a machine has: known by ids that stay, told with what is wrong and what helps."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mkv2castd import device
from mkv2castd.device import Gpu, Vendor
from mkv2castd.encoder.gpus import gpus
from mkv2castd.encoder.machine import Card, Chip, Node, Video
from mkv2castd.encoder.machine import Machine as Facts
from mkv2castd.encoder.sysfs import read_machine
from tests.machines import (
    FIRST,
    MACHINES,
    SECOND,
    Machine,
    amd,
    aspeed,
    container,
    h100,
    intel,
    intel_and_arc,
    kept_for_a_guest,
    nothing,
    nvidia_and_intel,
    raspberry_pi,
    rockchip,
    two_nvidia,
)

UNKNOWN = "GPU-????????-????-????-????-????????????"


def found(root: Path, *nodes: str) -> tuple[Gpu, ...]:
    return gpus(read_machine(root, [Path(node) for node in nodes]))


def of_chip(**facts: object) -> Gpu:
    """The device of a machine that has one chip."""
    chip = replace(Chip("0000:03:00.0", "0000:03:00.0"), **facts)  # type: ignore[arg-type]
    (gpu,) = gpus(Facts(chips=(chip,), user="ada"))
    return gpu


def closed(path: str, group: str | None) -> Node:
    return Node(Path(path), usable=False, group=group)


class TestMachines:
    def test_intel(self, tmp_path: Path) -> None:
        intel(tmp_path)
        (gpu,) = found(tmp_path)
        assert (gpu.id, gpu.vendor, gpu.driver) == ("pci-0000_00_02_0", Vendor.INTEL, "i915")
        assert gpu.name == "Intel Alder Lake-P GT2 [Iris Xe Graphics]"
        assert (gpu.node, gpu.address) == (tmp_path / "dev/dri/renderD128", "0000:00:02.0")
        assert gpu.driver_version is not None
        assert "Debian 6.1.119-1" in gpu.driver_version
        assert (gpu.index, gpu.environment, gpu.problem) == (None, (), None)

    def test_intel_and_arc(self, tmp_path: Path) -> None:
        intel_and_arc(tmp_path)
        assert [(gpu.id, gpu.name, gpu.problem) for gpu in found(tmp_path)] == [
            ("pci-0000_00_02_0", "Intel Alder Lake-P GT2 [Iris Xe Graphics]", None),
            ("pci-0000_03_00_0", "Intel DG2 [Arc A380]", None),
        ]

    def test_a_render_node_that_is_closed_to_us(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        intel_and_arc(tmp_path)
        monkeypatch.setattr(os, "access", lambda path, *_, **__: path.name != "renderD128")
        igpu, arc = found(tmp_path)
        assert igpu.id == "pci-0000_00_02_0"
        assert igpu.problem is not None
        assert "renderD128" in igpu.problem
        assert arc.problem is None

    def test_amd(self, tmp_path: Path) -> None:
        amd(tmp_path)
        (gpu,) = found(tmp_path)
        assert (gpu.id, gpu.vendor, gpu.driver_version) == ("pci-0000_0b_00_0", Vendor.AMD, "6.8.5")
        assert gpu.problem is None

    def test_two_cards_of_one_model_are_two_devices(self, tmp_path: Path) -> None:
        two_nvidia(tmp_path)
        assert [(gpu.id, gpu.name, gpu.address, gpu.problem) for gpu in found(tmp_path)] == [
            (FIRST, "NVIDIA GeForce RTX 3070", "0000:01:00.0", None),
            (SECOND, "NVIDIA GeForce RTX 3070", "0000:41:00.0", None),
        ]

    def test_nvidia_and_intel(self, tmp_path: Path) -> None:
        nvidia_and_intel(tmp_path)
        igpu, card = found(tmp_path)
        assert (igpu.vendor, card.vendor) == (Vendor.INTEL, Vendor.NVIDIA)
        assert (card.name, card.driver_version) == ("NVIDIA GeForce GTX 1070", "535.183.01")
        assert (igpu.problem, card.problem) == (None, None)

    def test_a_card_without_an_encoder_is_found_and_nothing_is_said_of_encoders(self, tmp_path: Path) -> None:
        h100(tmp_path)
        (gpu,) = found(tmp_path)
        assert (gpu.name, gpu.problem) == ("NVIDIA H100 80GB HBM3", None)

    def test_a_servers_console_is_said_to_have_no_encoder(self, tmp_path: Path) -> None:
        aspeed(tmp_path)
        (gpu,) = found(tmp_path)
        assert (gpu.name, gpu.driver) == ("ASPEED Graphics Family", "ast")
        assert gpu.problem is not None
        assert "no video encoder" in gpu.problem

    def test_raspberry_pi(self, tmp_path: Path) -> None:
        raspberry_pi(tmp_path)
        core, codec = found(tmp_path)
        assert core.problem is not None
        assert "no video encoder" in core.problem
        assert (codec.id, codec.driver, codec.problem) == ("platform-bcm2835-codec", "bcm2835-codec", None)
        assert (codec.name, codec.node) == (
            "Raspberry Pi video encoder (bcm2835-codec-encode)",
            tmp_path / "dev/video11",
        )

    def test_rockchip(self, tmp_path: Path) -> None:
        rockchip(tmp_path)
        assert [(gpu.id, gpu.node) for gpu in found(tmp_path)] == [
            ("platform-fdee0000_video-codec", tmp_path / "dev/video1"),
        ]

    def test_no_device_at_all(self, tmp_path: Path) -> None:
        nothing(tmp_path)
        assert found(tmp_path) == ()

    def test_a_card_that_is_kept_for_a_guest(self, tmp_path: Path) -> None:
        kept_for_a_guest(tmp_path)
        igpu, card = found(tmp_path)
        assert igpu.problem is None
        assert card.name == "NVIDIA GA104 [GeForce RTX 3070]"
        assert card.problem is not None
        assert "vfio-pci" in card.problem

    def test_a_container_with_nothing_but_a_named_node(self, tmp_path: Path) -> None:
        container(tmp_path)
        (gpu,) = found(tmp_path, "/dev/gpu/renderD129")
        assert (gpu.id, gpu.node) == ("node-dev_gpu_renderD129", tmp_path / "dev/gpu/renderD129")
        assert (gpu.driver, gpu.problem) == (None, None)


class TestIds:
    @pytest.mark.parametrize("make", MACHINES, ids=lambda make: make.__name__)
    def test_they_can_stand_where_they_have_to(self, tmp_path: Path, make: Callable[[Path], Machine]) -> None:
        make(tmp_path)
        ids = [gpu.id for gpu in found(tmp_path, "/dev/gpu/renderD129")]
        assert len(ids) == len(set(ids))
        for one in ids:
            assert one not in (device.CPU, device.REMUX)
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", one)
            assert tomllib.loads(f"[slots]\n{one} = 2")["slots"] == {one: 2}

    def test_they_stay_when_render_nodes_are_numbered_anew(self, tmp_path: Path) -> None:
        intel_and_arc(tmp_path / "today")
        intel_and_arc(tmp_path / "tomorrow", (129, 128))
        today, tomorrow = found(tmp_path / "today"), found(tmp_path / "tomorrow")
        assert [gpu.id for gpu in today] == [gpu.id for gpu in tomorrow]
        assert [gpu.node.name for gpu in tomorrow if gpu.node] == ["renderD129", "renderD128"]

    def test_a_card_keeps_its_own_in_another_slot(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path).nvidia_driver()
        machine.pci("0000:81:00.0", 0x10DE, 0x2484, "nvidia")
        machine.nvidia_card("0000:81:00.0", "NVIDIA GeForce RTX 3070", FIRST, 0)
        assert [gpu.id for gpu in found(tmp_path)] == [FIRST]

    def test_a_card_whose_uuid_its_driver_does_not_know_has_that_of_its_place(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path).nvidia_driver()
        machine.pci("0000:01:00.0", 0x10DE, 0x2484, "nvidia")
        machine.nvidia_card("0000:01:00.0", "NVIDIA GeForce RTX 3070", UNKNOWN, 0)
        assert [gpu.id for gpu in found(tmp_path)] == ["pci-0000_01_00_0"]

    def test_nodes_of_one_name_in_two_folders_are_two(self) -> None:
        bare = tuple((f"/dev/{place}/renderD128", Node(Path(f"/dev/{place}/renderD128"))) for place in ("a", "b"))
        assert [gpu.id for gpu in gpus(Facts(bare=bare))] == ["node-dev_a_renderD128", "node-dev_b_renderD128"]


class TestWhichCard:
    def test_a_program_is_shown_its_card_alone(self, tmp_path: Path) -> None:
        two_nvidia(tmp_path)
        assert [(gpu.index, gpu.environment) for gpu in found(tmp_path)] == [
            (0, (("CUDA_VISIBLE_DEVICES", FIRST),)),
            (0, (("CUDA_VISIBLE_DEVICES", SECOND),)),
        ]

    def test_without_uuids_cards_are_counted_along_the_bus(self) -> None:
        """Only those that CUDA can open: the first is closed to us, the second excluded."""
        addresses = [f"0000:0{number}:00.0" for number in range(4)]
        cards = tuple(Card(address, uuid=UNKNOWN, node=Node(Path("/dev/nvidia0"))) for address in addresses)
        cards = (
            replace(cards[0], node=closed("/dev/nvidia0", "video")),
            replace(cards[1], excluded=True),
            *cards[2:],
        )
        chips = tuple(Chip(address, address, 0x10DE, driver="nvidia") for address in addresses)
        seen = [dict(gpu.environment) for gpu in gpus(Facts(chips=chips, cards=cards))]
        assert seen == [
            {},
            {},
            {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "0"},
            {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "1"},
        ]


class TestNames:
    @pytest.mark.parametrize(
        ("facts", "name"),
        [
            ({"vendor_id": 0x8086, "device_id": 0x56A5}, "Intel GPU 8086:56a5"),
            ({"vendor_id": 0x8086}, "Intel GPU 8086:?"),
            ({"vendor_id": 0x1D17, "device_id": 0x3A05}, "GPU 1d17:3a05"),
            ({"vendor_id": 0x1D17, "device_id": 0x3A05, "vendor": "Zhaoxin"}, "Zhaoxin GPU 1d17:3a05"),
            ({"vendor_id": 0x1D17, "vendor": "Zhaoxin", "model": "ZX-E"}, "Zhaoxin ZX-E"),
            ({"vendor_id": 0x1002, "vendor": "AMD, Inc.", "model": "Navi 23"}, "AMD Navi 23"),
            ({}, "GPU 0000:03:00.0"),
        ],
    )
    def test_the_best_that_is_known(self, facts: dict[str, object], name: str) -> None:
        assert of_chip(**facts).name == name

    @pytest.mark.parametrize(
        ("function", "maker"),
        [
            ("bcm2835-codec-encode", "Raspberry Pi"),
            ("rockchip,rk3568-vepu-enc", "Rockchip"),
            ("rkvenc", "Rockchip"),
            ("st,stm32mp25-venc-enc", "STMicroelectronics"),
            ("s5p-mfc-enc", "Samsung"),
            ("mtk-vcodec-enc", "MediaTek"),
            ("qcom-venus-encoder", "Qualcomm"),
            ("coda-video-encoder", "NXP"),
            ("C&M Wave5 VPU encoder", "Chips&Media"),
            ("bcm2835-codec-encode_image", None),
            ("bcm2835-codec-decode", None),
            ("rockchip,rk3568-vpu-dec", None),
            ("coda-jpeg-encoder", None),
            ("C&M Wave5 VPU decoder", None),
            ("USB Camera with encoder", None),
        ],
    )
    def test_encoders_of_boards_are_told_from_their_other_functions(self, function: str, maker: str | None) -> None:
        videos = (Video(function, "fd000000.codec", Node(Path("/dev/video0"))),)
        names = [gpu.name for gpu in gpus(Facts(videos=videos))]
        assert names == ([f"{maker} video encoder ({function})"] if maker is not None else [])

    def test_a_codec_with_two_encoders_is_one_device(self) -> None:
        functions = ("coda-video-encoder", "coda-encoder", "coda-jpeg-encoder")
        videos = tuple(
            Video(function, "2040000.vpu", Node(Path(f"/dev/video{number}")), "coda")
            for number, function in enumerate(functions)
        )
        assert [gpu.id for gpu in gpus(Facts(videos=videos))] == ["platform-2040000_vpu"]


NODE = "/dev/dri/renderD128"
INTEL = {"vendor_id": 0x8086, "driver": "i915"}
PROBLEMS = [
    ({**INTEL, "render": closed(NODE, "render")}, ("group render", "`usermod -aG render ada`")),
    ({**INTEL, "render": closed(NODE, "105")}, ("group 105", "`--group-add 105`")),
    ({**INTEL, "render": closed(NODE, None)}, (NODE, "closed to ada")),
    ({**INTEL, "render": Node(Path(NODE), there=False, usable=False)}, ("is not there", f"`--device {NODE}`")),
    (INTEL, ("i915", "render node", "`nomodeset`")),
    ({"vendor_id": 0x8086}, ("no driver", "`modprobe i915`")),
    ({"vendor_id": 0x1002, "device_id": 0x73FF}, ("no driver", "`modprobe amdgpu`")),
    ({"vendor_id": 0x10DE}, ("no driver", "nvidia-driver")),
    ({"vendor_id": 0x1D17}, ("no driver", "`lspci -k`")),
    ({"vendor_id": 0x10DE, "driver": "nouveau", "render": Node(Path(NODE))}, ("nouveau", "nvidia-driver")),
    ({"vendor_id": 0x10DE, "driver": "nvidia"}, ("does not show it", "`--gpus all`")),
    ({**INTEL, "driver": "vfio-pci"}, ("vfio-pci", "virtual machines", "/etc/modprobe.d")),
    ({**INTEL, "driver": "xen-pciback"}, ("xen-pciback", "virtual machines")),
    ({"vendor_id": 0x1A03, "driver": "ast"}, ("ASPEED", "no video encoder")),
    ({"vendor_id": 0x1A03}, ("ASPEED", "no video encoder")),
    ({"vendor_id": 0x102B, "driver": "mgag200"}, ("Matrox", "no video encoder")),
    ({"vendor_id": 0x19E5, "driver": "hibmc-drm"}, ("HiSilicon", "no video encoder")),
    ({"vendor_id": 0x1002, "device_id": 0x515E, "driver": "radeon"}, ("ES1000", "no video encoder")),
    ({"vendor_id": 0x1234, "driver": "bochs-drm"}, ("QEMU", "no video encoder")),
    ({"address": None, "name": "vgem", "render": Node(Path(NODE))}, ("no video encoder",)),
    ({"address": None, "name": "fde60000.gpu", "driver": "panfrost"}, ("no video encoder",)),
]


class TestProblems:
    @pytest.mark.parametrize(("facts", "words"), PROBLEMS)
    def test_each_is_one_sentence_with_what_helps(self, facts: dict[str, object], words: tuple[str, ...]) -> None:
        problem = of_chip(**facts).problem
        assert problem is not None
        assert all(word in problem for word in words), problem
        assert "\n" not in problem
        assert ". " not in problem

    @pytest.mark.parametrize("driver", ["i915", "xe", "amdgpu", "radeon", "virtio_gpu", None])
    def test_there_is_none_where_a_trial_can_tell_more(self, driver: str | None) -> None:
        assert of_chip(driver=driver, render=Node(Path(NODE))).problem is None

    def test_nvidias_nodes_have_to_be_made(self, tmp_path: Path) -> None:
        two_nvidia(tmp_path)
        (tmp_path / "dev/nvidia1").unlink()
        first, second = found(tmp_path)
        assert first.problem is not None
        assert "`nvidia-modprobe -u -c=1`" in first.problem
        assert second.problem is None
        (tmp_path / "dev/nvidiactl").unlink()
        first, second = found(tmp_path)
        assert second.problem is not None
        assert "nvidiactl is not there" in second.problem
        assert "`nvidia-modprobe -u -c=0`" in second.problem

    def test_nvidias_nodes_have_to_be_made_though_an_old_driver_does_not_number_them(self) -> None:
        card = Card("0000:03:00.0", uuid=FIRST)
        chip = Chip(card.address, card.address, 0x10DE, driver="nvidia")
        control = Node(Path("/dev/nvidiactl"), there=False, usable=False)
        (gpu,) = gpus(Facts(chips=(chip,), cards=(card,), control=control))
        assert gpu.problem is not None
        assert "`nvidia-modprobe -u -c=0`" in gpu.problem

    def test_nvidias_nodes_have_to_be_open(self) -> None:
        card = Card("0000:03:00.0", uuid=FIRST, node=closed("/dev/nvidia0", "video"))
        chip = Chip(card.address, card.address, 0x10DE, driver="nvidia")
        (gpu,) = gpus(Facts(chips=(chip,), cards=(card,), user="ada"))
        assert gpu.problem is not None
        assert "`usermod -aG video ada`" in gpu.problem

    def test_a_card_that_its_driver_was_told_to_leave_alone(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path).nvidia_driver()
        machine.pci("0000:01:00.0", 0x10DE, 0x2484, "nvidia")
        machine.nvidia_card("0000:01:00.0", "NVIDIA GeForce RTX 3070", FIRST, 0, excluded=True)
        (gpu,) = found(tmp_path)
        assert gpu.problem is not None
        assert "NVreg_ExcludedGpus" in gpu.problem

    def test_a_closed_render_node_is_nothing_to_nvidias_card(self) -> None:
        card = Card("0000:03:00.0", uuid=FIRST, node=Node(Path("/dev/nvidia0")))
        chip = Chip(card.address, card.address, 0x10DE, driver="nvidia", render=closed(NODE, "render"))
        (gpu,) = gpus(Facts(chips=(chip,), cards=(card,)))
        assert gpu.problem is None

    def test_a_boards_encoder_that_is_closed_to_us(self) -> None:
        video = Video("bcm2835-codec-encode", "bcm2835-codec", closed("/dev/video11", "video"))
        (gpu,) = gpus(Facts(videos=(video,), user="ada"))
        assert gpu.problem is not None
        assert "`usermod -aG video ada`" in gpu.problem

    def test_a_named_node_that_is_not_there(self, tmp_path: Path) -> None:
        (gpu,) = found(tmp_path, "/dev/gpu/renderD130")
        assert gpu.node is None
        assert gpu.problem is not None
        assert "is not there" in gpu.problem

    def test_an_old_cards_second_head_is_no_card_of_its_own(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path)
        machine.render(machine.pci("0000:01:00.0", 0x1002, 0x9598, "radeon"), 128)
        machine.pci("0000:01:00.1", 0x1002, 0x95A0, kind=0x038000)
        assert [gpu.address for gpu in found(tmp_path)] == ["0000:01:00.0"]
