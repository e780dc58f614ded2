"""What was decided, as it is told: one line for each stream of the source, and one for each device."""

from __future__ import annotations

from dataclasses import replace

from mkv2castd.config import Settings
from mkv2castd.encoder.media import AudioStream, Media, VideoStream
from mkv2castd.encoder.plan import Plan, Skip
from mkv2castd.encoder.playing import on_each_device
from mkv2castd.encoder.targets import StreamPlan
from mkv2castd.model import Action, Analysis, StreamDecision
from mkv2castd.work import Place


def analysis(media: Media, decision: Plan | Skip, settings: Settings, place: Place | None = None) -> Analysis:
    """What was decided, for people and for the `analysis` message. place: where the work belongs, if there is any."""
    devices = on_each_device(media, settings)
    if isinstance(decision, Skip):
        streams = tuple(_told(StreamPlan(s, Action.COPY, decision.reason, s.codec), media) for s in media.streams)
        why = decision.reason
        return Analysis(streams, settings.profile, settings.container, media.duration, None, why, devices)
    by_source: dict[int, list[StreamPlan]] = {}
    for stream in decision.streams:
        by_source.setdefault(stream.index, []).append(stream)
    streams = tuple(_told(_as_one(plans), media) for plans in by_source.values())
    return Analysis(
        streams,
        decision.profile,
        decision.container,
        media.duration,
        place.lane if place is not None else None,
        devices=devices,
        lane_reason=place.why if place is not None else None,
    )


def _as_one(plans: list[StreamPlan]) -> StreamPlan:
    """A track that goes over twice (stereo, and surround behind it) is told once: by what costs the most, since the
    reasons name both."""
    cost = (Action.TRANSCODE, Action.CONVERT, Action.COPY, Action.DROP)
    first = min(plans, key=lambda plan: cost.index(plan.action))
    return replace(first, reason="; and ".join(plan.reason for plan in plans))


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
