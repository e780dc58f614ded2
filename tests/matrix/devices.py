"""What Cast devices play, written down a second time for the checker: nothing here comes from the program.

Source: Google's "Supported Media for Google Cast" for the devices, the Jellyfin project's Cast receiver for what
plays inside each container. Levels as ffprobe tells them: H.264 4.1 is 41, HEVC 5.1 is 153.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Box:
    """A picture of at most width × height, at most `rate` times a second."""

    width: int
    height: int
    rate: int


@dataclass(frozen=True, slots=True)
class Codec:
    boxes: tuple[Box, ...]
    profiles: frozenset[str]
    formats: frozenset[str]
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """hdr: the transfers that it shows. dolby: whether Dolby Vision plays."""

    video: dict[str, Codec]
    hdr: frozenset[str] = frozenset()
    dolby: bool = False


HD30, HD60, P720_60, P720_30 = Box(1920, 1080, 30), Box(1920, 1080, 60), Box(1280, 720, 60), Box(1280, 720, 30)
UHD30, UHD60 = Box(3840, 2160, 30), Box(3840, 2160, 60)
_BOTH_HDR = frozenset({"smpte2084", "arib-std-b67"})
_H264_PROFILES = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})
_8BIT = frozenset({"yuv420p", "yuvj420p"})
_10BIT = frozenset({"yuv420p", "yuv420p10le"})


def _h264(level: int, *boxes: Box) -> Codec:
    return Codec(boxes, _H264_PROFILES, _8BIT, level)


_HEVC = Codec((UHD60,), frozenset({"Main", "Main 10"}), _10BIT | _8BIT, 153)
_VP8 = Codec((HD30, P720_60), frozenset(), frozenset({"yuv420p"}))
_VP9 = Codec((UHD60,), frozenset({"Profile 0", "Profile 2"}), _10BIT)
_AV1 = Codec((UHD60,), frozenset({"Main"}), _10BIT, 13)  # seq_level_idx of 5.1

_CHROMECAST_1 = Device({"h264": _h264(41, HD30, P720_60), "vp8": _VP8})
_CHROMECAST_3 = Device({"h264": _h264(42, HD60), "vp8": _VP8})

DEVICES: dict[str, Device] = {
    "chromecast-1": _CHROMECAST_1,
    "chromecast-3": _CHROMECAST_3,
    "chromecast-ultra": Device(
        {
            "h264": _h264(42, HD60),
            "hevc": _HEVC,
            "vp8": Codec((UHD30,), frozenset(), frozenset({"yuv420p"})),
            "vp9": _VP9,
        },
        _BOTH_HDR,
        True,
    ),
    "chromecast-google-tv": Device({"h264": _h264(51, UHD30), "hevc": _HEVC, "vp9": _VP9}, _BOTH_HDR, True),
    "google-tv-streamer": Device(
        {"h264": _h264(52, UHD60), "hevc": _HEVC, "vp9": _VP9, "av1": _AV1}, _BOTH_HDR, True
    ),
    "nest-hub": Device(
        {"h264": _h264(41, P720_60), "vp9": Codec((P720_60,), frozenset({"Profile 0"}), frozenset({"yuv420p"}))}
    ),
    "nest-hub-max": Device(
        {"h264": _h264(41, P720_30), "vp9": Codec((P720_30,), frozenset({"Profile 0"}), frozenset({"yuv420p"}))}
    ),
}
# The name for every Chromecast that has ever been sold.
MEMBERS: dict[str, tuple[str, ...]] = {"chromecast": ("chromecast-1", "chromecast-3")}


def devices(names: tuple[str, ...]) -> tuple[tuple[str, Device], ...]:
    members = [member for name in names for member in MEMBERS.get(name, (name,))]
    return tuple((name, DEVICES[name]) for name in dict.fromkeys(members))


@dataclass(frozen=True, slots=True)
class Container:
    """What plays in it. subtitles: the kinds that it holds at all."""

    video: frozenset[str]
    audio: frozenset[str]
    subtitles: frozenset[str]
    attachments: bool = False


CONTAINERS: dict[str, Container] = {
    "mkv": Container(
        frozenset({"h264", "hevc", "vp8", "vp9", "av1"}),
        frozenset({"aac", "mp3", "vorbis", "opus", "flac"}),
        frozenset({"subrip", "ass", "ssa", "webvtt", "text", "dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle"}),
        attachments=True,
    ),
    "mp4": Container(frozenset({"h264", "hevc", "vp9", "av1"}), frozenset({"aac", "mp3"}), frozenset({"mov_text"})),
    "webm": Container(frozenset({"vp8", "vp9", "av1"}), frozenset({"opus", "vorbis"}), frozenset({"webvtt"})),
    "mpegts": Container(frozenset({"h264"}), frozenset({"aac", "mp3"}), frozenset({"dvb_subtitle", "dvb_teletext"})),
}


@dataclass(frozen=True, slots=True)
class Sound:
    """profiles: empty where the codec has none. rates: Hz, most."""

    rate: int
    profiles: frozenset[str] = field(default_factory=frozenset)
    bits: int = 24


SOUND: dict[str, Sound] = {
    "aac": Sound(96_000, frozenset({"LC", "HE-AAC", "HE-AACv2"})),
    "mp3": Sound(48_000),
    "vorbis": Sound(96_000),
    "opus": Sound(48_000),
    "flac": Sound(96_000),
}

# ITU-T H.264 table A-1: level → (macroblocks a second, a frame, kept; kbit/s of the High profile).
H264_LEVELS: dict[int, tuple[int, int, int, int]] = {
    9: (1_485, 99, 396, 160),
    10: (1_485, 99, 396, 80),
    11: (3_000, 396, 900, 240),
    12: (6_000, 396, 2_376, 480),
    13: (11_880, 396, 2_376, 960),
    20: (11_880, 396, 2_376, 2_500),
    21: (19_800, 792, 4_752, 5_000),
    22: (20_250, 1_620, 8_100, 5_000),
    30: (40_500, 1_620, 8_100, 12_500),
    31: (108_000, 3_600, 18_000, 17_500),
    32: (216_000, 5_120, 20_480, 25_000),
    40: (245_760, 8_192, 32_768, 25_000),
    41: (245_760, 8_192, 32_768, 62_500),
    42: (522_240, 8_704, 34_816, 62_500),
    50: (589_824, 22_080, 110_400, 168_750),
    51: (983_040, 36_864, 184_320, 300_000),
    52: (2_073_600, 36_864, 184_320, 300_000),
}
# ITU-T H.265 table A.8 and A.9: level → (luma samples a picture, a second).
HEVC_LEVELS: dict[int, tuple[int, int]] = {
    30: (36_864, 552_960),
    60: (122_880, 3_686_400),
    63: (245_760, 7_372_800),
    90: (552_960, 16_588_800),
    93: (983_040, 33_177_600),
    120: (2_228_224, 66_846_720),
    123: (2_228_224, 133_693_440),
    150: (8_912_896, 267_386_880),
    153: (8_912_896, 534_773_760),
    156: (8_912_896, 1_069_547_520),
}
SLACK = Fraction(102, 100)  # rates that are measured from a few frames are a little off


def h264_level_fault(level: int, size: tuple[int, int], rate: Fraction | None, refs: int | None) -> str | None:
    """Why a decoder of `level` need not be able to show this; None: it must be."""
    if level not in H264_LEVELS:
        return f"{level} is no level of H.264"
    a_second, a_frame, kept, _ = H264_LEVELS[level]
    frame = -(-size[0] // 16) * -(-size[1] // 16)
    if frame > a_frame:
        return f"level {level / 10} holds {a_frame} macroblocks a frame, these are {frame}"
    if rate is not None and frame * rate > a_second * SLACK:
        return f"level {level / 10} holds {a_second} macroblocks a second, these are {float(frame * rate):.0f}"
    if refs is not None and refs > min(16, kept // frame):
        return f"level {level / 10} keeps {min(16, kept // frame)} frames of this size, {refs} are asked for"
    return None


def hevc_level_fault(level: int, size: tuple[int, int], rate: Fraction | None) -> str | None:
    if level not in HEVC_LEVELS:
        return f"{level} is no level of HEVC"
    picture, second = HEVC_LEVELS[level]
    luma = size[0] * size[1]
    if luma > picture:
        return f"level {level / 30} holds {picture} samples a picture, these are {luma}"
    if rate is not None and luma * rate > second * SLACK:
        return f"level {level / 30} holds {second} samples a second, these are {float(luma * rate):.0f}"
    return None
