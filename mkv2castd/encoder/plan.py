"""What is done to each stream of a film so that it plays, and why; or that nothing has to be done.

Every source stream is accounted for once. Every sound track that holds sound stays, in its order: the first one
in stereo, since no device is certain of more; later ones as they are where the devices play their codec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mkv2castd.config import Settings
from mkv2castd.encoder import audio_rules, extra_rules, video_rules
from mkv2castd.encoder.audio_rules import AudioTarget
from mkv2castd.encoder.media import AnyStream, AudioStream, Media, OtherStream, SubtitleStream, VideoStream
from mkv2castd.encoder.profiles import ContainerRow, Profile, combine
from mkv2castd.encoder.usable import require_a_film
from mkv2castd.encoder.video_rules import VideoTarget
from mkv2castd.model import Action, Analysis, Container, Stage, StreamDecision, StreamKind

# What is encoded to in each container; Profile says whether the devices take it.
_VIDEO_TARGET: Mapping[Container, str] = MappingProxyType(
    {Container.MKV: "h264", Container.MP4: "h264", Container.WEBM: "vp8"}
)
_AUDIO_TARGET: Mapping[Container, str] = MappingProxyType(
    {Container.MKV: "aac", Container.MP4: "aac", Container.WEBM: "opus"}
)
_MP4_BRANDS_OF_OTHERS = ("qt", "3g")
# Formats whose packets may lack a time of presentation.
_TIMELESS = frozenset({"avi", "mpeg", "mpegvideo", "h264", "hevc", "m4v", "vc1", "rm"})


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What is done to one stream. target: the codec it has in the output, None when it is dropped.

    relevel: the H.264 level to write into a copied stream instead of an overstated one.
    """

    source: AnyStream
    action: Action
    reason: str
    target: str | None = None
    video: VideoTarget | None = None
    audio: AudioTarget | None = None
    relevel: int | None = None

    @property
    def index(self) -> int:
        return self.source.index

    @property
    def kind(self) -> StreamKind:
        return self.source.kind


@dataclass(frozen=True, slots=True)
class Plan:
    """How to make a film play. `streams` are in the source's order, dropped ones included. duration in seconds.

    chapters: they are sound and are kept. missing_times: the source's packets may lack times.
    """

    streams: tuple[StreamPlan, ...]
    container: Container
    profile: tuple[str, ...]
    settings: Settings
    duration: float | None = None
    chapters: bool = True
    missing_times: bool = False

    @property
    def kept(self) -> tuple[StreamPlan, ...]:
        """The streams of the output in its order: picture, sound, the rest, attachments last."""
        rank = {StreamKind.VIDEO: 0, StreamKind.AUDIO: 1, StreamKind.SUBTITLE: 2}
        kept = [stream for stream in self.streams if stream.action is not Action.DROP]
        return tuple(sorted(kept, key=lambda stream: 3 if _is_cover(stream.source) else rank.get(stream.kind, 4)))

    @property
    def picture(self) -> StreamPlan:
        """The film itself."""
        return next(s for s in self.kept if isinstance(s.source, VideoStream) and not s.source.cover)

    @property
    def copies_video(self) -> bool:
        return self.picture.action is Action.COPY

    @property
    def lane(self) -> str:
        """Where the work belongs: "remux" when no picture is encoded, else "cpu"."""
        return "remux" if self.copies_video else "cpu"

    @property
    def stage(self) -> Stage:
        return Stage.REMUXING if self.copies_video else Stage.TRANSCODING

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(stream.reason for stream in self.streams)


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing has to be done, and why."""

    reason: str


def plan(media: Media, settings: Settings) -> Plan | Skip:
    """Decides. Raises MediaError (source_unreadable, unsupported_media) when the film cannot be converted, and
    RequestError for an unknown profile."""
    profile = combine(settings.profile)
    picture = require_a_film(media)
    if picture is None:
        return Skip("no picture: a sound recording, not a film")
    own = profile.container(container_of(media))
    if own is not None and _plays(media, picture, profile, own, settings):
        how = "listed for Cast" if own.listed else "played in practice"
        return Skip(f"plays as it is on {profile.title}: {video_rules.describe(picture)} in {own.name} ({how})")
    into = profile.container(settings.container.value)
    assert into is not None, "every profile knows every container that the configuration allows"
    return Plan(
        streams=tuple(_streams(media, picture, profile, into, settings)),
        container=settings.container,
        profile=settings.profile,
        settings=settings,
        duration=media.duration,
        chapters=_sound_chapters(media),
        missing_times=not _TIMELESS.isdisjoint(media.format_names),
    )


def container_of(media: Media) -> str | None:
    """The container as the profiles call it, judged by content; None when no device is known to take it."""
    names = media.format_names
    if "mp4" in names:
        if media.index_first is False:
            return None  # Google lists MP4 with its index in front only
        return None if (media.brand or "").startswith(_MP4_BRANDS_OF_OTHERS) else "mp4"
    return "mkv" if "matroska" in names else "mpegts" if "mpegts" in names else None


def _plays(media: Media, picture: VideoStream, profile: Profile, own: ContainerRow, settings: Settings) -> bool:
    row = profile.video_row(picture.codec) if picture.codec in own.video else None
    verdict = video_rules.judge(picture, row, own.name == "mp4", settings)
    sound = _sounding(media)
    return (
        not verdict.faults
        and verdict.relevel is None
        and media.pictures[0] is picture
        and len(sound) == len(media.audio)
        and not any(audio_rules.faults(s, s is sound[0], profile, own) for s in sound)
    )


def _streams(
    media: Media, picture: VideoStream, profile: Profile, into: ContainerRow, settings: Settings
) -> Iterator[StreamPlan]:
    sound = _sounding(media)
    for stream in media.streams:
        match stream:
            case VideoStream() if stream is picture:
                turned = into.name == "mp4" and container_of(media) == "mp4"
                yield _video(stream, profile, into, turned, settings)
            case VideoStream() if not stream.cover:
                yield StreamPlan(stream, Action.DROP, "another picture track: a Cast device shows one")
            case AudioStream() if stream not in sound:
                yield StreamPlan(stream, Action.DROP, "announced, but holds no sound that can be decoded")
            case AudioStream():
                yield _audio(stream, stream is sound[0], profile, into, settings)
            case VideoStream():
                yield _extra(stream, extra_rules.cover(stream, settings.container))
            case SubtitleStream():
                yield _extra(stream, extra_rules.subtitle(stream, settings.container))
            case OtherStream():
                yield _extra(stream, extra_rules.other(stream, settings.container))


def _video(stream: VideoStream, profile: Profile, into: ContainerRow, turned: bool, settings: Settings) -> StreamPlan:
    said = video_rules.describe(stream)
    row = profile.video_row(stream.codec) if stream.codec in into.video else None
    if row is None and profile.video_row(stream.codec) is not None:
        faults: tuple[str, ...] = (f"does not play in {into.name}",)
    else:
        verdict = video_rules.judge(stream, row, turned, settings)
        faults = verdict.faults
        if not faults:
            how = "plays as it is" if verdict.relevel is None else "plays; only its stated level is too high"
            return StreamPlan(stream, Action.COPY, f"{said}: {how}", stream.codec, relevel=verdict.relevel)
    goal_row = profile.video_row(_VIDEO_TARGET[settings.container])
    assert goal_row is not None, "every profile plays what its containers are filled with"
    goal = video_rules.target(stream, goal_row, settings)
    reason = f"{said}: {'; '.join(faults)} → {video_rules.describe_target(goal)}"
    return StreamPlan(stream, Action.TRANSCODE, reason, goal.codec, video=goal)


def _audio(stream: AudioStream, first: bool, profile: Profile, into: ContainerRow, settings: Settings) -> StreamPlan:
    said = audio_rules.describe(stream)
    faults = audio_rules.faults(stream, first, profile, into)
    if not faults:
        return StreamPlan(stream, Action.COPY, f"{said}: plays as it is", stream.codec)
    goal = audio_rules.target(stream, _AUDIO_TARGET[settings.container], settings)
    reason = f"{said}: {'; '.join(faults)} → {audio_rules.describe_target(goal)}"
    return StreamPlan(stream, Action.TRANSCODE, reason, goal.codec, audio=goal)


def _extra(stream: AnyStream, fate: extra_rules.Fate) -> StreamPlan:
    return StreamPlan(stream, fate.action, fate.reason, fate.codec)


def _sounding(media: Media) -> tuple[AudioStream, ...]:
    return tuple(stream for stream in media.audio if audio_rules.usable(stream))


def _is_cover(stream: AnyStream) -> bool:
    return isinstance(stream, VideoStream) and stream.cover


def _sound_chapters(media: Media) -> bool:
    """The Matroska muxer fails the whole film for one chapter that ends before it starts."""
    return all(c.start is not None and c.end is not None and 0 <= c.start <= c.end for c in media.chapters)


def analysis(media: Media, decision: Plan | Skip, settings: Settings) -> Analysis:
    """What was decided, for people and for the `analysis` message."""
    if isinstance(decision, Skip):
        streams = tuple(_told(StreamPlan(s, Action.COPY, decision.reason, s.codec), media) for s in media.streams)
        return Analysis(streams, settings.profile, settings.container, media.duration, None, decision.reason)
    streams = tuple(_told(stream, media) for stream in decision.streams)
    return Analysis(streams, decision.profile, decision.container, media.duration, decision.lane)


def _told(stream: StreamPlan, media: Media) -> StreamDecision:
    source = stream.source
    return StreamDecision(
        index=source.index,
        kind=source.kind,
        codec=source.codec,
        action=stream.action,
        reason=stream.reason,
        target_codec=stream.target if stream.action in (Action.TRANSCODE, Action.CONVERT) else None,
        language=source.language,
        title=source.title,
        width=source.width if isinstance(source, VideoStream) else None,
        height=source.height if isinstance(source, VideoStream) else None,
        duration=source.duration if source.duration is not None else media.duration,
        bitrate=source.bitrate,
        channels=source.channels if isinstance(source, AudioStream) else None,
        sample_rate=source.sample_rate if isinstance(source, AudioStream) else None,
    )
