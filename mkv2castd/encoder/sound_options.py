"""One sound track of the output → ffmpeg's options for it: filters, encoder, flags, language and title."""

from __future__ import annotations

from collections.abc import Iterator

from mkv2castd.encoder import languages, layouts, loudness
from mkv2castd.encoder.audio_rules import wide
from mkv2castd.encoder.backends import audio_encoder
from mkv2castd.encoder.media import AudioStream
from mkv2castd.encoder.roles import WORDS_OF, Role, role_of, titled
from mkv2castd.encoder.targets import AudioTarget, Groundwork, StreamPlan
from mkv2castd.model import Container

# Sound that starts late, or has holes of more than 10 ms, gets silence there: encoders forget holes, and what players
# make of a late start differs. Smaller differences are what containers round times to.
_IN_TIME = "aresample=async=1:first_pts=0:min_hard_comp=0.01"


def options(stream: StreamPlan, container: Container, laid: Groundwork) -> Iterator[tuple[str, str]]:
    """Options without the number of the output's stream, which they all take behind a colon."""
    source, goal = stream.source, stream.audio
    assert isinstance(source, AudioStream), "only sound has sound's options"
    if goal is None:
        yield "-c", "copy"
    else:
        encoder = audio_encoder(goal.codec)
        yield "-c", encoder.name
        chain = [mix(source, goal)]
        measured = laid.loudness.get((source.index, goal.channels))
        if measured is not None:
            chain.append(loudness.levelling(measured, goal.sample_rate))
        yield "-filter", ",".join(chain)
        rest = encoder.options(goal)
        yield from zip(rest[::2], rest[1::2], strict=True)
    yield "-disposition", "+".join(sorted(stream.dispositions or ())) or "0"
    for name, value in _names(source, container):
        yield "-metadata:s", f"{name}={value}"


def mix(source: AudioStream, goal: AudioTarget) -> str:
    """The filters from what is decoded to the channels of `goal`, as loud as the source is."""
    if not wide(source):
        return f"{_IN_TIME},aformat=channel_layouts={goal.layout}"
    channels = source.channels or 0
    if goal.channels > layouts.STEREO:
        return f"{_IN_TIME},{layouts.to_surround(source.layout, channels, goal.layout)}"
    return f"{_IN_TIME},{layouts.to_stereo(source.layout, channels)}"


def _names(source: AudioStream, container: Container) -> Iterator[tuple[str, str]]:
    """What a container would lose. MP4 knows languages of three letters only, and no title but its handler's name;
    WebM has no flags but the default one, so that the title has to tell."""
    title, role = source.title, role_of(source)
    if container is Container.WEBM and titled(title) is Role.MAIN and role in WORDS_OF:
        title = f"{title} ({WORDS_OF[role]})" if title is not None else WORDS_OF[role]
    if title is not None:
        yield "title", title
    if container is Container.MP4:
        yield "handler_name", title if title is not None else "SoundHandler"
        code = languages.letters(source.language)
        if code is not None and code != source.language:
            yield "language", code
