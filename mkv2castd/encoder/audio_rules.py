"""Whether a sound track plays as it is, and if not, what it has to become."""

from __future__ import annotations

from types import MappingProxyType

from mkv2castd.config import Settings
from mkv2castd.encoder.media import AudioStream
from mkv2castd.encoder.profiles import ContainerRow, Profile
from mkv2castd.encoder.targets import AudioTarget
from mkv2castd.encoder.tools import Tools

STEREO = 2
_KEPT_RATES = frozenset({32_000, 44_100, 48_000})
_USUAL_RATE = 48_000
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
_PASSTHROUGH = frozenset({"ac3", "eac3", "dts", "truehd", "mlp"})


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


def faults(stream: AudioStream, first: bool, profile: Profile, container: ContainerRow) -> tuple[str, ...]:
    """Why the track does not play as it is in `container`; empty: it does. A first track must be stereo or mono."""
    row = profile.audio_row(stream.codec)
    if row is None:
        if stream.codec in _PASSTHROUGH:
            return ("no Cast device is certain to decode it",)
        return ("the devices do not play this codec",)
    found: list[str] = []
    if row.codec not in container.audio:
        found.append(f"does not play in {container.name}")
    if row.profiles and stream.profile is not None and stream.profile not in row.profiles:
        found.append(f"profile {stream.profile} does not play")
    if stream.sample_rate is not None and stream.sample_rate > row.max_rate:
        found.append(f"{stream.sample_rate} Hz are more than {row.max_rate} Hz")
    if stream.bits is not None and stream.bits > row.max_bits:
        found.append(f"{stream.bits} bits are more than {row.max_bits}")
    if first and stream.channels is None:
        found.append("number of channels unknown, and the first track must be stereo")
    elif first and stream.channels is not None and stream.channels > STEREO:
        found.append("the first track must be stereo")
    return tuple(found)


def target(stream: AudioStream, codec: str, settings: Settings) -> AudioTarget:
    """Stereo, or mono where there is but one channel; `audio_bitrate_kbps` is for a stereo pair."""
    mono = stream.channels == 1
    keep_rate = codec != "opus" and stream.sample_rate in _KEPT_RATES
    return AudioTarget(
        codec=codec,
        channels=1 if mono else STEREO,
        sample_rate=stream.sample_rate if keep_rate and stream.sample_rate is not None else _USUAL_RATE,
        bitrate_kbps=settings.audio_bitrate_kbps // 2 if mono else settings.audio_bitrate_kbps,
        layout_known=stream.channels is None or stream.layout is not None or stream.channels <= 8,
    )


def describe_target(target: AudioTarget) -> str:
    """ "stereo AAC" """
    return f"{'mono' if target.channels == 1 else 'stereo'} {_NAMES.get(target.codec, target.codec)}"


def _channels(stream: AudioStream) -> str:
    if stream.channels in (1, 2):
        return "mono" if stream.channels == 1 else "stereo"
    layout = (stream.layout or "").partition("(")[0]
    return layout if layout[:1].isdigit() else f"{stream.channels}-channel"
