"""The encoders, one table row each: all that is peculiar to an encoder stands in its row and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.config import Quality
from mkv2castd.encoder.h264_levels import LEVELS, level_name
from mkv2castd.encoder.targets import AudioTarget, VideoTarget

KEYFRAME_SECONDS = 2
_ASSUMED_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """One way to encode one codec.

    rate_control: ffmpeg options a quality. levelled: takes a level, and the rates of that level as bounds.
    bits_per_pixel: for encoders that need a bitrate beside a quality; None for those that do not.
    """

    name: str
    codec: str
    device: str
    pixel_format: str
    rate_control: Mapping[Quality, tuple[str, ...]]
    always: tuple[str, ...] = ()
    levelled: bool = False
    bits_per_pixel: Mapping[Quality, float] | None = None

    def options(self, target: VideoTarget, rate: Fraction | None, quality: Quality) -> list[str]:
        """Everything after `-c:v NAME`. rate: frames a second of the result, None if unknown."""
        frames = rate if rate is not None else _ASSUMED_RATE
        options = [*self.rate_control[quality], *self.always]
        options += ["-g", str(max(1, round(frames * KEYFRAME_SECONDS)))]
        if self.levelled and target.level is not None:
            bound = LEVELS[target.level]
            options += ["-level", level_name(target.level)]
            options += ["-maxrate", f"{bound.max_kbps}k", "-bufsize", f"{bound.buffer_kbit}k"]
        if self.bits_per_pixel is not None:
            bits = target.width * target.height * float(frames) * self.bits_per_pixel[quality]
            options += ["-b", str(max(100_000, round(bits)))]
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


VIDEO_ENCODERS = (
    VideoEncoder(
        "libx264",
        "h264",
        "cpu",
        "yuv420p",
        _by_quality("-preset veryfast -crf 23", "-preset medium -crf 21", "-preset slow -crf 19"),
        always=("-profile", "high"),
        levelled=True,
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
