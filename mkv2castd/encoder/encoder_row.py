"""What a row of the table of video encoders tells, and the options that come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.config import Quality
from mkv2castd.device import Backend
from mkv2castd.encoder.levels import level_name, rates
from mkv2castd.encoder.targets import VideoTarget
from mkv2castd.model import Container

KEYFRAME_SECONDS = 2
_ASSUMED_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """One way to encode one codec.

    pixel_format, deep_format: what it is given for 8 and for 10 bits; None: it has no 10 bits. profile,
    deep_profile: the value of `-profile`. rate_control: ffmpeg options a quality. bounded: keeps to the rates of a
    level. level_option: how that level is told; None: not at all. level_word: (codec, level in ffprobe's numbers) →
    the option's value, "4.1" unless the row says otherwise. bits_per_pixel: for encoders that need a bitrate beside a
    quality; None for those that do not. parameters: what is peculiar to a picture.

    graded: writes into its stream how HDR was graded. smallest, largest: width and height that it takes; None:
    its driver tells, or takes all that any target has. containers: where it writes what the muxer needs.
    """

    name: str
    codec: str
    backend: Backend
    pixel_format: str
    rate_control: Mapping[Quality, tuple[str, ...]]
    deep_format: str | None = None
    profile: str | None = None
    deep_profile: str | None = None
    always: tuple[str, ...] = ()
    bounded: bool = False
    level_option: str | None = None
    level_word: Callable[[str, int], str] = level_name
    bits_per_pixel: Mapping[Quality, float] | None = None
    parameters: Callable[[VideoTarget], tuple[str, ...]] | None = None
    graded: bool = False
    smallest: tuple[int, int] | None = None
    largest: tuple[int, int] | None = None
    containers: frozenset[Container] = frozenset(Container)

    def format(self, target: VideoTarget) -> str:
        """The pixel format for `target`."""
        return self.deep_format if target.deep and self.deep_format is not None else self.pixel_format

    def drawn_in(self, target: VideoTarget) -> str:
        """The pixel format with the same samples in which filters in memory leave a frame: software draws into
        planes, hardware takes its colours in pairs."""
        return "yuv420p10le" if self.format(target) == self.deep_format else "yuv420p"

    def options(self, target: VideoTarget, rate: Fraction | None, quality: Quality) -> list[str]:
        """Everything after `-c:v NAME`. rate: frames a second of the result, None if unknown."""
        frames = rate if rate is not None else _ASSUMED_RATE
        options = [*self.rate_control[quality], *self.always]
        profile = self.deep_profile if self.format(target) == self.deep_format else self.profile
        if profile is not None:
            options += ["-profile", profile]
        options += ["-g", str(max(1, round(frames * KEYFRAME_SECONDS)))]
        most = None
        if target.level is not None:
            most, buffer = rates(target.codec, target.level)
            if self.level_option is not None:
                options += [self.level_option, self.level_word(target.codec, target.level)]
            if self.bounded:
                options += ["-maxrate", f"{most}k", "-bufsize", f"{buffer}k"]
        if self.bits_per_pixel is not None:
            aim = max(100_000, round(target.width * target.height * float(frames) * self.bits_per_pixel[quality]))
            options += ["-b", str(aim if most is None else min(aim, most * 1000))]
        if self.parameters is not None:
            options += self.parameters(target)
        return options


def by_quality(fast: str, balanced: str, high: str) -> Mapping[Quality, tuple[str, ...]]:
    rows: dict[Quality, tuple[str, ...]] = {
        "fast": tuple(fast.split()),
        "balanced": tuple(balanced.split()),
        "high": tuple(high.split()),
    }
    return MappingProxyType(rows)


def bits(fast: float, balanced: float, high: float) -> Mapping[Quality, float]:
    """Bits a pixel that are aimed at."""
    rows: dict[Quality, float] = {"fast": fast, "balanced": balanced, "high": high}
    return MappingProxyType(rows)
