"""How the devices of each backend are reached through ffmpeg: one row a backend, and nothing of it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mkv2castd.device import Backend, Gpu


@dataclass(frozen=True, slots=True)
class Reach:
    """drivers: of the kernel, whose devices are reached so. options: ffmpeg's global ones that open the device, in
    front of every input. upload: the filters that bring a frame in memory to where the encoder takes it; empty where
    it takes them from memory. encoder_options: what tells the encoder itself which device is meant. decode: input
    options with which frames are decoded on the device and stay there."""

    backend: Backend
    drivers: frozenset[str]
    options: Callable[[Gpu], tuple[str, ...]]
    upload: tuple[str, ...]
    encoder_options: Callable[[Gpu], tuple[str, ...]]
    decode: Callable[[Gpu], tuple[str, ...]]


def _vaapi(gpu: Gpu) -> tuple[str, ...]:
    return "-init_hw_device", f"vaapi=gpu:{gpu.node}", "-filter_hw_device", "gpu"


def _nothing(_gpu: Gpu) -> tuple[str, ...]:
    return ()


def _nvenc_card(gpu: Gpu) -> tuple[str, ...]:
    return ("-gpu", str(gpu.index)) if gpu.index is not None else ()


def _cuda(gpu: Gpu) -> tuple[str, ...]:
    card = ("-hwaccel_device", str(gpu.index)) if gpu.index is not None else ()
    return "-hwaccel", "cuda", *card, "-hwaccel_output_format", "cuda"


REACHES = (
    Reach(
        Backend.VAAPI,
        frozenset({"i915", "xe", "amdgpu", "radeon", "nouveau", "virtio_gpu"}),
        _vaapi,
        ("hwupload",),
        _nothing,
        lambda _gpu: ("-hwaccel", "vaapi", "-hwaccel_device", "gpu", "-hwaccel_output_format", "vaapi"),
    ),
    Reach(Backend.NVENC, frozenset({"nvidia"}), _nothing, (), _nvenc_card, _cuda),
)


def reaches(gpu: Gpu) -> tuple[Reach, ...]:
    """The ways to reach this device, best first; none where its driver has no encoder that ffmpeg knows."""
    return tuple(row for row in REACHES if gpu.driver in row.drivers)


def reach(backend: Backend) -> Reach:
    """Raises LookupError for a backend without a device of its own."""
    for row in REACHES:
        if row.backend is backend:
            return row
    raise LookupError(f"{backend.value} has no device to be reached")
