"""Why means cannot carry out a plan: what is known without trying, so that no device is blamed for it."""

from __future__ import annotations

from collections.abc import Iterator

from mkv2castd.device import Backend
from mkv2castd.encoder.backends import video_encoder
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.targets import Means
from mkv2castd.encoder.workload import shape_of
from mkv2castd.work import Shape


def obstacles(plan: Plan, means: Means) -> tuple[str, ...]:
    """Empty: nothing stands in the way of `convert_argv(plan, …, means=means)`. Whether the device can encode at all
    is not asked here, that is proved; nor does it matter to a plan that copies its picture. The processor does
    everything."""
    shape = shape_of(plan)
    return hindrances(shape, means) if shape is not None else ()


def hindrances(shape: Shape, means: Means) -> tuple[str, ...]:
    """As `obstacles`, of whatever has this shape."""
    if means.backend is Backend.CPU:
        return ()
    try:
        encoder = video_encoder(shape.codec, means.backend)
    except LookupError as error:
        return (str(error),)
    return tuple(_of_the_encoder(shape, encoder, means))


def _of_the_encoder(shape: Shape, encoder: VideoEncoder, means: Means) -> Iterator[str]:
    name, size = encoder.name, (shape.width, shape.height)
    if means.gpu is None:
        yield f"{name} needs a device, and none is named"
    if shape.deep and encoder.deep_format is None:
        yield f"{name} has no 10 bits"
    if shape.graded and not encoder.graded:
        yield f"{name} does not write how HDR was graded"
    if encoder.smallest is not None and any(has < least for has, least in zip(size, encoder.smallest, strict=True)):
        yield f"{name} takes no picture below {_size(encoder.smallest)}, and this one has {_size(size)}"
    if encoder.largest is not None and any(has > most for has, most in zip(size, encoder.largest, strict=True)):
        yield f"{name} takes no picture above {_size(encoder.largest)}, and this one has {_size(size)}"
    if shape.container not in encoder.containers:
        yield f"{name} does not tell the muxer what {shape.container} needs"


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
