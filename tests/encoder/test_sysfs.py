"""What is read of a machine: the kernel's links followed, names looked up, odd files passed over."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mkv2castd.encoder.kernel_files import read_node
from mkv2castd.encoder.machine import Node
from mkv2castd.encoder.sysfs import read_machine
from tests.machines import (
    KERNEL,
    Machine,
    amd,
    container,
    h100,
    intel,
    intel_and_arc,
    nvidia_and_intel,
    raspberry_pi,
    two_nvidia,
)

NULL = Path("/dev/null")  # the one character device that every test may have


def number(path: Path) -> str:
    return f"{os.major(path.stat().st_rdev)}:{os.minor(path.stat().st_rdev)}"


class TestWhatIsThere:
    def test_a_chip_has_its_numbers_its_driver_and_its_node(self, tmp_path: Path) -> None:
        intel(tmp_path)
        (chip,) = read_machine(tmp_path).chips
        assert (chip.name, chip.address, chip.vendor_id, chip.device_id) == ("0000:00:02.0",) * 2 + (0x8086, 0x46A6)
        assert (chip.driver, chip.vendor, chip.model) == (
            "i915",
            "Intel Corporation",
            "Alder Lake-P GT2 [Iris Xe Graphics]",
        )
        assert chip.render is not None
        assert chip.render.path == tmp_path / "dev/dri/renderD128"
        assert chip.render.usable

    def test_each_chip_has_its_own_node(self, tmp_path: Path) -> None:
        intel_and_arc(tmp_path, (129, 128))
        nodes = {chip.address: chip.render.path.name for chip in read_machine(tmp_path).chips if chip.render}
        assert nodes == {"0000:00:02.0": "renderD129", "0000:03:00.0": "renderD128"}

    def test_names_are_looked_up_in_either_place_of_the_list(self, tmp_path: Path) -> None:
        amd(tmp_path)
        assert read_machine(tmp_path).chips[0].model == "Navi 23 [Radeon RX 6600/6600 XT/6600M]"

    def test_a_driver_has_its_own_version_where_it_tells_one(self, tmp_path: Path) -> None:
        amd(tmp_path)
        assert read_machine(tmp_path).chips[0].driver_version == "6.8.5"
        intel(tmp_path / "other")
        other = read_machine(tmp_path / "other")
        assert (other.chips[0].driver_version, other.kernel) == (None, KERNEL)

    def test_nvidias_driver_tells_its_version_in_proc_too(self, tmp_path: Path) -> None:
        h100(tmp_path)
        (tmp_path / "sys/module/nvidia/version").unlink()
        assert read_machine(tmp_path).chips[0].driver_version == "590.48.01"
        (tmp_path / "proc/driver/nvidia/version").write_text(
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  595.91.07  Release Build  (root@host)\n"
        )
        assert read_machine(tmp_path).chips[0].driver_version == "595.91.07"

    def test_cards_are_told_of_by_nvidias_driver(self, tmp_path: Path) -> None:
        two_nvidia(tmp_path)
        first, second = read_machine(tmp_path).cards
        assert (first.address, first.uuid) == ("0000:01:00.0", "GPU-eaf23aa1-4d3d-596c-da66-b86b0e5db584")
        assert (first.model, first.excluded) == ("NVIDIA GeForce RTX 3070", False)
        assert [card.node.path.name for card in (first, second) if card.node] == ["nvidia1", "nvidia0"]

    def test_a_card_is_found_where_the_bus_is_hidden(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path).nvidia_driver()
        machine.nvidia_card("0000:01:00.0", "NVIDIA GeForce RTX 3070", "GPU-", 0)
        (chip,) = read_machine(tmp_path).chips
        assert (chip.address, chip.driver, chip.vendor_id) == ("0000:01:00.0", "nvidia", 0x10DE)

    def test_other_devices_on_the_bus_are_none_of_ours(self, tmp_path: Path) -> None:
        machine = intel(tmp_path)
        machine.pci("0000:00:1f.3", 0x8086, 0x51C8, "snd_hda_intel", kind=0x040300)
        assert len(read_machine(tmp_path).chips) == 1

    def test_an_accelerator_is_found_by_its_render_node(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path)
        machine.render(machine.pci("0000:c1:00.0", 0x1002, 0x74A1, "amdgpu", kind=0x120000), 128)
        assert [chip.address for chip in read_machine(tmp_path).chips] == ["0000:c1:00.0"]

    def test_a_virtual_machines_chip_is_the_one_on_the_bus(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path)
        virtio = machine.pci("0000:00:01.0", 0x1AF4, 0x1050, "virtio-pci") / "virtio0"
        virtio.mkdir()
        machine.link(virtio / "subsystem", tmp_path / "sys/bus/virtio")
        machine.bound(virtio, "virtio_gpu", "virtio")
        (virtio / "vendor").write_text("0x1af4\n")
        machine.render(virtio, 128)
        (chip,) = read_machine(tmp_path).chips
        assert (chip.address, chip.device_id, chip.driver) == ("0000:00:01.0", 0x1050, "virtio_gpu")

    def test_a_boards_codec_has_each_of_its_functions(self, tmp_path: Path) -> None:
        raspberry_pi(tmp_path)
        machine = read_machine(tmp_path)
        functions = {video.function: video.node.path.name for video in machine.videos}
        assert functions["bcm2835-codec-encode"] == "video11"
        assert len(functions) == 6
        assert [chip.name for chip in machine.chips] == ["fec00000.v3d"]


class TestWithoutDetection:
    """`detect = false`: a driver that must not be touched is not even asked what it has."""

    def test_nothing_is_there_that_is_not_named(self, tmp_path: Path) -> None:
        nvidia_and_intel(tmp_path)
        machine = read_machine(tmp_path, detect=False)
        assert (machine.chips, machine.cards, machine.videos, machine.bare) == ((), (), (), ())

    def test_a_named_node_brings_its_device_and_no_other(self, tmp_path: Path) -> None:
        intel_and_arc(tmp_path)
        whole = read_machine(tmp_path)
        machine = read_machine(tmp_path, [Path("/dev/dri/renderD129")], detect=False)
        assert machine.chips == whole.chips[1:]

    def test_a_node_is_known_under_another_name_too(self, tmp_path: Path) -> None:
        intel(tmp_path)
        (tmp_path / "sys/class/drm/renderD128/dev").write_text(f"{number(NULL)}\n")
        (tmp_path / "dev/dri/renderD128").unlink()
        (tmp_path / "dev/dri/renderD128").symlink_to(NULL)
        (tmp_path / "dev/gpu").symlink_to(NULL)
        machine = read_machine(tmp_path, [Path("/dev/gpu")], detect=False)
        assert machine.chips == read_machine(tmp_path).chips

    def test_nvidias_driver_is_asked_only_about_its_own(self, tmp_path: Path) -> None:
        nvidia_and_intel(tmp_path)
        assert read_machine(tmp_path, [Path("/dev/dri/renderD128")], detect=False).cards == ()
        machine = read_machine(tmp_path, [Path("/dev/dri/renderD129")], detect=False)
        assert ([chip.driver for chip in machine.chips], len(machine.cards)) == (["nvidia"], 1)

    def test_a_card_without_a_render_node_is_named_by_its_own(self, tmp_path: Path) -> None:
        two_nvidia(tmp_path)
        machine = read_machine(tmp_path, [Path("/dev/nvidia0")], detect=False)
        assert [chip.address for chip in machine.chips] == ["0000:41:00.0"]
        assert (len(machine.cards), machine.bare) == (2, ())

    def test_a_boards_codec_is_named_by_the_node_that_encodes(self, tmp_path: Path) -> None:
        raspberry_pi(tmp_path)
        machine = read_machine(tmp_path, [Path("/dev/video11")], detect=False)
        assert [video.function for video in machine.videos] == ["bcm2835-codec-encode"]
        assert (machine.chips, machine.bare) == ((), ())

    def test_a_node_of_which_nothing_is_shown_is_told_of(self, tmp_path: Path) -> None:
        container(tmp_path)
        node = Machine(tmp_path).node("dri/renderD128")
        assert node.exists()
        ((named, _),) = read_machine(tmp_path, [Path("/dev/gpu/renderD129")], detect=False).bare
        assert named == "/dev/gpu/renderD129"


class TestNodes:
    def test_a_node_in_dev_is_found_though_sysfs_shows_nothing(self, tmp_path: Path) -> None:
        node = Machine(tmp_path).node("dri/renderD128")
        assert [(named, found.path) for named, found in read_machine(tmp_path).bare] == [
            ("/dev/dri/renderD128", node),
        ]

    def test_a_node_elsewhere_is_found_when_it_is_named(self, tmp_path: Path) -> None:
        container(tmp_path)
        assert read_machine(tmp_path).bare == ()
        ((named, node),) = read_machine(tmp_path, [Path("/dev/gpu/renderD129")]).bare
        assert (named, node.path, node.usable) == ("/dev/gpu/renderD129", tmp_path / "dev/gpu/renderD129", True)

    def test_a_named_node_that_is_not_there_is_told_of(self, tmp_path: Path) -> None:
        ((_, node),) = read_machine(tmp_path, [Path("/dev/gpu/renderD130")]).bare
        assert node == Node(tmp_path / "dev/gpu/renderD130", there=False, usable=False)

    def test_naming_what_is_found_anyway_changes_nothing(self, tmp_path: Path) -> None:
        intel(tmp_path)
        assert read_machine(tmp_path, [Path("/dev/dri/renderD128")]) == read_machine(tmp_path)

    def test_a_node_under_another_name_is_the_devices_by_its_number(self, tmp_path: Path) -> None:
        intel(tmp_path)
        (tmp_path / "sys/class/drm/renderD128/dev").write_text(f"{number(NULL)}\n")
        (tmp_path / "dev/dri/renderD128").unlink()
        (tmp_path / "dev/gpu").symlink_to(NULL)
        machine = read_machine(tmp_path, [Path("/dev/gpu")])
        assert machine.bare == ()
        assert machine.chips[0].render is not None
        assert machine.chips[0].render.path == tmp_path / "dev/gpu"

    def test_naming_a_cards_or_a_codecs_own_node_changes_nothing(self, tmp_path: Path) -> None:
        h100(tmp_path / "h100")
        raspberry_pi(tmp_path / "pi")
        for root, node in (("h100", "nvidia0"), ("pi", "video11")):
            assert read_machine(tmp_path / root, [Path("/dev", node)]) == read_machine(tmp_path / root)

    def test_a_node_that_has_the_name_of_another_is_not_taken_for_it(self, tmp_path: Path) -> None:
        """A container that was given the second card as /dev/dri/renderD128."""
        intel_and_arc(tmp_path)
        (tmp_path / "sys/class/drm/renderD129/dev").write_text(f"{number(NULL)}\n")
        for name in ("renderD128", "renderD129"):
            (tmp_path / "dev/dri" / name).unlink()
        (tmp_path / "dev/dri/renderD128").symlink_to(NULL)
        igpu, arc = (chip.render for chip in read_machine(tmp_path).chips)
        assert igpu is not None
        assert arc is not None
        assert not igpu.there
        assert (arc.there, arc.path.name) == (True, "renderD128")

    @pytest.mark.parametrize(
        ("group", "mode", "told"),
        [(1, 0o660, "daemon"), (1, 0o640, None), (1, 0o600, None), (0, 0o660, None), (54321, 0o660, "54321")],
    )
    def test_the_group_of_a_node_is_told_only_where_it_helps(
        self, monkeypatch: pytest.MonkeyPatch, group: int, mode: int, told: str | None
    ) -> None:
        fields = list(NULL.stat()[:10])
        fields[stat.ST_GID], fields[stat.ST_MODE] = group, stat.S_IFCHR | mode
        monkeypatch.setattr(Path, "stat", lambda *_, **__: os.stat_result(fields))
        monkeypatch.setattr(os, "access", lambda *_, **__: False)
        assert read_node(NULL) == Node(NULL, there=True, usable=False, group=told)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
    def test_a_node_without_rights_is_there_but_not_usable(self, tmp_path: Path) -> None:
        intel(tmp_path)
        (tmp_path / "dev/dri/renderD128").chmod(0)
        (chip,) = read_machine(tmp_path).chips
        assert chip.render is not None
        assert (chip.render.there, chip.render.usable) == (True, False)


class TestOddFiles:
    def test_nothing_at_all(self, tmp_path: Path) -> None:
        machine = read_machine(tmp_path / "missing")
        assert (machine.chips, machine.cards, machine.videos, machine.bare, machine.kernel) == ((), (), (), (), None)
        assert machine.user

    def test_the_link_to_the_device_may_be_hidden(self, tmp_path: Path) -> None:
        intel(tmp_path)
        (tmp_path / "sys/class/drm/renderD128").resolve().joinpath("device").unlink()
        (chip,) = read_machine(tmp_path).chips
        assert chip.render is not None

    def test_a_render_node_of_which_sysfs_hides_all_but_its_name(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path)
        machine.write("sys/class/drm/renderD128/dev", "226:128\n")
        machine.node("dri/renderD128")
        assert [named for named, _ in read_machine(tmp_path).bare] == ["/dev/dri/renderD128"]

    @pytest.mark.parametrize("odd", ["gone", "empty", "garbage", "a folder", "a loop"])
    def test_any_file_may_be_missing_or_odd(self, tmp_path: Path, odd: str) -> None:
        """Each file and each link in turn, the others as they are."""
        machine = nvidia_and_intel(tmp_path)
        machine.video(machine.platform("bcm2835-codec", "bcm2835-codec"), 11, "bcm2835-codec-encode")
        places = [Path(folder, name) for folder, folders, names in os.walk(tmp_path) for name in (*folders, *names)]
        odds = [place for place in places if place.is_symlink() or place.is_file()]
        assert odds
        for place in odds:
            aside = place.with_name(f"{place.name}.aside")
            place.rename(aside)
            if odd == "empty":
                place.touch()
            elif odd == "garbage":
                place.write_bytes(b"\0\xff: \xf0\n0x\n\t\t")
            elif odd == "a folder":
                place.mkdir()
            elif odd == "a loop":
                place.symlink_to(place.name)
            read_machine(tmp_path, [Path("/dev/dri/renderD128"), Path("/dev/gpu/renderD129")])
            if odd == "a folder":
                place.rmdir()
            aside.replace(place)

    def test_a_list_of_names_that_is_none(self, tmp_path: Path) -> None:
        machine = nvidia_and_intel(tmp_path)
        machine.write("usr/share/misc/pci.ids", "8086\nxyz  nothing\n\t46a6  of no vendor\n\x00\n")
        assert [chip.model for chip in read_machine(tmp_path).chips] == [None, None]


def test_this_machine_can_be_read() -> None:
    assert read_machine().kernel is not None
