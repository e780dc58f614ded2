"""(Plan, paths) → ffmpeg's argv. A list, never a shell's text, so no file name can mean anything but itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from mkv2castd.encoder.backends import SUBTITLE_ENCODERS, audio_encoder, video_encoder
from mkv2castd.encoder.filters import video_filters
from mkv2castd.encoder.h264_levels import level_name
from mkv2castd.encoder.media import OUR_TAG, VideoStream
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.targets import AudioTarget, Groundwork, StreamPlan, VideoTarget
from mkv2castd.model import Action, Container

_MUXERS: Mapping[Container, tuple[str, ...]] = MappingProxyType(
    {
        Container.MKV: ("-f", "matroska"),
        # moov first; no timecode track made up from a tag of the source
        Container.MP4: ("-movflags", "+faststart", "-write_tmcd", "0", "-f", "mp4"),
        Container.WEBM: ("-f", "webm"),
    }
)
# Packets that may wait for the first packet of a slow stream, before ffmpeg gives up the film.
_QUEUE = "4096"
NOTHING = Groundwork()


def file_url(path: Path) -> str:
    """A path as ffmpeg takes it whatever it contains: `-`, `:`, `%d` and line ends mean nothing behind it."""
    return f"file:{path}"


def convert_argv(plan: Plan, source: Path, target: Path, tag: str, laid: Groundwork = NOTHING) -> list[str]:
    """The command that carries out `plan`. Progress comes on stdout, complaints on stderr. `tag` (short ASCII)
    ends up in the output, where `Media.ours` finds it. laid: what was found out and laid out beforehand. An existing
    `target` is overwritten."""
    argv = ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "warning"]
    argv += ["-progress", "pipe:1", "-stats_period", "0.5", "-y"]
    if plan.missing_times:
        argv += ["-fflags", "+genpts"]
    # what calls itself a film but is a playlist must not make ffmpeg open addresses
    argv += ["-protocol_whitelist", "file", "-i", file_url(source)]
    for stream in plan.tracks:
        argv += ["-map", f"0:{stream.index}"]
    argv += ["-map_metadata", "0", "-map_chapters", "0" if plan.chapters else "-1"]
    for position, stream in enumerate(plan.tracks):
        argv += _stream_options(plan, position, stream)
    argv += _tag_options(plan, tag)
    argv += ["-max_muxing_queue_size", _QUEUE, *_MUXERS[plan.container]]
    return [*argv, file_url(target)]


def _stream_options(plan: Plan, position: int, stream: StreamPlan) -> Iterator[str]:
    """The options of one output stream; each gets the stream's number behind a colon."""
    for option, value in _pairs(plan, stream):
        yield f"{option}:{position}"
        yield value
    if stream.action is not Action.COPY:
        for name in stream.source.statistics:
            yield f"-metadata:s:{position}"
            yield f"{name}="


def _pairs(plan: Plan, stream: StreamPlan) -> Iterator[tuple[str, str]]:
    if stream.action is Action.COPY:
        yield "-c", "copy"
        if stream.mend is not None and stream.mend.level is not None:
            yield "-bsf", f"h264_metadata=level={level_name(stream.mend.level)}"
        if isinstance(stream.source, VideoStream) and stream.source.cover:
            yield "-disposition", "attached_pic"
    elif stream.video is not None:
        yield from _video_pairs(plan, stream, stream.video)
    elif stream.audio is not None:
        yield from _audio_pairs(stream.audio)
    else:
        yield "-c", SUBTITLE_ENCODERS[stream.target or ""]


def _video_pairs(plan: Plan, stream: StreamPlan, target: VideoTarget) -> Iterator[tuple[str, str]]:
    source = stream.source
    assert isinstance(source, VideoStream), "only pictures have a video target"
    encoder = video_encoder(target.codec)
    yield "-c", encoder.name
    yield "-filter", video_filters(source, target, encoder.pixel_format)
    yield "-fps_mode", "vfr"  # the filters decide on frames; the MP4 muxer's default would repeat and drop some
    rate = target.rate if target.rate is not None else source.frame_rate
    yield from _in_pairs(encoder.options(target, rate, plan.settings.quality))
    if target.to_bt709:
        for option in ("-color_primaries", "-color_trc", "-colorspace"):
            yield option, "bt709"
        yield "-color_range", "tv"


def _audio_pairs(target: AudioTarget) -> Iterator[tuple[str, str]]:
    encoder = audio_encoder(target.codec)
    yield "-c", encoder.name
    if not target.layout_known:
        # so many unnamed channels that ffmpeg refuses to mix them: the first two are the front ones
        yield "-filter", "pan=stereo|c0=c0|c1=c1"
    yield from _in_pairs(encoder.options(target))


def _in_pairs(options: list[str]) -> Iterator[tuple[str, str]]:
    return zip(options[::2], options[1::2], strict=True)


def _tag_options(plan: Plan, tag: str) -> list[str]:
    """See media.py for why the MP4 muxer needs another place."""
    if plan.container is Container.MP4:
        return ["-metadata:s:0", f"handler_name={OUR_TAG}={tag}"]
    # an older tag of ours on the track would otherwise outlive a conversion from MP4
    return ["-metadata", f"{OUR_TAG}={tag}", "-metadata:s:0", "handler_name="]
