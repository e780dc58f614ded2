"""VideoTarget → filters over frames that stay on the device: one row a backend.

They stand for filters.py only where all that a picture needs has been proved. What is left to memory in any case:
text and pictures drawn in, film out of telecine, cropping, turning, colours other than 4:2:0 in limited range,
BT.2020 without HDR, HLG and Dolby Vision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mkv2castd.device import Backend, Skill
from mkv2castd.encoder import filters, hdr
from mkv2castd.encoder.colours import is_full_range
from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.pixels import is_deep
from mkv2castd.encoder.playable import Hdr
from mkv2castd.encoder.reach import reach
from mkv2castd.encoder.targets import Means, VideoTarget

# What decoders of a device leave on it, by the film's own pixel format.
_FORMATS: Mapping[str, str] = MappingProxyType({"yuv420p": "nv12", "yuv420p10le": "p010le"})


@dataclass(frozen=True, slots=True)
class DeviceFilters:
    """Each None where ffmpeg has none that does the same. scale: (width, height, pixel format). deinterlace: given
    which field comes first ("tff", "bff", "auto"), a frame for each frame. tone_map: HDR10 to BT.709 in 8 bits."""

    backend: Backend
    scale: Callable[[int, int, str], str] | None = None
    deinterlace: Callable[[str], str] | None = None
    tone_map: str | None = None


DEVICE_FILTERS = (
    # the driver reads from the frames which field comes first; the tone mapper fails over frames without mastering
    # data (libavfilter/vf_tonemap_vaapi.c)
    DeviceFilters(
        Backend.VAAPI,
        lambda width, height, form: f"scale_vaapi=w={width}:h={height}:format={form}:mode=hq:out_range=tv",
        lambda _first: "deinterlace_vaapi=rate=frame",
        "tonemap_vaapi=format=nv12:primaries=bt709:transfer=bt709:matrix=bt709",
    ),
    DeviceFilters(
        Backend.QSV,
        lambda width, height, form: f"vpp_qsv=w={width}:h={height}:format={form}",
        lambda _first: "vpp_qsv=deinterlace=advanced",
    ),
    DeviceFilters(
        Backend.NVENC,
        lambda width, height, form: f"scale_cuda=w={width}:h={height}:interp_algo=bicubic:format={form}",
        lambda first: f"yadif_cuda=mode=send_frame:parity={first}",
    ),
    # scale_vulkan knows no better than bilinear
    DeviceFilters(
        Backend.VULKAN,
        lambda width, height, form: f"scale_vulkan=w={width}:h={height}:scaler=bilinear:format={form}:out_range=tv",
        lambda first: f"bwdif_vulkan=mode=send_frame:parity={first}",
    ),
)


def device_filters(backend: Backend) -> DeviceFilters | None:
    """None where frames do not stay on the device."""
    return next((row for row in DEVICE_FILTERS if row.backend is backend), None)


def chain_on_device(source: VideoStream, target: VideoTarget, means: Means, pixel_format: str) -> str | None:
    """The chain from a frame that was decoded on the device to what its encoder takes; None: some of it has to be
    done in memory. source: with its true flags. pixel_format: of the samples that the encoder is given."""
    row, gpu = device_filters(means.backend), means.gpu
    if row is None or gpu is None or not means.decode or not reach(means.backend).decode(gpu):
        return None
    if not _is_plain(source, target):
        return None
    steps = list(_steps(source, target, _Proved(row, means, is_deep(source.pixel_format)), pixel_format))
    known = [step for step in steps if step is not None]
    if len(known) < len(steps):
        return None
    surface = reach(means.backend).surface
    decoded = _FORMATS[source.pixel_format or ""]
    # a film that the device does not decode after all comes from memory, and is uploaded
    first = [f"format={decoded}|{surface}", "hwupload"] if reach(means.backend).lends(gpu) else []
    return ",".join([*first, *known, *filters.as_wanted(target)])


@dataclass(frozen=True, slots=True)
class _Proved:
    """A row's filters as far as they have been proved, over frames of the source's depth; None: not."""

    row: DeviceFilters
    means: Means
    deep: bool

    def scale(self, target: VideoTarget, form: str) -> str | None:
        if self.row.scale is None or not self.means.can(Skill.SCALE, deep=self.deep):
            return None
        return self.row.scale(target.width, target.height, form)

    def deinterlace(self, source: VideoStream) -> str | None:
        if self.row.deinterlace is None or not self.means.can(Skill.DEINTERLACE, deep=self.deep):
            return None
        return self.row.deinterlace(filters.first_field(source))

    def tone_map(self, source: VideoStream) -> str | None:
        """VAAPI's takes how the film was graded from its frames, and knows PQ alone."""
        graded = hdr.base(source) is Hdr.HDR10 and source.mastering is not None and source.dolby_vision is None
        return self.row.tone_map if graded and self.means.can(Skill.TONE_MAP, deep=self.deep) else None


def _steps(source: VideoStream, target: VideoTarget, proved: _Proved, form: str) -> Iterator[str | None]:
    decoded = _FORMATS[source.pixel_format or ""]
    if target.deinterlace:
        yield proved.deinterlace(source)
    if target.rate is not None:
        yield filters.at_rate(target.rate)
    if target.tone_map is not None:
        if target.scale:
            yield proved.scale(target, decoded)
        yield proved.tone_map(source)
        yield from filters.ungraded()
    elif target.scale or decoded != form:
        yield proved.scale(target, form)


def _is_plain(source: VideoStream, target: VideoTarget) -> bool:
    turned = bool(source.rotation) or source.mirrored
    changed = target.crop or target.telecined or target.converted
    return (
        source.pixel_format in _FORMATS
        and not is_full_range(source)
        and source.frame_rate is not None
        and not turned
        and not changed
    )
