"""Films and devices of a made-up house, for trying the schedule out: seeded, with a clock of its own.

What a device really takes for a film is known here only. It differs from what a device of its sort takes in general,
for each kind of work in its own way, and from film to film.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from mkv2castd.device import CPU, Ability, Backend, Device, Gpu, Proof, Skill, Station, Vendor
from mkv2castd.encoder.demands import Stations
from mkv2castd.encoder.speeds import Speeds, guess
from mkv2castd.encoder.turns import Turn
from mkv2castd.work import Shape, Work

SD, HD, FHD, UHD = (720, 576), (1280, 720), (1920, 1080), (3840, 2160)


@dataclass(frozen=True)
class Sort:
    """A sort of card. pace: its speed to that of the schedule's guess."""

    name: str
    encodes: tuple[tuple[str, bool], ...]
    pace: float
    slots: int = 1
    backend: Backend = Backend.VAAPI


ALL = (("h264", False), ("hevc", False), ("hevc", True))
# The processor is in every house; cards come in this order. NVIDIA's do not write how HDR was graded.
PROCESSOR_PACE = 1.5
CARDS = (
    Sort("recent", ALL, 0.9),
    Sort("strong", ALL, 1.6, slots=2, backend=Backend.NVENC),
    Sort("h264-only", (("h264", False),), 0.5),
    Sort("weak", ALL, 0.4),
    Sort("no-10bit", (("h264", False), ("hevc", False)), 0.7, backend=Backend.NVENC),
    Sort("second", ALL, 0.8),
    Sort("old", (("h264", False),), 0.6, slots=2),
)


def _shape(
    source: str,
    size: tuple[int, int],
    codec: str,
    made: tuple[int, int],
    *steps: str,
    deep: bool = False,
    source_deep: bool = False,
    graded: bool = False,
) -> Shape:
    pixels = size[0] * size[1]
    return Shape(codec, *made, "mkv", "balanced", deep, graded, source, source_deep, pixels, steps)


# How many of a hundred films are of each sort.
LIBRARY = (
    (18, _shape("mpeg2video", SD, "h264", SD, "deinterlace")),
    (8, _shape("mpeg4", SD, "h264", SD)),
    (7, _shape("mpeg2video", FHD, "h264", FHD, "deinterlace")),
    (20, _shape("hevc", FHD, "h264", FHD)),
    (12, _shape("hevc", FHD, "h264", FHD, source_deep=True)),
    (8, _shape("vc1", FHD, "h264", FHD)),
    (6, _shape("h264", HD, "h264", HD, source_deep=True)),
    (12, _shape("hevc", UHD, "h264", FHD, "scale", "tone-map", source_deep=True)),
    (2, _shape("hevc", UHD, "hevc", UHD, deep=True, source_deep=True, graded=True)),
    (1, _shape("av1", UHD, "hevc", UHD, deep=True, source_deep=True)),
    (2, _shape("vp9", UHD, "hevc", UHD)),
    (4, _shape("av1", FHD, "h264", FHD, "draw")),
)
FOLDERS = ("films", "series", "family")
# Minutes from, to; and how many of a hundred.
LENGTHS = ((15, 5, 15), (45, 20, 60), (40, 80, 180))


@dataclass(frozen=True)
class Film:
    turn: Turn
    arrives: float
    seconds: Mapping[str, float]  # by device, of those that can


@dataclass(frozen=True)
class World:
    stations: tuple[Station, ...]
    films: tuple[Film, ...]


def world(films: int, devices: int, seed: int, *, arriving: float = 0.0) -> World:
    """devices: the processor and cards. arriving: the hours within which the films come; 0: all at once."""
    dice = random.Random(f"{films} {devices} {seed}")
    stations = (Station(CPU, "the processor", 1), *(card(sort) for sort in CARDS[: devices - 1]))
    paces = {CPU: PROCESSOR_PACE, **{sort.name: sort.pace for sort in CARDS}}
    able = Stations(Speeds({}))
    for station in stations:
        able.update(station)
    truth = _Truth(dice, paces)
    made = []
    for number in range(films):
        turn = _turn(dice, number)
        assert turn.work is not None
        seconds = truth.seconds(turn.work, [s.id for s in stations if able.can(s, turn.work.shape)])
        made.append(Film(turn, 3600 * arriving * number / films, seconds))
    return World(stations, tuple(made))


def card(sort: Sort) -> Station:
    if sort.backend is Backend.NVENC:
        gpu = Gpu(sort.name, sort.name, Vendor.NVIDIA, driver="nvidia", index=0)
    else:
        gpu = Gpu(sort.name, sort.name, Vendor.AMD, driver="amdgpu", node=Path("/dev/dri") / sort.name)
    proofs = tuple(Proof(Ability(sort.backend, Skill.ENCODE, codec, deep)) for codec, deep in sort.encodes)
    return Station(sort.name, sort.name, sort.slots, Device(gpu, proofs, slots=sort.slots))


def _turn(dice: random.Random, number: int) -> Turn:
    (shape,) = dice.choices([shape for _, shape in LIBRARY], [share for share, _ in LIBRARY])
    ((_, least, most),) = dice.choices(LENGTHS, [share for share, _, _ in LENGTHS])
    rank = -dice.choice((1, 5)) if dice.random() < 0.05 else 0
    work = Work(shape, 60 * dice.uniform(least, most), 24.0 if shape.source_pixels == UHD[0] * UHD[1] else 25.0)
    return Turn(rank, number, UUID(int=number), dice.choice(FOLDERS), work)


class _Truth:
    """seconds = million pixels / (guess × the device's pace × its way with this kind), times the film's and the
    moment's own."""

    def __init__(self, dice: random.Random, paces: Mapping[str, float]) -> None:
        self._dice = dice
        self._paces = paces
        self._ways: dict[tuple[str, str], float] = {}

    def seconds(self, work: Work, devices: Sequence[str]) -> dict[str, float]:
        kind, film = work.shape.kind, self._about(0.1)
        return {
            device: work.megapixels
            / (guess(kind, processor=device == CPU) * self._paces[device] * self._way(device, work.shape))
            * film
            * self._about(0.03)
            for device in devices
        }

    def _way(self, device: str, shape: Shape) -> float:
        """Good at some codecs to decode, at some to encode, and at some kinds."""
        return math.prod(
            self._drawn(device, what, spread)
            for what, spread in (
                (f"from {shape.source_codec}", 0.15),
                (f"to {shape.codec} {shape.deep}", 0.15),
                (shape.kind, 0.1),
            )
        )

    def _drawn(self, device: str, what: str, spread: float) -> float:
        if (device, what) not in self._ways:
            self._ways[device, what] = self._about(spread)
        return self._ways[device, what]

    def _about(self, spread: float) -> float:
        return math.exp(self._dice.gauss(0.0, spread))
