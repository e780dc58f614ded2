"""A picture's plan → ffmpeg's options for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mkv2castd.config import Quality
from mkv2castd.encoder import hdr, sizes, timing
from mkv2castd.encoder.backends import video_encoder
from mkv2castd.encoder.bsf import bitstream_filters, container_pairs
from mkv2castd.encoder.colours import transfer_option, true_flags
from mkv2castd.encoder.device_filters import chain_on_device
from mkv2castd.encoder.filters import video_filters
from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.reach import reach
from mkv2castd.encoder.targets import ON_CPU, Means, StreamPlan, VideoTarget
from mkv2castd.encoder.tone_mapping import by_name
from mkv2castd.model import Action, Container


def global_options(picture: StreamPlan, means: Means) -> tuple[str, ...]:
    """What stands before every input: how the encoder's device is opened, or one for filters that need their own."""
    if picture.video is None:
        return ()
    opened = reach(means.backend).options(means.gpu) if means.gpu is not None else ()
    if picture.video.tone_map is None or (means.gpu is not None and reach(means.backend).lends(means.gpu)):
        return opened
    return (*opened, *by_name(picture.video.tone_map).options)


def input_options(picture: StreamPlan, means: Means, *, drawn_on: bool) -> Iterator[str]:
    """What stands before the film, so that its picture, and no cover, is decoded on the device. drawn_on: a subtitle
    is drawn into it."""
    if picture.video is None or means.gpu is None or not means.decode:
        return
    row = reach(means.backend)
    stays = not drawn_on and on_device(picture, picture.video, means) is not None
    options = row.decode(means.gpu) if stays else row.fetch(means.gpu)
    for option, value in zip(options[::2], options[1::2], strict=True):
        yield from (f"{option}:{picture.index}", value)


def output_options(picture: StreamPlan) -> tuple[str, ...]:
    """What holds for the whole output: Dolby Vision's record is carried along only where ffmpeg is told that it may
    write what no standard of the container names."""
    source = picture.source
    assert isinstance(source, VideoStream), "a film begins with its picture"
    kept = picture.action is Action.COPY and source.dolby_vision is not None and not hdr.has_two_layers(source)
    return ("-strict", "unofficial") if kept else ()


def chain(source: VideoStream, target: VideoTarget, means: Means = ON_CPU) -> tuple[str, str]:
    """The filters from a decoded frame to one in memory that subtitles can be drawn into, and its pixel format: the
    same whatever encodes it."""
    form = video_encoder(target.codec, means.backend).drawn_in(target)
    return video_filters(true_flags(source), target, form), form


def upload(target: VideoTarget, means: Means) -> str:
    """What follows `chain` and takes its frames to the encoder; empty where that takes them as they are."""
    encoder = video_encoder(target.codec, means.backend)
    form = encoder.format(target)
    steps = [f"format={form}"] if form != encoder.drawn_in(target) else []
    if means.gpu is not None:
        steps += reach(means.backend).upload
    return "".join(f",{step}" for step in steps)


def on_device(picture: StreamPlan, target: VideoTarget, means: Means) -> str | None:
    """The filters where the picture never leaves the device; None: it has to."""
    source = picture.source
    assert isinstance(source, VideoStream), "only pictures have a video target"
    form = video_encoder(target.codec, means.backend).format(target)
    return chain_on_device(true_flags(source), target, means, form)


def leaves_traces(source: VideoStream, target: VideoTarget) -> bool:
    """Whether ffmpeg would hand on what the container says of the old picture and is false of the new one: Dolby
    Vision's record, or how a film was graded that is HDR no more."""
    graded = source.mastering is not None or source.light is not None
    return source.dolby_vision is not None or (target.hdr is None and graded)


def identity_pairs(source: VideoStream) -> Iterator[tuple[str, str]]:
    """What else is handed on by itself: language, title, flags."""
    for name, told in (("language", source.language), ("title", source.title)):
        if told is not None:
            yield "-metadata:s", f"{name}={told}"
    yield "-disposition", "+".join(sorted(source.dispositions)) or "0"


def copy_pairs(picture: StreamPlan, container: Container, timed_by: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """The options of a picture that is copied. timed_by: bitstream filters that mend when it is shown."""
    source, mend = picture.source, picture.mend
    assert isinstance(source, VideoStream), "only pictures are copied so"
    yield "-c", "copy"
    mended_by = bitstream_filters(source.codec, mend) if mend is not None else ""
    filters = [name for name in (mended_by, *timed_by) if name]
    if filters:
        yield "-bsf", ",".join(filters)
    if mend is not None:
        yield from container_pairs(source, mend)
    yield from _tag_pairs(picture, container)


def encode_pairs(
    picture: StreamPlan, target: VideoTarget, container: Container, quality: Quality, means: Means = ON_CPU
) -> Iterator[tuple[str, str]]:
    """The options of a picture that is encoded, but for its filters."""
    source = picture.source
    assert isinstance(source, VideoStream), "only pictures have a video target"
    encoder = video_encoder(target.codec, means.backend)
    yield "-c", encoder.name
    if means.gpu is not None:
        chosen = reach(means.backend).encoder_options(means.gpu)
        yield from zip(chosen[::2], chosen[1::2], strict=True)
    yield "-fps_mode", "vfr"  # the filters decide on frames; the MP4 muxer's default would repeat and drop some
    if target.rate is None:
        yield "-enc_time_base", timing.clock(sizes.shown_rate(source))
    rate = target.rate if target.rate is not None else sizes.shown_rate(source)
    options = encoder.options(target, rate, quality)
    yield from zip(options[::2], options[1::2], strict=True)
    # the frames are tagged by the filters; this is for the container, which is written before there are any
    yield "-color_primaries", target.colours.primaries
    yield "-color_trc", transfer_option(target.colours.transfer)
    yield "-colorspace", target.colours.matrix
    yield "-color_range", "tv"
    yield from _tag_pairs(picture, container)


def _tag_pairs(picture: StreamPlan, container: Container) -> Iterator[tuple[str, str]]:
    if container is Container.MP4 and picture.target == "hevc":
        yield "-tag", "hvc1"  # receivers know HEVC by this name; ffmpeg's own choice is hev1
