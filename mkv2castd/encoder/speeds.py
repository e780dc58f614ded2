"""How long a device takes for an encode: learned from what it has done, else guessed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mkv2castd.device import CPU, Station
from mkv2castd.work import Work

# What the guesses begin with, in million pixels a second, decoded and encoded ones counted: orders of magnitude of a
# desktop processor with four cores, and of a card of these years. A device's own are known after its first film.
_PROCESSOR = MappingProxyType({"h264": 250.0, "hevc": 120.0, "vp8": 150.0, "vp9": 60.0, "av1": 100.0})
_CARD = MappingProxyType({"h264": 1200.0, "hevc": 900.0, "vp8": 900.0, "vp9": 700.0, "av1": 900.0})
_OTHER_CODEC = 100.0
_QUALITY = MappingProxyType({"fast": 2.0, "balanced": 1.0, "high": 0.5})
_QUALITY_OF_CARD = MappingProxyType({"fast": 1.2, "balanced": 1.0, "high": 0.8})
_DEEP = 0.7
_STEPS = MappingProxyType({"deinterlace": 0.8, "draw": 0.7, "scale": 0.95, "tone-map": 0.5})
_STEPS_OF_CARD = MappingProxyType({"deinterlace": 0.9, "draw": 0.6, "scale": 1.0, "tone-map": 0.8})

# How much the newest of many observations weighs, and by which factor it may differ from what was believed before it
# is taken for an outlier, of which no more than that is believed.
_NEWEST = 0.3
_OUTLIER = 2.0
# A copied picture is read and written as fast as the disk allows: nothing is learned of that.
COPY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """speed: million pixels a second, above 0; count: how many films it was seen of."""

    speed: float
    count: int


class Speeds:
    """seen: by device id and kind of work (`Shape.kind`)."""

    def __init__(self, seen: Mapping[tuple[str, str], Seen]) -> None:
        self._devices: dict[str, _Learned] = {}
        # by device; grows whenever what is expected of it changes, 0 until anything has been seen of it
        self.versions: dict[str, int] = {}
        self.recall(seen)

    def recall(self, seen: Mapping[tuple[str, str], Seen]) -> None:
        """Takes in what was seen before."""
        for (device_id, kind), one in seen.items():
            if _tells(one.speed) and one.count > 0:
                self._note(device_id, kind, one)

    def learn(self, device_id: str, kind: str, megapixels_per_second: float) -> Seen:
        """Takes in one film, and returns what is believed by now. What is not above 0, or not finite, is ignored
        (count 0: nothing is known yet)."""
        learned = self._of(device_id)
        before = learned.seen.get(kind)
        if not _tells(megapixels_per_second):
            return before if before is not None else Seen(0.0, 0)
        now = _after(before, megapixels_per_second) if before is not None else Seen(megapixels_per_second, 1)
        self._note(device_id, kind, now)
        return now

    def seconds(self, station: Station, work: Work) -> float:
        """How long the station is expected to take for it; above 0."""
        return work.megapixels / self.speed(station.id, work.shape.kind)

    def speed(self, device_id: str, kind: str) -> float:
        """Expected million pixels a second; above 0."""
        return self._of(device_id).speed(kind)

    def _note(self, device_id: str, kind: str, now: Seen) -> None:
        self._of(device_id).note(kind, now)
        self.versions[device_id] = self.versions.get(device_id, 0) + 1

    def _of(self, device_id: str) -> _Learned:
        if device_id not in self._devices:
            self._devices[device_id] = _Learned(processor=device_id == CPU)
        return self._devices[device_id]


class _Learned:
    """What is known of one device. Kinds that it has not done are guessed, and the guess is corrected by as much as
    those were wrong that can be compared: their geometric mean."""

    def __init__(self, *, processor: bool) -> None:
        self.seen: dict[str, Seen] = {}
        self._processor = processor
        self._guesses: dict[str, float] = {}
        self._errors = 0.0  # sum of the logarithms of seen / guessed

    def note(self, kind: str, now: Seen) -> None:
        before = self.seen.get(kind)
        self._errors += math.log(now.speed / (before.speed if before is not None else self._guess(kind)))
        self.seen[kind] = now

    def speed(self, kind: str) -> float:
        known = self.seen.get(kind)
        if known is not None:
            return known.speed
        return self._guess(kind) * (math.exp(self._errors / len(self.seen)) if self.seen else 1.0)

    def _guess(self, kind: str) -> float:
        if kind not in self._guesses:
            self._guesses[kind] = guess(kind, processor=self._processor)
        return self._guesses[kind]


def guess(kind: str, *, processor: bool) -> float:
    """Million pixels a second of a device of which nothing is known; above 0. The kind tells codec, 10 bits, quality
    and steps of what is made."""
    codec, _size, quality, *steps = kind.rpartition(" → ")[2].split()
    plain = codec.removesuffix("-10bit")
    speed = (_PROCESSOR if processor else _CARD).get(plain, _OTHER_CODEC)
    speed *= (_QUALITY if processor else _QUALITY_OF_CARD).get(quality, 1.0)
    if codec != plain:
        speed *= _DEEP
    for step in steps:
        speed *= (_STEPS if processor else _STEPS_OF_CARD).get(step, 1.0)
    return speed


def _after(before: Seen, newest: float) -> Seen:
    weight = max(_NEWEST, 1 / (before.count + 1))
    ratio = newest / before.speed
    if before.count > 1:
        ratio = min(max(ratio, 1 / _OUTLIER), _OUTLIER)
    return Seen(before.speed * ratio**weight, before.count + 1)


def _tells(speed: float) -> bool:
    return math.isfinite(speed) and speed > 0
