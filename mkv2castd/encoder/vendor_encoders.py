"""The encoders behind the libraries of those who make the cards (Intel, NVIDIA, AMD), one row each.

What their options mean was read in ffmpeg's sources (libavcodec/qsvenc.c, nvenc.c, amfenc*.c). No row names a number
of B-frames: NVENC's presets know the card, the others' drivers choose.
"""

from __future__ import annotations

from mkv2castd.device import Backend
from mkv2castd.encoder.encoder_row import VideoEncoder, bits, by_quality
from mkv2castd.encoder.levels import level_name


def _tenfold(codec: str, level: int) -> str:
    """QSV hands ffmpeg's own `-level` to the driver, which counts ten times the name in every codec (mfxcommon.h), so
    HEVC 5.1 is 51 and not ffprobe's 153; H.264's 1b is 9 to both."""
    return str(level) if codec == "h264" else level_name(codec, level).replace(".", "")


# A quality, a bitrate and a highest bitrate make QVBR. ffmpeg 5.1 writes nothing of how HDR was graded; 7.1 does.
_QSV = (
    VideoEncoder(
        "h264_qsv",
        "h264",
        Backend.QSV,
        "nv12",
        by_quality(
            "-preset veryfast -global_quality 25",
            "-preset medium -global_quality 23",
            "-preset slower -global_quality 20",
        ),
        profile="high",
        bounded=True,
        level_option="-level",
        level_word=_tenfold,
        bits_per_pixel=bits(0.1, 0.13, 0.2),
    ),
    VideoEncoder(
        "hevc_qsv",
        "hevc",
        Backend.QSV,
        "nv12",
        by_quality(
            "-preset veryfast -global_quality 26",
            "-preset medium -global_quality 24",
            "-preset slower -global_quality 21",
        ),
        deep_format="p010le",
        profile="main",
        deep_profile="main10",
        bounded=True,
        level_option="-level",
        level_word=_tenfold,
        bits_per_pixel=bits(0.06, 0.08, 0.13),
    ),
    VideoEncoder(
        "vp9_qsv",
        "vp9",
        Backend.QSV,
        "nv12",
        by_quality("-preset veryfast", "-preset medium", "-preset slower"),
        deep_format="p010le",
        profile="profile0",
        deep_profile="profile2",
        bounded=True,
        bits_per_pixel=bits(0.08, 0.1, 0.16),
    ),
    VideoEncoder(
        "av1_qsv",
        "av1",
        Backend.QSV,
        "nv12",
        by_quality("-preset veryfast", "-preset medium", "-preset slower"),
        deep_format="p010le",
        profile="main",
        deep_profile="main",
        bounded=True,
        level_option="-level",
        level_word=_tenfold,
        bits_per_pixel=bits(0.05, 0.07, 0.11),
    ),
)

# A bitrate of 0 leaves the quality to rule, up to the highest bitrate. Look-ahead is refused by cards before the
# second Maxwell. Sizes: NVENC application note 13.0 for the largest, reports for the smallest
# (VideoProcessingFramework 214 and 421); cards before Pascal take no more than 4096 in HEVC either, which their
# trial with the film itself tells.
_NVENC = (
    VideoEncoder(
        "h264_nvenc",
        "h264",
        Backend.NVENC,
        "nv12",
        by_quality(
            "-preset p2 -rc vbr -cq 25 -b 0", "-preset p4 -rc vbr -cq 23 -b 0", "-preset p6 -rc vbr -cq 20 -b 0"
        ),
        profile="high",
        always=("-tune", "hq", "-spatial-aq", "1"),
        bounded=True,
        level_option="-level",
        smallest=(146, 146),
        largest=(4096, 4096),
    ),
    VideoEncoder(
        "hevc_nvenc",
        "hevc",
        Backend.NVENC,
        "nv12",
        by_quality(
            "-preset p2 -rc vbr -cq 26 -b 0", "-preset p4 -rc vbr -cq 24 -b 0", "-preset p6 -rc vbr -cq 21 -b 0"
        ),
        deep_format="p010le",
        profile="main",
        deep_profile="main10",
        always=("-tune", "hq", "-tier", "main", "-spatial-aq", "1"),
        bounded=True,
        level_option="-level",
        smallest=(130, 130),
        largest=(8192, 8192),
    ),
    VideoEncoder(
        "av1_nvenc",
        "av1",
        Backend.NVENC,
        "nv12",
        by_quality(
            "-preset p2 -rc vbr -cq 34 -b 0", "-preset p4 -rc vbr -cq 30 -b 0", "-preset p6 -rc vbr -cq 26 -b 0"
        ),
        deep_format="p010le",
        always=("-tune", "hq", "-tier", "0", "-spatial-aq", "1"),
        bounded=True,
        level_option="-level",
        smallest=(192, 128),
        largest=(8192, 8192),
    ),
)

# ffmpeg's hevc_amf knew only Main until 8.0, so it is given 8 bits. Quality modes that newer versions have are left
# alone: this one is in 5.1 too.
_AMF = (
    VideoEncoder(
        "h264_amf",
        "h264",
        Backend.AMF,
        "nv12",
        by_quality("-quality speed", "-quality balanced", "-quality quality"),
        profile="high",
        always=("-usage", "transcoding", "-rc", "vbr_peak"),
        bounded=True,
        level_option="-level",
        bits_per_pixel=bits(0.1, 0.13, 0.2),
    ),
    VideoEncoder(
        "hevc_amf",
        "hevc",
        Backend.AMF,
        "nv12",
        by_quality("-quality speed", "-quality balanced", "-quality quality"),
        profile="main",
        always=("-usage", "transcoding", "-rc", "vbr_peak", "-profile_tier", "main"),
        bounded=True,
        level_option="-level",
        bits_per_pixel=bits(0.06, 0.08, 0.13),
    ),
    VideoEncoder(
        "av1_amf",
        "av1",
        Backend.AMF,
        "nv12",
        by_quality("-quality speed", "-quality balanced", "-quality quality"),
        profile="main",
        always=("-usage", "transcoding", "-rc", "vbr_peak"),
        bounded=True,
        level_option="-level",
        bits_per_pixel=bits(0.05, 0.07, 0.11),
    ),
)

VENDOR_ENCODERS = (*_QSV, *_NVENC, *_AMF)
