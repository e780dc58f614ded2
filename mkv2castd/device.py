"""The nouns of devices: what a machine has to encode with, how it is reached, and what has been proved of it.

Values only. A device is known by an id that stays the same though render nodes are numbered anew: NVIDIA's UUID, a
PCI address, or the name of the device on a board without PCI. It starts with a letter and is made of letters, digits,
`-` and `_`: a bare key in TOML, a word on a command line, and part of a D-Bus path once each sign but letters and
digits is written as `_` and its two hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

# The two devices that every machine has: pictures are encoded on the one, everything else is done on the other.
CPU = "cpu"
REMUX = "remux"


class Vendor(StrEnum):
    INTEL = "intel"
    AMD = "amd"
    NVIDIA = "nvidia"
    OTHER = "other"


class Backend(StrEnum):
    """One family of ffmpeg's encoders and the way in which its device is opened."""

    CPU = "cpu"
    VAAPI = "vaapi"
    QSV = "qsv"
    NVENC = "nvenc"
    AMF = "amf"
    V4L2M2M = "v4l2m2m"
    VULKAN = "vulkan"


class Skill(StrEnum):
    """What a device may be able to do. The last three are filters over frames that stay on the device."""

    ENCODE = "encode"
    DECODE = "decode"
    SCALE = "scale"
    DEINTERLACE = "deinterlace"
    TONE_MAP = "tone-map"


@dataclass(frozen=True, slots=True)
class Gpu:
    """What the machine shows of a device, before anything has been proved of it.

    driver: the kernel's (i915, xe, amdgpu, nvidia …), None where it is not known; driver_version: whatever changes
    when it is replaced. node: what is opened to use it, a render node or that of a V4L2 encoder; address: on the PCI
    bus ("0000:03:00.0"). environment: what a program must find in its environment so that it can mean no other
    device; index: the number by which ffmpeg's `-gpu` then means this one, NVIDIA's only. problem: why nothing can be
    tried on it, with the remedy.
    """

    id: str
    name: str
    vendor: Vendor
    driver: str | None = None
    driver_version: str | None = None
    node: Path | None = None
    address: str | None = None
    index: int | None = None
    environment: tuple[tuple[str, str], ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Ability:
    """codec: what is encoded or decoded, None for filters. deep: in 10 bits."""

    backend: Backend
    skill: Skill
    codec: str | None = None
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """What a trial came to. problem: why it did not work; None: it did."""

    ability: Ability
    problem: str | None = None

    @property
    def works(self) -> bool:
        return self.problem is None


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU with what was tried on it. proofs: empty while nothing has been tried. problem: why nothing can be
    encoded on it, with the remedy; None where something can, or nothing has been tried yet. slots: how many encodes
    at once have been proved."""

    gpu: Gpu
    proofs: tuple[Proof, ...] = ()
    problem: str | None = None
    slots: int = 1

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset(proof.ability for proof in self.proofs if proof.works)

    def can_encode(self, codec: str, *, deep: bool = False) -> bool:
        return any((a.skill, a.codec, a.deep) == (Skill.ENCODE, codec, deep) for a in self.abilities)


@dataclass(frozen=True, slots=True)
class Station:
    """A device as work is given to it, with what holds of it at the moment. device: None for the processor and for
    the lane of copies. slots: jobs at once. enabled: nobody has switched it off. problem: why it gets nothing though
    it is enabled, with the remedy; None: it is well. untried: it is about to be tried for the first time."""

    id: str
    name: str
    slots: int
    device: Device | None = None
    enabled: bool = True
    problem: str | None = None
    untried: bool = False

    @property
    def open(self) -> bool:
        """Whether it takes new work."""
        return self.enabled and self.problem is None and self.slots > 0


def alone(stations: Iterable[Station]) -> bool:
    """Whether exactly one of them is a GPU: then it needs not be chosen among several."""
    return sum(station.id not in (CPU, REMUX) for station in stations) == 1
