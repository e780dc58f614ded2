"""How the devices of each backend are reached through ffmpeg: one row a backend, and nothing of it elsewhere.

One ffmpeg has one device for all its filters (`-filter_hw_device`). Where a row opens it, a filter that needs another
kind of device derives it from that one: `hwupload=derive_device=…`, which gives the device itself where the kind is
the same (libavutil/hwcontext.c).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mkv2castd.device import Backend, Gpu

# The name by which ffmpeg's options speak of the device.
_NAME = "gpu"
_FILTERS_ON_IT = ("-filter_hw_device", _NAME)


def _nothing(_gpu: Gpu) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Reach:
    """drivers: of the kernel, whose devices are reached so; None: of nodes of which nothing else is known. options:
    ffmpeg's global ones that open the device, in front of every input. upload: the filters that bring a frame in
    memory to where the encoder takes it; empty where it takes them from memory. encoder_options: what tells the
    encoder itself which device is meant. decode: input options with which frames are decoded on the device and stay
    there; empty: not possible. fetch: likewise, but they come back to memory, and what the device cannot decode is
    decoded by the processor.

    surface: the pixel format of frames on the device; None: it keeps none. unchosen: why the device cannot be chosen
    among several; None: it can.
    """

    backend: Backend
    drivers: frozenset[str | None]
    options: Callable[[Gpu], tuple[str, ...]]
    upload: tuple[str, ...]
    encoder_options: Callable[[Gpu], tuple[str, ...]]
    decode: Callable[[Gpu], tuple[str, ...]]
    fetch: Callable[[Gpu], tuple[str, ...]] = _nothing
    surface: str | None = None
    unchosen: str | None = None

    def lends(self, gpu: Gpu) -> bool:
        """Whether filters get this device, so that no other may be opened for them."""
        return _FILTERS_ON_IT[0] in self.options(gpu)


def _vaapi(gpu: Gpu) -> tuple[str, ...]:
    return "-init_hw_device", f"vaapi={_NAME}:{gpu.node}", *_FILTERS_ON_IT


def _on(method: str) -> Callable[[Gpu], tuple[str, ...]]:
    """Decoded and kept on the opened device."""
    return lambda gpu: (*_by(method)(gpu), "-hwaccel_output_format", method)


def _by(method: str) -> Callable[[Gpu], tuple[str, ...]]:
    """Decoded on the opened device."""
    return lambda _gpu: ("-hwaccel", method, "-hwaccel_device", _NAME)


def _through_node(gpu: Gpu) -> tuple[str, ...]:
    """Decoded through the card's VAAPI driver, whatever encodes."""
    return ("-hwaccel", "vaapi", "-hwaccel_device", str(gpu.node)) if gpu.node is not None else ()


def _qsv(gpu: Gpu) -> tuple[str, ...]:
    """The encoder takes the only device of its kind that is open, also for frames in memory."""
    return "-init_hw_device", f"qsv={_NAME},child_device={gpu.node}"


def _card(gpu: Gpu, option: str) -> tuple[str, ...]:
    return (option, str(gpu.index)) if gpu.index is not None else ()


def _cuda(gpu: Gpu) -> tuple[str, ...]:
    return "-hwaccel", "cuda", *_card(gpu, "-hwaccel_device")


def _vulkan(gpu: Gpu) -> tuple[str, ...]:
    """Derived from the same card under another name: by CUDA's UUID, or by the maker and model that VAAPI tells. Not
    from the DRM node itself: ffmpeg 7.1 compares it with the number of the file system that it lies on
    (libavutil/hwcontext_vulkan.c, st_dev)."""
    if gpu.driver == "nvidia":
        card = f"cuda=card:{gpu.index}" if gpu.index is not None else "cuda=card"
    else:
        card = f"vaapi=card:{gpu.node}"
    return "-init_hw_device", card, "-init_hw_device", f"vulkan={_NAME}@card", *_FILTERS_ON_IT


_INTEL = frozenset({"i915", "xe"})
_VAAPI = _INTEL | {"amdgpu", "radeon", "nouveau", "virtio_gpu", None}
# drivers/media/platform in the kernel; Raspberry Pi's has its own
_BOARDS = frozenset(
    {
        *("bcm2835-codec", "hantro-vpu", "rkvenc", "s5p-mfc", "mtk-vcodec-enc", "coda", "amphion-vpu", "wave5"),
        *("qcom-venus", "qcom-venus-encoder", "qcom-iris"),
    }
)
REACHES = (
    Reach(
        Backend.VAAPI,
        _VAAPI,
        _vaapi,
        ("hwupload",),
        _nothing,
        _on("vaapi"),
        _by("vaapi"),
        surface="vaapi",
    ),
    Reach(Backend.QSV, _INTEL, _qsv, (), _nothing, _on("qsv"), _through_node, surface="qsv"),
    Reach(
        Backend.NVENC,
        frozenset({"nvidia"}),
        _nothing,
        (),
        lambda gpu: _card(gpu, "-gpu"),
        lambda gpu: (*_cuda(gpu), "-hwaccel_output_format", "cuda"),
        _cuda,
        surface="cuda",
    ),
    Reach(
        Backend.AMF,
        frozenset({"amdgpu"}),
        _nothing,
        (),
        _nothing,
        _nothing,
        _through_node,
        # libavcodec/amfenc.c: InitVulkan(context, NULL)
        unchosen="on Linux ffmpeg leaves it to AMD's library which card is taken",
    ),
    Reach(
        Backend.V4L2M2M,
        _BOARDS,
        _nothing,
        (),
        _nothing,
        _nothing,
        # libavcodec/v4l2_m2m.c: the first of /dev/video* that agrees
        unchosen="ffmpeg takes the first of /dev/video* that encodes the codec",
    ),
    Reach(
        Backend.VULKAN,
        _INTEL | {"amdgpu", "nvidia"},
        _vulkan,
        ("hwupload",),
        _nothing,
        _on("vulkan"),
        _by("vulkan"),
        surface="vulkan",
        unchosen="cards of the same maker and model are not told apart, but for NVIDIA's",
    ),
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
