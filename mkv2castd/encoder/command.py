"""(Plan, paths) → ffmpeg's argv. A list, never a shell's text, so no file name can mean anything but itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from mkv2castd.encoder import burning, extra_options, picture_options, sound_options, timing
from mkv2castd.encoder.media import OUR_TAG, AudioStream, OtherStream, SubtitleStream, VideoStream
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.targets import ON_CPU, Groundwork, Means, StreamPlan, VideoTarget
from mkv2castd.model import Action, Container, StreamKind

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


def convert_argv(
    plan: Plan, source: Path, target: Path, tag: str, laid: Groundwork = NOTHING, means: Means = ON_CPU
) -> list[str]:
    """The command that carries out `plan`. Progress comes on stdout, complaints on stderr. `tag` (short ASCII)
    ends up in the output, where `Media.ours` finds it. laid: what was found out and laid out beforehand. means: what
    encodes the picture, if any is encoded; nothing may stand in their way (obstacles.py). An existing `target` is
    overwritten."""
    argv = ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "warning"]
    argv += ["-progress", "pipe:1", "-stats_period", "0.5", "-y"]
    argv += [*picture_options.global_options(plan.picture, means), *_patience(plan)]
    argv += timing.input_options(plan.format_names, copied=plan.copies_video)
    argv += picture_options.input_options(plan.picture, means, drawn_on=plan.burn is not None)
    # what calls itself a film but is a playlist must not make ffmpeg open addresses
    argv += [*burning.decoder_options(plan.burn), *extra_options.text_decoders(plan, laid)]
    argv += ["-protocol_whitelist", "file", "-i", file_url(source)]
    argv += [*extra_options.external_inputs(plan, laid), *_chapter_input(laid)]
    graph = _picture_graph(plan, laid, means)
    if graph is not None:
        argv += ["-filter_complex", graph]
    for stream in plan.tracks:
        made = graph is not None and stream is plan.picture
        argv += ["-map", "[picture]" if made else extra_options.specifier(stream.index, laid)]
    argv += ["-map_metadata", "0", "-map_chapters", _chapters_from(plan, laid)]
    for position, stream in enumerate(plan.tracks):
        argv += _stream_options(plan, position, stream, laid, means)
    argv += extra_options.cover_options(plan, laid)
    argv += [*picture_options.output_options(plan.picture), *_tag_options(plan, tag)]
    argv += ["-max_muxing_queue_size", _QUEUE, *_MUXERS[plan.container]]
    return [*argv, file_url(target), *extra_options.sidecar_outputs(plan, target, laid)]


def _patience(plan: Plan) -> list[str]:
    """ffmpeg gives up where two thirds cannot be decoded. Where it decodes subtitles only, that costs no film."""
    encoded = any(s.action is Action.TRANSCODE for s in plan.kept if s.kind in (StreamKind.VIDEO, StreamKind.AUDIO))
    return [] if encoded else ["-max_error_rate", "1"]


def _chapter_input(laid: Groundwork) -> list[str]:
    return ["-f", "ffmetadata", "-i", file_url(laid.chapters)] if laid.chapters is not None else []


def _chapters_from(plan: Plan, laid: Groundwork) -> str:
    """The number of the input that has the chapters: the film, or the last one."""
    if plan.chapters is None:
        return "0"
    return str(len(laid.externals) + 1) if laid.chapters is not None else "-1"


def _stream_options(plan: Plan, position: int, stream: StreamPlan, laid: Groundwork, means: Means) -> Iterator[str]:
    """The options of one output stream; each gets the stream's number behind a colon."""
    for option, value in _pairs(plan, stream, laid, means):
        yield f"{option}:{position}"
        yield value
    if plan.container is Container.MP4 and position > 0 and stream.source.title is not None:
        # the MP4 muxer writes a title where few players look
        yield f"-metadata:s:{position}"
        yield f"handler_name={stream.source.title}"
    if stream.action is not Action.COPY:
        for name in stream.source.statistics:
            yield f"-metadata:s:{position}"
            yield f"{name}="


def _pairs(plan: Plan, stream: StreamPlan, laid: Groundwork, means: Means) -> Iterator[tuple[str, str]]:
    if isinstance(stream.source, AudioStream):
        yield from sound_options.options(stream, plan.container, laid)
    elif isinstance(stream.source, SubtitleStream):
        yield from extra_options.subtitle_pairs(stream, plan, laid)
    elif isinstance(stream.source, VideoStream) and stream.source.cover:
        yield from extra_options.cover_pairs(stream)
    elif isinstance(stream.source, OtherStream):
        yield from extra_options.attachment_pairs(stream)
    elif stream.action is Action.COPY:
        timed_by = timing.bitstream_filters(plan.format_names, stream.source, plan.start)
        yield from picture_options.copy_pairs(stream, plan.container, timed_by)
    elif stream.video is not None:
        yield from _video_pairs(plan, stream, stream.video, laid, means)


def _picture_graph(plan: Plan, laid: Groundwork, means: Means) -> str | None:
    """The graph that ends in `[picture]`; None where a chain of filters is enough."""
    picture, target = plan.picture.source, plan.picture.video
    if target is None:
        return None
    assert isinstance(picture, VideoStream), "a film begins with its picture"
    if plan.burn is not None and plan.burn.bitmap:
        chain, form = picture_options.chain(picture, target, means)
        subtitle = extra_options.specifier(plan.burn.source.index, laid)
        upload = picture_options.upload(target, means)
        return burning.graph_with_pictures(chain, f"0:{picture.index}", subtitle, target, form, upload)
    if picture_options.leaves_traces(picture, target):
        # with one input alone, ffmpeg would take the graph for a chain of filters of that stream
        stream = f"[0:{picture.index}]"
        return f"{stream}{_chain(plan, target, laid, means)}[picture];{stream}nullsink"
    return None


def _chain(plan: Plan, target: VideoTarget, laid: Groundwork, means: Means) -> str:
    """The filters from a decoded frame to what the encoder takes, a text that is drawn among them."""
    source = plan.picture.source
    assert isinstance(source, VideoStream), "a film begins with its picture"
    stays = picture_options.on_device(plan.picture, target, means) if plan.burn is None else None
    if stays is not None:
        return stays
    chain, form = picture_options.chain(source, target, means)
    if laid.burn is not None:
        chain = burning.with_text(chain, laid.burn, laid.fonts, form)
    return f"{chain}{picture_options.upload(target, means)}"


def _video_pairs(
    plan: Plan, stream: StreamPlan, target: VideoTarget, laid: Groundwork, means: Means
) -> Iterator[tuple[str, str]]:
    source = stream.source
    assert isinstance(source, VideoStream), "only pictures have a video target"
    yield from picture_options.encode_pairs(stream, target, plan.container, plan.settings.quality, means)
    if _picture_graph(plan, laid, means) is None:
        yield "-filter", _chain(plan, target, laid, means)
    else:
        # ffmpeg does not know which stream a graph's picture comes from
        yield from picture_options.identity_pairs(source)


def _tag_options(plan: Plan, tag: str) -> list[str]:
    """See media.py for why the MP4 muxer needs another place."""
    if plan.container is Container.MP4:
        return ["-metadata:s:0", f"handler_name={OUR_TAG}={tag}"]
    # an older tag of ours on the track would otherwise outlive a conversion from MP4
    return ["-metadata", f"{OUR_TAG}={tag}", "-metadata:s:0", "handler_name="]
