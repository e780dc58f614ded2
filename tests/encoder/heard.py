"""Sound tracks as ffprobe describes them after a plan has been carried out."""

from __future__ import annotations

import re
from dataclasses import replace

from mkv2castd.encoder import sound_options
from mkv2castd.encoder.media import AudioStream
from mkv2castd.encoder.targets import Groundwork, StreamPlan
from mkv2castd.model import Action, Container

# What Matroska and MP4 hold of a sound track's flags, as ffmpeg writes them; WebM has the default one only.
_FLAGS = frozenset({"default", "comment", "visual_impaired", "hearing_impaired", "dub", "descriptions", "forced"})


def sound_result(stream: StreamPlan, position: int, container: Container) -> AudioStream:
    """What becomes of one sound track. position: its index in the output."""
    source = stream.source
    assert isinstance(source, AudioStream)
    assert stream.dispositions is not None
    names = dict(pair.split("=", 1) for pair in _names(source, container))
    language = names.get("language", source.language)
    if container is Container.MP4 and (language is None or re.fullmatch("[a-z]{3}", language) is None):
        language = None
    kept = replace(
        source,
        index=position,
        title=names.get("title", source.title),
        language=language,
        dispositions=stream.dispositions & (frozenset({"default"}) if container is Container.WEBM else _FLAGS),
    )
    goal = stream.audio
    if goal is None:
        return kept
    profile = "LC" if goal.codec == "aac" else None
    made = replace(kept, codec=goal.codec, profile=profile, channels=goal.channels, layout=goal.layout)
    return replace(made, sample_rate=goal.sample_rate, bits=None, bitrate=None)


def _names(source: AudioStream, container: Container) -> list[str]:
    options = sound_options.options(StreamPlan(source, Action.COPY, "copied"), container, Groundwork())
    return [value for option, value in options if option == "-metadata:s"]
