"""What is done to each stream of a film so that it plays, and why; or that nothing has to be done.

Every source stream is accounted for. The rules stand by kind of stream in `pictures`, `sound`, `captions` and
`extra_rules`; here they are put together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mkv2castd.config import Settings
from mkv2castd.encoder import captions, chapters, extra_rules, pictures, programmes, sound, video_rules
from mkv2castd.encoder.media import Chapter, Media, OtherStream, VideoStream
from mkv2castd.encoder.playing import hindrances, own_container
from mkv2castd.encoder.profiles import combine, require_fillable
from mkv2castd.encoder.targets import Burn, Sidecar, StreamPlan
from mkv2castd.encoder.tools import UNASKED, Tools
from mkv2castd.encoder.usable import require_a_film
from mkv2castd.encoder.wholeness import require_replaceable, require_whole
from mkv2castd.model import Action, Container, Stage, StreamKind


@dataclass(frozen=True, slots=True)
class Plan:
    """How to make a film play. kept: the output's streams in its order: picture, sound, subtitles, the rest, covers
    as tracks last. dropped: what does not go over. duration in seconds; start: when the film begins, by its clock.

    chapters: those that are written anew, from the output's start on; None: the source's go over as they are.
    format_names: the source's, as ffprobe has them. sidecars: what is made beside the output. notes: what is lost
    that is no stream.
    """

    kept: tuple[StreamPlan, ...]
    dropped: tuple[StreamPlan, ...]
    container: Container
    profile: tuple[str, ...]
    settings: Settings
    duration: float | None = None
    start: float | None = None
    chapters: tuple[Chapter, ...] | None = None
    format_names: tuple[str, ...] = ()
    sidecars: tuple[Sidecar, ...] = ()
    burn: Burn | None = None
    notes: tuple[str, ...] = ()

    @property
    def streams(self) -> tuple[StreamPlan, ...]:
        """Everything in the source's order, dropped ones included."""
        return tuple(sorted((*self.kept, *self.dropped), key=lambda stream: stream.index))

    @property
    def tracks(self) -> tuple[StreamPlan, ...]:
        """What ffmpeg maps: all that is kept, but for what the container takes as an attachment."""
        return tuple(stream for stream in self.kept if not stream.attached)

    @property
    def picture(self) -> StreamPlan:
        """The film itself."""
        return self.kept[0]

    @property
    def copies_video(self) -> bool:
        return self.picture.action is Action.COPY

    @property
    def subtitles(self) -> frozenset[int]:
        """Which of the source's streams are subtitles."""
        return frozenset(stream.index for stream in self.streams if stream.kind is StreamKind.SUBTITLE)

    @property
    def stage(self) -> Stage:
        return Stage.REMUXING if self.copies_video else Stage.TRANSCODING

    def without(self, lost: Mapping[int, str]) -> Plan:
        """As it is to be carried out when some of the source's streams cannot go over after all. lost: by their
        index, why."""
        dropped = tuple(
            StreamPlan(stream.source, Action.DROP, lost[stream.index]) for stream in self.kept if stream.index in lost
        )
        return replace(
            self,
            kept=tuple(stream for stream in self.kept if stream.index not in lost),
            dropped=(*self.dropped, *dropped),
            sidecars=tuple(sidecar for sidecar in self.sidecars if sidecar.source.index not in lost),
            burn=self.burn if self.burn is not None and self.burn.source.index not in lost else None,
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(stream.reason for stream in self.streams)


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing has to be done, and why."""

    reason: str


def plan(media: Media, settings: Settings, tools: Tools = UNASKED) -> Plan | Skip:
    """Decides. Raises MediaError (source_unreadable, unsupported_media) when the film cannot be converted, and
    RequestError for an unknown profile or a container that cannot be filled for these devices."""
    profile = combine(settings.profile, settings.customs)
    into = require_fillable(profile, settings.container.value)
    picture = require_a_film(media, tools)
    if picture is None:
        return Skip("no picture: a sound recording, not a film")
    require_whole(media, settings)
    told = captions.caption(media, settings.container, settings, tools)
    own = own_container(media, profile)
    if own is not None and told.burn is None and not hindrances(media, picture, profile, own, settings, tools):
        how = "listed for Cast" if own.listed else "played in practice"
        return Skip(f"plays as it is on {profile.title}: {video_rules.describe(picture)} in {own.name} ({how})")
    require_replaceable(media, settings)
    turned = into.name == "mp4" and "mp4" in media.format_names
    drawn_on = told.burn is not None
    kept_chapters, lost = chapters.mended(media)
    streams = (
        *pictures.show(media, picture, profile, into, settings, tools, turned=turned, drawn_on=drawn_on),
        *sound.arrange(media, profile, into, settings, tools),
        *told.streams,
        *_extras(media, settings.container),
        *(StreamPlan(stream, Action.DROP, programmes.why_foreign(stream, media)) for stream in media.foreign),
    )
    return Plan(
        kept=tuple(sorted((s for s in streams if s.action is not Action.DROP), key=_is_cover)),
        dropped=tuple(stream for stream in streams if stream.action is Action.DROP),
        container=settings.container,
        profile=settings.profile,
        settings=settings,
        duration=media.duration,
        start=media.start,
        chapters=kept_chapters,
        format_names=media.format_names,
        sidecars=told.sidecars,
        burn=told.burn,
        notes=(f"{lost} of {len(media.chapters)} chapters left out: their times are impossible",) if lost else (),
    )


def _extras(media: Media, container: Container) -> Iterator[StreamPlan]:
    for stream in media.streams:
        if isinstance(stream, VideoStream) and stream.cover:
            fate = extra_rules.cover(stream, container)
        elif isinstance(stream, OtherStream):
            fate = extra_rules.other(stream, container)
        else:
            continue
        yield StreamPlan(stream, fate.action, fate.reason, fate.codec, attached=fate.attached)


def _is_cover(stream: StreamPlan) -> bool:
    return isinstance(stream.source, VideoStream) and stream.source.cover
