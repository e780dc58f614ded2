"""Which sound tracks the output has, in which order and in which form, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mkv2castd.config import Settings
from mkv2castd.encoder import audio_rules
from mkv2castd.encoder.media import AudioStream, Media
from mkv2castd.encoder.profiles import ContainerRow, Profile
from mkv2castd.encoder.targets import StreamPlan
from mkv2castd.encoder.tools import Tools
from mkv2castd.model import Action

# What is encoded to in each container.
_TARGET: Mapping[str, str] = MappingProxyType({"mkv": "aac", "mp4": "aac", "webm": "opus", "mpegts": "aac"})


def arrange(
    media: Media, profile: Profile, into: ContainerRow, settings: Settings, tools: Tools
) -> tuple[StreamPlan, ...]:
    """The output's sound tracks in their order; those that are dropped stand among them. Every track of `media`
    has at least one entry. A result of this, arranged again, stays as it is."""
    usable = [stream for stream in media.audio if audio_rules.usable(stream, tools)]
    planned = []
    for stream in media.audio:
        if stream in usable:
            planned.append(_one(stream, stream is usable[0], profile, into, settings))
        else:
            planned.append(StreamPlan(stream, Action.DROP, "announced, but holds no sound that can be decoded"))
    return tuple(planned)


def _one(stream: AudioStream, first: bool, profile: Profile, into: ContainerRow, settings: Settings) -> StreamPlan:
    said = audio_rules.describe(stream)
    faults = audio_rules.faults(stream, first, profile, into)
    if not faults:
        return StreamPlan(stream, Action.COPY, f"{said}: plays as it is", stream.codec)
    goal = audio_rules.target(stream, _TARGET[into.name], settings)
    reason = f"{said}: {'; '.join(faults)} → {audio_rules.describe_target(goal)}"
    return StreamPlan(stream, Action.TRANSCODE, reason, goal.codec, audio=goal)
