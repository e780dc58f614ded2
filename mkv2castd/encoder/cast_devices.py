"""What each Cast device plays, as data.

Sources: [A] Google, "Supported Media for Google Cast" (developers.google.com/cast/docs/media); [B] the Jellyfin
project's Cast receiver, which decides what Jellyfin plays directly (jellyfin/jellyfin-chromecast,
src/components/codecSupportHelper.ts); [C] Chromium, the engine of Cast receivers: the containers that its demuxers
open. Both pages were read in November 2026. A further device is a further row of DEVICES.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

from mkv2castd.encoder.playable import AudioRow, ContainerRow, Hdr, Limit, Profile, VideoRow, intersection, profile

_720P30 = Limit(1280, 720, Fraction(30))
_720P60 = Limit(1280, 720, Fraction(60))
_1080P30 = Limit(1920, 1080, Fraction(30))
_1080P60 = Limit(1920, 1080, Fraction(60))
_2160P30 = Limit(3840, 2160, Fraction(30))
_2160P60 = Limit(3840, 2160, Fraction(60))

EIGHT_BIT = frozenset({"yuv420p", "yuvj420p"})
TEN_BIT = EIGHT_BIT | {"yuv420p10le"}
_TWO_HDR = frozenset({Hdr.HDR10, Hdr.HLG})

# Which of a codec's profiles there are rows for, in ffprobe's words: the 8-bit ones, and those of 10 bits.
# H.264 [A] "High Profile": every profile below it is contained in it, the 10-bit and 4:2:2 ones are not.
PROFILES_OF: Mapping[str, tuple[frozenset[str], frozenset[str]]] = MappingProxyType(
    {
        "av1": (frozenset({"Main"}), frozenset()),  # AV1's Main holds 8 and 10 bits
        "h264": (frozenset({"Constrained Baseline", "Baseline", "Main", "High"}), frozenset({"High 10"})),
        "hevc": (frozenset({"Main"}), frozenset({"Main 10"})),
        "vp8": (frozenset(), frozenset()),
        "vp9": (frozenset({"Profile 0"}), frozenset({"Profile 2"})),
    }
)


def _h264(level: int, *limits: Limit) -> VideoRow:
    return VideoRow("h264", limits, EIGHT_BIT, PROFILES_OF["h264"][0], level)


def _vp8(*limits: Limit) -> VideoRow:
    return VideoRow("vp8", limits, frozenset({"yuv420p"}))


def _deep(codec: str, level: int | None, hdr: frozenset[Hdr]) -> VideoRow:
    """A codec of the 2160p60 devices, in 8 and 10 bits."""
    eight, ten = PROFILES_OF[codec]
    return VideoRow(codec, (_2160P60,), TEN_BIT, eight | ten, level, hdr=hdr)


def _small_vp9(limit: Limit) -> VideoRow:
    return VideoRow("vp9", (limit,), EIGHT_BIT, PROFILES_OF["vp9"][0], level=40)


_HEVC = _deep("hevc", 153, _TWO_HDR | {Hdr.DOLBY_VISION})
_AV1 = _deep("av1", 13, _TWO_HDR)

# [A]: every device. How many channels are too many is judged by the plan: no device is certain of more than two [B].
AUDIO = (
    AudioRow("aac", profiles=frozenset({"LC", "HE-AAC", "HE-AACv2"})),
    AudioRow("flac", max_rate=96_000, max_bits=24),
    AudioRow("mp3"),
    AudioRow("opus"),
    AudioRow("vorbis"),
)
# What players take in each container, should the device play the codec at all.
CONTAINERS = (
    # [A]; codecs [B]: H.264 and HEVC, AAC and MP3, Dolby's where a receiver takes them; AV1 [C]. VP9 in MP4 stands in
    # neither source.
    ContainerRow("mp4", True, frozenset({"av1", "h264", "hevc"}), frozenset({"aac", "ac3", "eac3", "mp3"})),
    ContainerRow("webm", True, frozenset({"av1", "vp8", "vp9"}), frozenset({"opus", "vorbis"})),  # [A, B], AV1 [C]
    ContainerRow("mpegts", True, frozenset({"h264"}), frozenset({"aac", "ac3", "eac3", "mp3"})),  # [A], codecs [B]
    # Not listed; receivers play it in practice, being Chromium. WebM is a Matroska, and ffprobe tells them not
    # apart, so what plays in WebM stands here too.
    ContainerRow(
        "mkv",
        False,
        frozenset({"av1", "h264", "hevc", "vp8", "vp9"}),
        frozenset({"aac", "ac3", "dts", "eac3", "flac", "mp3", "opus", "truehd", "vorbis"}),
    ),
)


def _device(name: str, title: str, *video: VideoRow) -> Profile:
    return profile((name,), title, video, AUDIO, CONTAINERS)


_MEMBERS = (  # [A], video row by video row
    _device(
        "chromecast-1", "Chromecast (1st and 2nd generation)", _h264(41, _1080P30, _720P60), _vp8(_1080P30, _720P60)
    ),
    _device("chromecast-3", "Chromecast (3rd generation)", _h264(42, _1080P60), _vp8(_1080P30, _720P60)),
    _device(
        "chromecast-ultra",
        "Chromecast Ultra",
        _h264(42, _1080P60),
        _HEVC,
        _vp8(_2160P30),
        _deep("vp9", 51, _TWO_HDR),
    ),
    _device(
        "chromecast-google-tv",
        "Chromecast with Google TV (4K)",
        _h264(51, _2160P30),
        _HEVC,
        _deep("vp9", None, _TWO_HDR),
    ),
    _device(
        "google-tv-streamer",
        "Google TV Streamer",
        _h264(52, _2160P60),
        _HEVC,
        _deep("vp9", None, _TWO_HDR),
        _AV1,
    ),
    _device("nest-hub", "Nest Hub", _h264(41, _720P60), _small_vp9(_720P60)),
    _device("nest-hub-max", "Nest Hub Max", _h264(41, _720P30), _small_vp9(_720P30)),
)
_CHROMECAST = replace(
    intersection(_MEMBERS[0], _MEMBERS[1]), names=("chromecast",), title="every Chromecast ever sold"
)

DEVICES: Mapping[str, Profile] = MappingProxyType({row.names[0]: row for row in (_CHROMECAST, *_MEMBERS)})
