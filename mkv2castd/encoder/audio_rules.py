"""Whether a sound track plays as it is, and if not, what it has to become."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from mkv2castd.config import Settings
from mkv2castd.encoder import layouts, timing
from mkv2castd.encoder.media import AudioStream
from mkv2castd.encoder.profiles import ContainerRow, Profile
from mkv2castd.encoder.targets import AudioTarget
from mkv2castd.encoder.tools import Tools

STEREO = 2
# Both encoders take these, and every device plays them. What is sampled otherwise is brought to the nearest of its
# family: below 32 kHz, the encoders' bandwidth and bitrates are those of a telephone.
_KEPT_RATES = frozenset({32_000, 44_100, 48_000})
_CD_FAMILY = 11_025
_CD_RATE = 44_100
_USUAL_RATE = 48_000
_MOST_KBPS = 640  # of a surround track: as much as AC-3 has
_NAMES = MappingProxyType(
    {
        "aac": "AAC",
        "ac3": "AC-3",
        "eac3": "E-AC-3",
        "dts": "DTS",
        "truehd": "TrueHD",
        "mp3": "MP3",
        "opus": "Opus",
        "vorbis": "Vorbis",
        "flac": "FLAC",
    }
)
# Decoded by receivers behind a Cast device, if at all.
_RECEIVERS = frozenset({"ac3", "eac3", "dts", "truehd", "mlp"})
# Which of them ffmpeg writes into a container; TrueHD goes into MP4 as an experiment only.
_HELD: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "mkv": _RECEIVERS,
        "mp4": frozenset({"ac3", "eac3", "dts"}),
        "mpegts": frozenset({"ac3", "eac3", "dts", "truehd"}),
        "webm": frozenset(),
    }
)
# Below this, MP4 knows no MP3 (ffmpeg refuses to write it).
_LEAST_RATES: Mapping[tuple[str, str], int] = MappingProxyType({("mp4", "mp3"): 16_000})
# What is encoded to in each container.
_CODEC: Mapping[str, str] = MappingProxyType({"mkv": "aac", "mp4": "aac", "webm": "opus", "mpegts": "aac"})


def describe(stream: AudioStream) -> str:
    """ "5.1 DTS", "stereo HE-AAC", "Opus" """
    name = _NAMES.get(stream.codec or "", (stream.codec or "unknown codec").upper())
    if stream.codec == "aac" and stream.profile not in (None, "LC"):
        name = stream.profile if stream.profile.startswith("HE-") else f"AAC ({stream.profile})"
    return name if stream.channels is None else f"{_channels(stream)} {name}"


def usable(stream: AudioStream, tools: Tools) -> bool:
    """Whether there is any sound to decode: a codec that ffmpeg decodes, and at least one fact about the sound."""
    told = stream.channels is not None or stream.sample_rate is not None
    return told and tools.can_decode(stream.codec)


def wide(stream: AudioStream) -> bool:
    """More than two channels, which no Cast device is certain to play."""
    return stream.channels is not None and stream.channels > STEREO


def faults(stream: AudioStream, profile: Profile, container: ContainerRow) -> tuple[str, ...]:
    """Why the track does not play as it is in `container`; empty: it does, as far as its codec goes."""
    row = profile.audio_row(stream.codec)
    if row is None:
        if stream.codec in _RECEIVERS:
            return ("no Cast device is certain to decode it",)
        return ("the devices do not play this codec",)
    found: list[str] = []
    if row.codec not in container.audio:
        found.append(f"does not play in {container.name}")
    if row.profiles and stream.profile is not None and stream.profile not in row.profiles:
        found.append(f"profile {stream.profile} does not play")
    if stream.sample_rate is not None and stream.sample_rate < _LEAST_RATES.get((container.name, row.codec), 0):
        found.append(f"{container.name} holds none of {stream.sample_rate} Hz")
    if stream.sample_rate is not None and stream.sample_rate > row.max_rate:
        found.append(f"{stream.sample_rate} Hz are more than {row.max_rate} Hz")
    if stream.bits is not None and stream.bits > row.max_bits:
        found.append(f"{stream.bits} bits are more than {row.max_bits}")
    hidden = timing.hidden(stream, container.name)
    if hidden is not None:
        found.append(hidden)
    if stream.channels is None:
        found.append("number of channels unknown, and the first track must be stereo")
    elif wide(stream) and layouts.named(stream.layout, stream.channels) is None:
        found.append("nothing says which of its channels belongs where")
    return tuple(found)


def passes_through(stream: AudioStream, container: ContainerRow, settings: Settings) -> bool:
    """The user's receiver decodes it, and the container takes it there."""
    return stream.codec in settings.passthrough and stream.codec in _HELD[container.name]


def stereo_target(stream: AudioStream, container: ContainerRow, settings: Settings) -> AudioTarget:
    """Stereo, or mono where there is but one channel; `audio_bitrate_kbps` is for a stereo pair."""
    mono = stream.channels == 1
    codec = _CODEC[container.name]
    return AudioTarget(
        codec=codec,
        channels=1 if mono else STEREO,
        sample_rate=_rate(stream, codec),
        bitrate_kbps=settings.audio_bitrate_kbps // 2 if mono else settings.audio_bitrate_kbps,
        layout="mono" if mono else "stereo",
        levelled=settings.loudness == "ebu-r128",
    )


def surround_target(stream: AudioStream, container: ContainerRow, settings: Settings) -> AudioTarget | None:
    """Surround sound in a codec that plays; None where nobody can say which channel belongs where, or all that it
    has more than stereo is bass."""
    codec = _CODEC[container.name]
    layout = layouts.written_as(stream.layout, stream.channels or 0, codec)
    if layout is None:
        return None
    channels = layouts.channels_of(layout)
    return AudioTarget(
        codec=codec,
        channels=channels,
        sample_rate=_rate(stream, codec),
        bitrate_kbps=min(_MOST_KBPS, settings.audio_bitrate_kbps * -(-channels // STEREO)),
        layout=layout,
        levelled=settings.loudness == "ebu-r128",
    )


def _rate(stream: AudioStream, codec: str) -> int:
    if codec == "opus" or stream.sample_rate is None:
        return _USUAL_RATE
    if stream.sample_rate in _KEPT_RATES:
        return stream.sample_rate
    return _CD_RATE if stream.sample_rate % _CD_FAMILY == 0 else _USUAL_RATE


def describe_target(target: AudioTarget) -> str:
    """ "stereo AAC" """
    return f"{target.layout} {_NAMES.get(target.codec, target.codec)}"


def _channels(stream: AudioStream) -> str:
    if stream.channels in (1, 2):
        return "mono" if stream.channels == 1 else "stereo"
    layout = (stream.layout or "").partition("(")[0]
    return layout if re.fullmatch(r"\d+(\.\d+)+", layout) else f"{stream.channels}-channel"
