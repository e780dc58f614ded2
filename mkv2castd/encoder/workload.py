"""(Plan) → what it asks of whatever encodes its picture, and how much of that there is."""

from __future__ import annotations

from collections.abc import Iterator

from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.pixels import is_deep
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.sizes import shown_rate
from mkv2castd.work import Shape, Work


def work_of(plan: Plan) -> Work | None:
    """None where the picture is copied."""
    shape, source = shape_of(plan), plan.picture.source
    if shape is None or plan.picture.video is None:
        return None
    assert isinstance(source, VideoStream), "a film begins with its picture"
    rate = plan.picture.video.rate if plan.picture.video.rate is not None else shown_rate(source)
    return Work(shape, plan.duration, float(rate) if rate is not None else None)


def shape_of(plan: Plan) -> Shape | None:
    """None where the picture is copied."""
    target, source = plan.picture.video, plan.picture.source
    if target is None:
        return None
    assert isinstance(source, VideoStream), "a film begins with its picture"
    known = source.width is not None and source.height is not None
    return Shape(
        codec=target.codec,
        width=target.width,
        height=target.height,
        container=plan.container.value,
        quality=plan.settings.quality,
        deep=target.deep,
        graded=target.mastering is not None or target.light is not None,
        source_codec=source.codec,
        source_deep=is_deep(source.pixel_format),
        source_pixels=(source.width or 0) * (source.height or 0) if known else None,
        steps=tuple(sorted(_steps(plan))),
    )


def _steps(plan: Plan) -> Iterator[str]:
    target = plan.picture.video
    assert target is not None, "only for what is encoded"
    if target.deinterlace or target.telecined:
        yield "deinterlace"
    if plan.burn is not None:
        yield "draw"
    if target.scale:
        yield "scale"
    if target.tone_map is not None:
        yield "tone-map"
