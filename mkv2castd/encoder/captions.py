"""Which subtitles the output has, which go beside it and which are drawn into the picture, and why."""

from __future__ import annotations

from dataclasses import dataclass

from mkv2castd.config import Settings
from mkv2castd.encoder import extra_rules
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.targets import Burn, Sidecar, StreamPlan
from mkv2castd.model import Container


@dataclass(frozen=True, slots=True)
class Captions:
    """streams: an entry for each of the source's subtitle streams, in the output's order."""

    streams: tuple[StreamPlan, ...] = ()
    sidecars: tuple[Sidecar, ...] = ()
    burn: Burn | None = None


def caption(media: Media, container: Container, settings: Settings) -> Captions:
    """What `subtitles` in the film's folder asks for, as far as `container` holds it."""
    streams = []
    for stream in media.subtitles:
        fate = extra_rules.subtitle(stream, container)
        streams.append(StreamPlan(stream, fate.action, fate.reason, fate.codec))
    return Captions(tuple(streams))
