"""Films as values, for tests of pure functions; and what a plan makes of one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from mkv2castd.encoder.media import AnyStream, AudioStream, Media, OtherStream, SubtitleStream, VideoStream
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.targets import Mend, StreamPlan
from mkv2castd.model import Container, StreamKind
from tests.encoder.heard import sound_result

FORMATS = {
    "mkv": ("matroska", "webm"),
    "webm": ("matroska", "webm"),
    "mp4": ("mov", "mp4", "m4a", "3gp", "3g2", "mj2"),
    "ts": ("mpegts",),
    "avi": ("avi",),
}


def video(**facts: Any) -> VideoStream:
    """A full-HD H.264 picture at film speed that plays everywhere, unless `facts` say otherwise."""
    base: dict[str, Any] = {
        "index": 0,
        "codec": "h264",
        "profile": "High",
        "level": 40,
        "width": 1920,
        "height": 1080,
        "refs": 4,
        "pixel_format": "yuv420p",
        "frame_rate": Fraction(24),
        "field_order": "progressive",
    }
    return VideoStream(**(base | facts))


def audio(index: int = 1, **facts: Any) -> AudioStream:
    base: dict[str, Any] = {"codec": "aac", "profile": "LC", "channels": 2, "layout": "stereo", "sample_rate": 48000}
    return AudioStream(index=index, **(base | facts))


def subtitle(index: int, codec: str | None, **facts: Any) -> SubtitleStream:
    return SubtitleStream(index=index, codec=codec, **facts)


def font(index: int, **facts: Any) -> OtherStream:
    return OtherStream(index=index, kind=StreamKind.ATTACHMENT, codec="ttf", **facts)


def data(index: int, **facts: Any) -> OtherStream:
    return OtherStream(index=index, kind=StreamKind.DATA, **facts)


def film(*streams: AnyStream, container: str = "mkv", **facts: Any) -> Media:
    base: dict[str, Any] = {"format_names": FORMATS[container], "duration": 5400.0, "probe_score": 100}
    return Media(streams=streams, **(base | facts))


def result_of(plan: Plan, media: Media) -> Media:
    """The film as ffprobe would describe it after `plan` has been carried out."""
    streams = tuple(_result(stream, position, plan) for position, stream in enumerate(plan.kept))
    return replace(
        media,
        streams=streams,
        externals=(),
        foreign=(),
        programmes=(),
        format_names=FORMATS[plan.container.value],
        brand="isom",
    )


def _result(stream: StreamPlan, position: int, plan: Plan) -> AnyStream:
    source = replace(stream.source, index=position, codec=stream.target)
    if isinstance(source, VideoStream):
        return _shown(source, stream, position, plan)
    if isinstance(source, AudioStream):
        return sound_result(stream, position, plan.container)
    return source


_PROFILES = {"h264": "High", "hevc": "Main", "vp9": "Profile 0", "vp8": "0"}
_DEEP_PROFILES = {"hevc": "Main 10", "vp9": "Profile 2"}


def _shown(source: VideoStream, stream: StreamPlan, position: int, plan: Plan) -> VideoStream:
    """A picture afterwards: encoded, or copied and mended."""
    target = stream.video
    tag = "hvc1" if stream.target == "hevc" and plan.container is Container.MP4 else None
    if target is None:
        kept = plan.container is Container.MP4
        mend = stream.mend if stream.mend is not None else Mend()
        return replace(
            source,
            rotation=source.rotation if kept else 0,
            mirrored=source.mirrored and kept,
            level=mend.level if mend.level is not None else source.level,
            pixel_aspect=mend.aspect if mend.aspect is not None else source.pixel_aspect,
            color_transfer=mend.transfer if mend.transfer is not None else source.color_transfer,
            color_space=mend.matrix if mend.matrix is not None else source.color_space,
            dolby_vision=None if mend.without_dolby else source.dolby_vision,
            record=200 if mend.sets else source.record,
            codec_tag=tag,
        )
    deep = target.deep and target.codec in _DEEP_PROFILES  # other encoders have no 10 bits
    profiles = _DEEP_PROFILES if deep else _PROFILES
    return VideoStream(
        index=position,
        codec=target.codec,
        codec_tag=tag,
        profile=profiles[target.codec],
        level=target.level,
        width=target.width,
        height=target.height,
        refs=4,
        pixel_format="yuv420p10le" if deep else "yuv420p",
        frame_rate=target.rate if target.rate is not None else source.peak_rate or source.frame_rate,
        pixel_aspect=Fraction(1),
        field_order="progressive",
        color_range="tv",
        color_primaries=target.colours.primaries,
        color_transfer=target.colours.transfer,
        color_space=target.colours.matrix,
        mastering=target.mastering,
        light=target.light,
        dispositions=source.dispositions,
    )
