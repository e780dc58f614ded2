"""The encoders behind the kernel's and Khronos' interfaces (VAAPI, Vulkan, V4L2), one row each.

What their options mean was read in ffmpeg's sources (libavcodec/vaapi_encode.c, vulkan_encode.c, v4l2_m2m_enc.c). No
row of VAAPI or Vulkan names a number of B-frames: the encoders ask the driver.
"""

from __future__ import annotations

from mkv2castd.device import Backend
from mkv2castd.encoder.encoder_row import VideoEncoder, bits, by_quality
from mkv2castd.model import Container


def _number(_codec: str, level: int) -> str:
    """VAAPI and Vulkan name level 4.0 "4" and would take "4.0" for the number 4: so they are told ffprobe's."""
    return str(level)


# With a quality and a bitrate VAAPI takes the best mode that the driver has: QVBR, which keeps to the level's rates,
# else ICQ or a constant QP, which do not. So the same options work on every driver, and old ones are unbounded.
# `-compression_level` is left alone: 7 means fastest to Intel's driver and best to Mesa's.
_VAAPI = (
    VideoEncoder(
        "h264_vaapi",
        "h264",
        Backend.VAAPI,
        "nv12",
        by_quality("-global_quality 25", "-global_quality 23", "-global_quality 20"),
        profile="high",
        bounded=True,
        level_option="-level",
        level_word=_number,
        bits_per_pixel=bits(0.1, 0.13, 0.2),
    ),
    # Mesa's older drivers leave eight more lines under a picture of 1080 (shotcut 1557, obs-studio 10953): the proof
    # of such a device has to look at the size that comes out.
    VideoEncoder(
        "hevc_vaapi",
        "hevc",
        Backend.VAAPI,
        "nv12",
        by_quality("-global_quality 26", "-global_quality 24", "-global_quality 21"),
        deep_format="p010le",
        profile="main",
        deep_profile="main10",
        always=("-tier", "main"),
        bounded=True,
        level_option="-level",
        level_word=_number,
        bits_per_pixel=bits(0.06, 0.08, 0.13),
        graded=True,
    ),
    VideoEncoder(
        "vp8_vaapi", "vp8", Backend.VAAPI, "nv12", by_quality("", "", ""), bits_per_pixel=bits(0.1, 0.13, 0.2)
    ),
    # the profile follows from the depth of what is uploaded; B-frames would come out in an order that needs a further
    # bitstream filter
    VideoEncoder(
        "vp9_vaapi",
        "vp9",
        Backend.VAAPI,
        "nv12",
        by_quality("", "", ""),
        deep_format="p010le",
        always=("-bf", "0"),
        bounded=True,
        bits_per_pixel=bits(0.08, 0.1, 0.16),
    ),
    # RDNA 3 encodes 1080 lines as 1082 (AMF 423)
    VideoEncoder(
        "av1_vaapi",
        "av1",
        Backend.VAAPI,
        "nv12",
        by_quality("", "", ""),
        deep_format="p010le",
        profile="main",
        deep_profile="main",
        always=("-tier", "main"),
        bounded=True,
        level_option="-level",
        level_word=_number,
        bits_per_pixel=bits(0.05, 0.07, 0.11),
    ),
)

# Without a mode ffmpeg takes the variable bitrate where the driver has it, else the constant one; named outright, it
# fails where it is missing.
_VULKAN = (
    VideoEncoder(
        "h264_vulkan",
        "h264",
        Backend.VULKAN,
        "nv12",
        by_quality("", "", "-tune hq"),
        profile="high",
        always=("-usage", "transcode"),
        bounded=True,
        level_option="-level",
        level_word=_number,
        bits_per_pixel=bits(0.1, 0.13, 0.2),
    ),
    VideoEncoder(
        "hevc_vulkan",
        "hevc",
        Backend.VULKAN,
        "nv12",
        by_quality("", "", "-tune hq"),
        deep_format="p010le",
        profile="main",
        deep_profile="main10",
        always=("-usage", "transcode", "-tier", "main"),
        bounded=True,
        level_option="-level",
        level_word=_number,
        bits_per_pixel=bits(0.06, 0.08, 0.13),
        graded=True,
    ),
)

# A driver of V4L2 is told a bitrate, a distance between keyframes and a profile by number, and nothing else; ffmpeg
# refuses B-frames. Raspberry Pi's takes planes (raspberrypi/linux 5191), 32 to 1920 a side (bcm2835-v4l2-codec.c).
# ffmpeg hands its headers to the muxer in the first packet: MP4 waits for it, Matroska has written its own by then
# and comes out unplayable (raspberrypi/linux 4909).
_V4L2M2M = (
    VideoEncoder(
        "h264_v4l2m2m",
        "h264",
        Backend.V4L2M2M,
        "yuv420p",
        by_quality("", "", ""),
        profile="100",
        always=("-bf", "0"),
        bits_per_pixel=bits(0.1, 0.13, 0.2),
        smallest=(32, 32),
        largest=(1920, 1920),
        containers=frozenset({Container.MP4}),
    ),
    VideoEncoder(
        "hevc_v4l2m2m",
        "hevc",
        Backend.V4L2M2M,
        "yuv420p",
        by_quality("", "", ""),
        always=("-bf", "0"),
        bits_per_pixel=bits(0.06, 0.08, 0.13),
        smallest=(32, 32),
        largest=(1920, 1920),
        containers=frozenset({Container.MP4}),
    ),
)

STANDARD_ENCODERS = (*_VAAPI, *_VULKAN, *_V4L2M2M)
