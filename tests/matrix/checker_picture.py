"""Whether the devices show the picture: codec, size, level, format, HDR, and what the container says about it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tests.matrix.devices import SLACK, Codec, Device, h264_level_fault, hevc_level_fault
from tests.matrix.seen import Seen, Stream

HDR_TRANSFERS = ("smpte2084", "arib-std-b67")
_WIDE = ("bt2020",)
_DOLBY = ("hevc", "av1")
_FEWEST_LINES = 64  # in fewer of them every picture looks combed


def faults(seen: Seen, wanted: tuple[tuple[str, Device], ...]) -> Iterator[str]:
    for picture in seen.pictures[:1]:
        for name, device in wanted:
            yield from _device(picture, name, device)
        yield from _fields(seen, picture)
        yield from _flags(seen, picture)
        yield from _dolby(picture)


def size(picture: Stream) -> tuple[int, int]:
    return int(picture.told.get("width", 0)), int(picture.told.get("height", 0))


def rate(picture: Stream) -> Fraction | None:
    """Frames a second as they are stored; of a single frame there is none."""
    return picture.rate if len(picture.packets) > 1 else None


def _device(picture: Stream, name: str, device: Device) -> Iterator[str]:
    codec = device.video.get(picture.codec)
    if codec is None:
        yield f"{name} does not play {picture.codec}"
    else:
        for fault in (*_format(picture, codec), *_size(picture, codec), *_level(picture, codec)):
            yield f"{name}: {fault}"
    transfer = picture.told.get("color_transfer")
    if transfer in HDR_TRANSFERS and (transfer not in device.hdr or picture.codec == "h264"):
        yield f"{name} does not show HDR ({transfer}) in {picture.codec}"
    # the devices take wide colours as they take HDR: not in H.264
    if (not device.hdr or picture.codec == "h264") and picture.told.get("color_primaries") in _WIDE:
        yield f"{name} does not show the primaries {picture.told['color_primaries']}"
    dolby = picture.side_data.get("DOVI configuration record")
    # without its compatible base such a film is green and purple where Dolby Vision is unknown
    if dolby is not None and not device.dolby and int(dolby.get("dv_bl_signal_compatibility_id", 0)) == 0:
        yield f"{name} does not show Dolby Vision of profile {dolby.get('dv_profile')}"


def _dolby(picture: Stream) -> Iterator[str]:
    if picture.codec not in _DOLBY and "DOVI configuration record" in picture.side_data:
        yield f"{picture.codec} is said to be Dolby Vision"


def _format(picture: Stream, codec: Codec) -> Iterator[str]:
    profile, form = picture.told.get("profile"), picture.told.get("pix_fmt")
    if codec.profiles and profile not in codec.profiles:
        yield f"{picture.codec} of profile {profile}"
    if form not in codec.formats:
        yield f"pixel format {form}"


def _size(picture: Stream, codec: Codec) -> Iterator[str]:
    width, height = size(picture)
    at = rate(picture)
    fits = any(
        width <= box.width and height <= box.height and (at is None or at <= box.rate * SLACK) for box in codec.boxes
    )
    if not fits:
        told = "unknown" if at is None else f"{float(at):.2f}"
        yield f"{width}×{height} at {told} frames a second is too much"


def _level(picture: Stream, codec: Codec) -> Iterator[str]:
    level = picture.told.get("level")
    if codec.level is None or level is None or int(level) < 0:
        return
    stated = int(level)
    if stated > codec.level:
        yield f"level {stated} is above {codec.level}"
    fault = None
    if picture.codec == "h264":
        fault = h264_level_fault(stated, size(picture), rate(picture), picture.told.get("refs"))
    elif picture.codec == "hevc":
        fault = hevc_level_fault(stated, size(picture), rate(picture))
    if fault is not None:
        yield f"the stated level is not true: {fault}"


def _fields(seen: Seen, picture: Stream) -> Iterator[str]:
    order = picture.told.get("field_order", "progressive")
    if order not in ("progressive", "unknown"):
        yield f"interlaced by its field order ({order})"
    marked = sum(int(frame.get("interlaced_frame", 0)) for frame in picture.frames)
    if marked:
        yield f"{marked} of {len(picture.frames)} frames are marked as interlaced"
    if size(picture)[1] >= _FEWEST_LINES and seen.combed > max(2, seen.whole // 4):
        yield f"combed: {seen.combed} frames look interlaced, {seen.whole} do not"


def _flags(seen: Seen, picture: Stream) -> Iterator[str]:
    if seen.container == "mp4" and picture.codec == "hevc" and picture.told.get("codec_tag_string") != "hvc1":
        yield f"HEVC in MP4 is tagged {picture.told.get('codec_tag_string')}, not hvc1"
    if (
        seen.container in ("mp4", "mkv")
        and picture.codec == "hevc"
        and int(picture.told.get("extradata_size", 0)) < 24
    ):
        yield "no parameter sets of HEVC are in front"
    if picture.turned and seen.container != "mp4":
        yield f"the picture has to be turned by {picture.turned}°, which {seen.container} tells no player"
    if picture.told.get("color_space") == "gbr" and str(picture.told.get("pix_fmt")).startswith("yuv"):
        yield "its colours are said to be RGB, which they are not"
    told = str(picture.told.get("sample_aspect_ratio", "1:1"))
    over, _, under = told.partition(":")
    if told != "0:1" and not Fraction(1, 4) <= Fraction(int(over), max(1, int(under))) <= 4:
        yield f"the pixels are {told}"
    if any(side % 2 for side in size(picture)) and picture.codec in ("h264", "hevc"):
        yield f"odd size {picture.told.get('width')}×{picture.told.get('height')}"
