"""The encoders, one table row each: all that is peculiar to an encoder stands in its row and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.config import Quality
from mkv2castd.encoder.hdr import x265_mastering
from mkv2castd.encoder.levels import level_name, rates
from mkv2castd.encoder.targets import AudioTarget, VideoTarget

KEYFRAME_SECONDS = 2
_ASSUMED_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """One way to encode one codec.

    pixel_format, deep_format: what it is given for 8 and for 10 bits; None: it has no 10 bits. profile,
    deep_profile: the value of `-profile`. rate_control: ffmpeg options a quality. bounded: keeps to the rates of a
    level. level_option: how that level is told by the name "4.1"; None: not at all. bits_per_pixel: for encoders that
    need a bitrate beside a quality; None for those that do not. parameters: what is peculiar to a picture.
    """

    name: str
    codec: str
    device: str
    pixel_format: str
    rate_control: Mapping[Quality, tuple[str, ...]]
    deep_format: str | None = None
    profile: str | None = None
    deep_profile: str | None = None
    always: tuple[str, ...] = ()
    bounded: bool = False
    level_option: str | None = None
    bits_per_pixel: Mapping[Quality, float] | None = None
    parameters: Callable[[VideoTarget], tuple[str, ...]] | None = None

    def format(self, target: VideoTarget) -> str:
        """The pixel format for `target`."""
        return self.deep_format if target.deep and self.deep_format is not None else self.pixel_format

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
                options += [self.level_option, level_name(target.codec, target.level)]
            if self.bounded:
                options += ["-maxrate", f"{most}k", "-bufsize", f"{buffer}k"]
        if self.bits_per_pixel is not None:
            bits = round(target.width * target.height * float(frames) * self.bits_per_pixel[quality])
            options += ["-b", str(max(100_000, bits if most is None else min(bits, most * 1000)))]
        if self.parameters is not None:
            options += self.parameters(target)
        return options


@dataclass(frozen=True, slots=True)
class AudioEncoder:
    """One way to encode one sound codec."""

    name: str
    codec: str
    always: tuple[str, ...] = ()

    def options(self, target: AudioTarget) -> list[str]:
        """Everything after `-c:a NAME`."""
        bitrate = f"{target.bitrate_kbps}k"
        return [*self.always, "-b", bitrate, "-ar", str(target.sample_rate), "-ac", str(target.channels)]


def _by_quality(fast: str, balanced: str, high: str) -> Mapping[Quality, tuple[str, ...]]:
    rows: dict[Quality, tuple[str, ...]] = {
        "fast": tuple(fast.split()),
        "balanced": tuple(balanced.split()),
        "high": tuple(high.split()),
    }
    return MappingProxyType(rows)


def _x265(target: VideoTarget) -> tuple[str, ...]:
    """x265's own options, which ffmpeg has no names for.

    Not the level: told one, x265 3.5 crashes over small pictures; it writes the lowest that holds size, rate and
    bitrate.
    """
    told = ["log-level=error", "open-gop=0", "high-tier=0"]
    if target.mastering is not None:
        told.append(f"master-display={x265_mastering(target.mastering)}")
    if target.light is not None:
        told.append(f"max-cll={target.light.max_content},{target.light.max_average}")
    return "-x265-params", ":".join(told)


VIDEO_ENCODERS = (
    VideoEncoder(
        "libx264",
        "h264",
        "cpu",
        "yuv420p",
        _by_quality("-preset veryfast -crf 23", "-preset medium -crf 21", "-preset slow -crf 19"),
        profile="high",
        bounded=True,
        level_option="-level",
    ),
    VideoEncoder(
        "libx265",
        "hevc",
        "cpu",
        "yuv420p",
        _by_quality("-preset superfast -crf 24", "-preset fast -crf 22", "-preset medium -crf 19"),
        deep_format="yuv420p10le",
        profile="main",
        deep_profile="main10",
        bounded=True,
        parameters=_x265,
    ),
    VideoEncoder(
        "libvpx",
        "vp8",
        "cpu",
        "yuv420p",
        _by_quality(
            "-deadline good -cpu-used 5 -crf 14",
            "-deadline good -cpu-used 3 -crf 10",
            "-deadline good -cpu-used 1 -crf 6",
        ),
        bits_per_pixel=MappingProxyType({"fast": 0.1, "balanced": 0.13, "high": 0.2}),
    ),
    VideoEncoder(
        "libvpx-vp9",
        "vp9",
        "cpu",
        "yuv420p",
        _by_quality(
            "-deadline good -cpu-used 5 -crf 32",
            "-deadline good -cpu-used 3 -crf 28",
            "-deadline good -cpu-used 2 -crf 24",
        ),
        deep_format="yuv420p10le",
        profile="0",
        deep_profile="2",
        always=("-row-mt", "1", "-tile-columns", "2"),
        level_option="-level",
        bits_per_pixel=MappingProxyType({"fast": 0.08, "balanced": 0.1, "high": 0.16}),
    ),
)
AUDIO_ENCODERS = (AudioEncoder("aac", "aac"), AudioEncoder("libopus", "opus"))
# What each format of subtitles is written by.
SUBTITLE_ENCODERS: Mapping[str, str] = MappingProxyType({"subrip": "srt", "mov_text": "mov_text", "webvtt": "webvtt"})


def video_encoder(codec: str, device: str = "cpu") -> VideoEncoder:
    """The encoder of `codec` on `device`. Raises LookupError when there is none."""
    for row in VIDEO_ENCODERS:
        if (row.codec, row.device) == (codec, device):
            return row
    raise LookupError(f"no {codec} encoder on {device}")


def audio_encoder(codec: str) -> AudioEncoder:
    """The encoder of `codec`. Raises LookupError when there is none."""
    for row in AUDIO_ENCODERS:
        if row.codec == codec:
            return row
    raise LookupError(f"no {codec} encoder")
