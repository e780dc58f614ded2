"""The encoders, one table row each: all that is peculiar to an encoder stands in its row and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mkv2castd.device import Backend
from mkv2castd.encoder.encoder_row import VideoEncoder, bits, by_quality
from mkv2castd.encoder.hdr import x265_mastering
from mkv2castd.encoder.standard_encoders import STANDARD_ENCODERS
from mkv2castd.encoder.targets import AudioTarget, VideoTarget
from mkv2castd.encoder.vendor_encoders import VENDOR_ENCODERS


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


# On the processor: what every machine has.
VIDEO_ENCODERS = (
    VideoEncoder(
        "libx264",
        "h264",
        Backend.CPU,
        "yuv420p",
        by_quality("-preset veryfast -crf 23", "-preset medium -crf 21", "-preset slow -crf 19"),
        profile="high",
        bounded=True,
        level_option="-level",
    ),
    VideoEncoder(
        "libx265",
        "hevc",
        Backend.CPU,
        "yuv420p",
        by_quality("-preset superfast -crf 24", "-preset fast -crf 22", "-preset medium -crf 19"),
        deep_format="yuv420p10le",
        profile="main",
        deep_profile="main10",
        bounded=True,
        parameters=_x265,
        graded=True,
    ),
    VideoEncoder(
        "libvpx",
        "vp8",
        Backend.CPU,
        "yuv420p",
        by_quality(
            "-deadline good -cpu-used 5 -crf 14",
            "-deadline good -cpu-used 3 -crf 10",
            "-deadline good -cpu-used 1 -crf 6",
        ),
        bits_per_pixel=bits(0.1, 0.13, 0.2),
    ),
    VideoEncoder(
        "libvpx-vp9",
        "vp9",
        Backend.CPU,
        "yuv420p",
        by_quality(
            "-deadline good -cpu-used 5 -crf 32",
            "-deadline good -cpu-used 3 -crf 28",
            "-deadline good -cpu-used 2 -crf 24",
        ),
        deep_format="yuv420p10le",
        profile="0",
        deep_profile="2",
        always=("-row-mt", "1", "-tile-columns", "2"),
        level_option="-level",
        bits_per_pixel=bits(0.08, 0.1, 0.16),
    ),
)
# On the devices of every backend.
GPU_ENCODERS = (*STANDARD_ENCODERS, *VENDOR_ENCODERS)
AUDIO_ENCODERS = (AudioEncoder("aac", "aac"), AudioEncoder("libopus", "opus"))
# What each format of subtitles is written by.
SUBTITLE_ENCODERS: Mapping[str, str] = MappingProxyType({"subrip": "srt", "mov_text": "mov_text", "webvtt": "webvtt"})


def video_encoder(codec: str, backend: Backend = Backend.CPU) -> VideoEncoder:
    """The encoder of `codec` by `backend`. Raises LookupError when there is none."""
    for row in (*VIDEO_ENCODERS, *GPU_ENCODERS):
        if (row.codec, row.backend) == (codec, backend):
            return row
    raise LookupError(f"no {codec} encoder on {backend}")


def audio_encoder(codec: str) -> AudioEncoder:
    """The encoder of `codec`. Raises LookupError when there is none."""
    for row in AUDIO_ENCODERS:
        if row.codec == codec:
            return row
    raise LookupError(f"no {codec} encoder")
