"""Any film and any wish, for laws that must hold for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from mkv2castd.config import Settings
from mkv2castd.encoder.media import AnyStream, External, Light, Mastering, Media, Scan
from mkv2castd.encoder.tools import Tools
from mkv2castd.model import Container
from tests.encoder.films import FORMATS, audio, data, film, font, subtitle, video


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


_F = Fraction
_SCREEN = Mastering(
    *((_F(34, 50), _F(16, 50)), (_F(265, 1000), _F(69, 100)), (_F(15, 100), _F(6, 100))),
    white=(_F(3127, 10000), _F(329, 1000)),
    darkest=_F(1, 10000),
    brightest=_F(1000),
)
_LANGUAGES = _maybe(st.sampled_from(["eng", "ger", "deu", "de", "fre", "zxx", "qaa"]))
_TITLES = _maybe(st.sampled_from(["Surround 5.1", "Director's Commentary", "Audio description", "…"]))
_RATES = st.sampled_from([_F(24000, 1001), *map(_F, (25, 50, 60, 120, 999)), _F(1, 7)])
_PICTURE_CODECS = (
    *("h264", "h264", "h264", "hevc", "hevc", "vp8", "vp9", "av1", "mpeg2video", "mpeg4", "mjpeg", "prores"),
    *("vc1", "vvc", "theora"),
)
_PROFILES = ("High", "Main", "High 10", "Main 10", "Rext", "Profile 0", "Profile 2", "0", "Stereo High", "odd")
_PIXELS = ("yuv420p", "yuvj420p", "yuv420p10le", "yuv422p", "yuv444p12le", "gray", "gbrp", "pal8", "yuva420p")
_PICTURE_FLAGS = (frozenset[str](), frozenset({"default"}), frozenset({"attached_pic"}))
_PICTURES = st.fixed_dictionaries(
    {
        "codec": st.sampled_from(_PICTURE_CODECS),
        "profile": _maybe(st.sampled_from(_PROFILES)),
        "level": _maybe(st.sampled_from([9, 10, 31, 40, 41, 42, 51, 52, 62, 120, 153, 186])),
        "width": st.integers(1, 65536) | st.sampled_from([320, 1279, 1280, 1920, 3840]),
        "height": st.integers(1, 65536) | st.sampled_from([180, 719, 720, 1080, 2160]),
        "refs": _maybe(st.integers(1, 16)),
        "bitrate": _maybe(st.sampled_from([1, 5_000_000, 10**9])),
        "pixel_format": _maybe(st.sampled_from(_PIXELS)),
        "frame_rate": _maybe(_RATES),
        "peak_rate": _maybe(_RATES),
        "pixel_aspect": _maybe(st.sampled_from([_F(1), _F(64, 45), _F(1, 1000), _F(10**6)])),
        "field_order": _maybe(st.sampled_from(["progressive", "tt", "bb", "tb"])),
        "rotation": st.sampled_from([0, 0, 0, 90, 180, 270, 17]),
        "color_transfer": _maybe(st.sampled_from(["bt709", "smpte2084", "arib-std-b67", "linear"])),
        "color_primaries": _maybe(st.sampled_from(["bt709", "bt2020", "smpte170m"])),
        "color_space": _maybe(st.sampled_from(["bt709", "bt2020nc", "gbr", "smpte170m"])),
        "color_range": _maybe(st.sampled_from(["tv", "pc"])),
        "dolby_vision": _maybe(st.sampled_from([4, 5, 7, 8, 10])),
        "dolby_vision_base": _maybe(st.sampled_from([0, 1, 2, 4, 6])),
        "hdr10_plus": st.booleans(),
        "mastering": _maybe(st.just(_SCREEN)),
        "light": _maybe(st.just(Light(1000, 400))),
        "record": _maybe(st.sampled_from([23, 100])),
        "scan": _maybe(st.sampled_from(Scan)),
        "language": _LANGUAGES,
        "dispositions": st.sampled_from(_PICTURE_FLAGS),
    }
).map(lambda facts: video(**facts))
_SOUND_FLAGS = ("default", "comment", "visual_impaired", "hearing_impaired", "original", "dub")
_SOUND_CODECS = (
    *("aac", "aac", "mp3", "opus", "vorbis", "flac", "ac3", "eac3", "dts", "truehd", "pcm_s16le", "alac", "wmav2"),
    *("amr_nb", "ac4"),
)
_LAYOUTS = ("mono", "stereo", "5.1", "5.1(side)", "7.1", "hexadecagonal", "2 channels (FL+LFE)")
_SOUNDS = st.fixed_dictionaries(
    {
        "codec": _maybe(st.sampled_from(_SOUND_CODECS)),
        "profile": _maybe(st.sampled_from(["LC", "HE-AAC", "LTP", "DTS-HD MA"])),
        "channels": _maybe(st.sampled_from([1, 2, 3, 6, 8, 16, 24])),
        "layout": _maybe(st.sampled_from(_LAYOUTS)),
        "sample_rate": _maybe(st.sampled_from([8000, 12000, 44100, 48000, 96000, 192000])),
        "bits": _maybe(st.sampled_from([16, 24, 32])),
        "language": _LANGUAGES,
        "title": _TITLES,
        "dispositions": st.frozensets(st.sampled_from(_SOUND_FLAGS), max_size=2),
    }
).map(lambda facts: audio(**facts))
_SUBTITLE_CODECS = (
    *("subrip", "ass", "mov_text", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "dvb_teletext"),
    *("eia_608", None),
)
_SUBTITLES = st.builds(
    lambda codec, language, title, flags: subtitle(0, codec, language=language, title=title, dispositions=flags),
    st.sampled_from(_SUBTITLE_CODECS),
    _LANGUAGES,
    _TITLES,
    st.frozensets(st.sampled_from(["default", "forced", "hearing_impaired"]), max_size=2),
)
_OTHERS = st.sampled_from(
    [font(0, mimetype="font/ttf", filename="a.ttf"), font(0), data(0, codec="bin_data"), data(0, codec_tag="tmcd")]
)
_EXTERNALS = st.lists(
    st.sampled_from(
        [External(Path("/films/a.en.srt"), "subrip", "en"), External(Path("/films/a.ass"), "ass", forced=True)]
    ),
    max_size=2,
    unique=True,
)


def _film(streams: Sequence[AnyStream], container: str, brand: str | None, externals: list[External]) -> Media:
    numbered = (replace(stream, index=position) for position, stream in enumerate(streams))
    return film(*numbered, container=container, brand=brand, externals=tuple(externals))


FILMS = st.builds(
    _film,
    st.lists(_PICTURES | _SOUNDS | _SUBTITLES | _OTHERS, min_size=1, max_size=7),
    st.sampled_from(sorted(FORMATS)),
    st.sampled_from([None, "isom", "qt  "]),
    _EXTERNALS,
)
TOOLS = st.builds(Tools, placebo=st.booleans())


def wishes(profile: tuple[str, ...], container: Container) -> st.SearchStrategy[Settings]:
    """Everything that a configuration may ask for, for these devices."""
    return st.builds(
        Settings,
        profile=st.just(profile),
        container=st.just(container),
        max_height=st.sampled_from([0, 0, 16, 480, 720, 4320]),
        quality=st.sampled_from(["fast", "balanced", "high"]),
        subtitles=st.sampled_from(["sidecar", "embed", "burn", "none"]),
        burn_forced_only=st.booleans(),
        languages=st.sampled_from([(), ("de",), ("eng", "fr")]),
        surround=st.sampled_from(["drop", "after", "only"]),
        passthrough=st.sampled_from([(), ("ac3",), ("ac3", "eac3", "dts", "truehd")]),
        loudness=st.sampled_from(["off", "ebu-r128"]),
    )
