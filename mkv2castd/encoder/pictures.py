"""Which picture the output has and in which form, what becomes of further pictures, and why."""

from __future__ import annotations

from mkv2castd.config import Settings
from mkv2castd.encoder import video_rules
from mkv2castd.encoder.media import Media, VideoStream
from mkv2castd.encoder.profiles import ContainerRow, Profile, fillable
from mkv2castd.encoder.targets import Mend, StreamPlan
from mkv2castd.encoder.tools import Tools
from mkv2castd.model import Action


def show(
    media: Media,
    picture: VideoStream,
    profile: Profile,
    into: ContainerRow,
    settings: Settings,
    tools: Tools,
    *,
    turned: bool,
    drawn_on: bool,
) -> tuple[StreamPlan, ...]:
    """The film's picture first, then every other picture but covers. turned: the container goes on telling players
    how to turn it. drawn_on: a subtitle is drawn into it, so that it has to be encoded."""
    others = (
        StreamPlan(stream, Action.DROP, "another picture track: a Cast device shows one")
        for stream in media.pictures
        if stream is not picture
    )
    return (_film(picture, profile, into, settings, turned=turned, drawn_on=drawn_on), *others)


def _film(
    stream: VideoStream, profile: Profile, into: ContainerRow, settings: Settings, *, turned: bool, drawn_on: bool
) -> StreamPlan:
    said = video_rules.describe(stream)
    row = profile.video_row(stream.codec) if stream.codec in into.video else None
    if row is None and profile.video_row(stream.codec) is not None:
        faults: tuple[str, ...] = (f"does not play in {into.name}",)
    elif drawn_on:
        faults = ("a subtitle is drawn into it",)
    else:
        verdict = video_rules.judge(stream, row, turned, settings)
        faults = verdict.faults
        if not faults:
            how = "plays as it is" if verdict.relevel is None else "plays; only its stated level is too high"
            mend = Mend(level=verdict.relevel) if verdict.relevel is not None else None
            return StreamPlan(stream, Action.COPY, f"{said}: {how}", stream.codec, mend=mend)
    goal_row = profile.video_row(fillable(profile, into.name)[0])
    assert goal_row is not None, "what a container can be filled with plays"
    goal = video_rules.target(stream, goal_row, settings)
    reason = f"{said}: {'; '.join(faults)} → {video_rules.describe_target(goal)}"
    return StreamPlan(stream, Action.TRANSCODE, reason, goal.codec, video=goal)
