"""Plans of every kind that a picture can need, and the devices of every backend, for tests over all of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from mkv2castd.config import Settings
from mkv2castd.device import Ability, Backend, Gpu, Skill, Vendor
from mkv2castd.encoder.media import Light, Mastering, Media, Scan
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.targets import Groundwork, Means
from mkv2castd.encoder.tools import UNASKED, Tools
from mkv2castd.model import Container
from tests.encoder.films import audio, film, subtitle, video

_F = Fraction
SCREEN = Mastering(
    *((_F(34, 50), _F(16, 50)), (_F(265, 1000), _F(69, 100)), (_F(15, 100), _F(6, 100))),
    white=(_F(3127, 10000), _F(329, 1000)),
    darkest=_F(1, 10000),
    brightest=_F(1000),
)
HDR10: dict[str, Any] = {
    "codec": "hevc",
    "profile": "Main 10",
    "level": 153,
    "width": 3840,
    "height": 2160,
    "pixel_format": "yuv420p10le",
    "color_primaries": "bt2020",
    "color_transfer": "smpte2084",
    "color_space": "bt2020nc",
    "mastering": SCREEN,
    "light": Light(1000, 400),
}
HLG = HDR10 | {"color_transfer": "arib-std-b67", "mastering": None, "light": None}
SD: dict[str, Any] = {"codec": "mpeg2video", "profile": "Main", "level": 8, "width": 720, "height": 576, "refs": None}
ULTRA = ("chromecast-ultra",)
PLACEBO = Tools(placebo=True)


def planned(media: Media, tools: Tools = UNASKED, **wishes: Any) -> Plan:
    decision = plan(media, Settings(**wishes), tools)
    assert isinstance(decision, Plan), decision
    return decision


def _shown(facts: dict[str, Any], tools: Tools = UNASKED, **wishes: Any) -> Plan:
    return planned(film(video(**facts), audio()), tools, **wishes)


def _burnt(codec: str, facts: dict[str, Any], **wishes: Any) -> Plan:
    return planned(film(video(**facts), audio(), subtitle(2, codec)), subtitles="burn", **wishes)


PLANS = {
    "plain": _shown({"codec": "mpeg4", "profile": None, "level": None}),
    "into mp4": _shown({"codec": "mpeg4", "profile": None, "level": None}, container=Container.MP4),
    "into webm": _shown({"codec": "mpeg4", "profile": None, "level": None}, container=Container.WEBM),
    "scaled": _shown({"codec": "mpeg4", "profile": None, "level": None}, max_height=480),
    "interlaced": _shown(SD | {"field_order": "tt", "scan": Scan.TOP_FIRST, "frame_rate": _F(25)}),
    "telecined": _shown(SD | {"height": 480, "scan": Scan.TELECINED, "frame_rate": _F(30000, 1001)}),
    "faster": _shown({"frame_rate": _F(120)}),
    "of unknown rate": _shown({"codec": "mpeg4", "profile": None, "level": None, "frame_rate": None}),
    "cropped": _shown({"codec": "mpeg4", "profile": None, "level": None, "width": 1281, "height": 721}),
    "turned": _shown({"codec": "mpeg4", "profile": None, "level": None, "rotation": 90}),
    "10 bits": _shown({"profile": "High 10", "pixel_format": "yuv420p10le"}),
    "RGB": _shown({"codec": "ffv1", "profile": None, "level": None, "pixel_format": "gbrp"}),
    "gray": _shown({"codec": "ffv1", "profile": None, "level": None, "pixel_format": "gray"}),
    "full range": _shown({"codec": "mjpeg", "profile": None, "level": None, "pixel_format": "yuvj420p"}),
    "tone mapped": _shown(HDR10),
    "tone mapped at its size": _shown(HDR10 | {"width": 1920, "height": 1080}),
    "tone mapped from HLG": _shown(HLG),
    "tone mapped by libplacebo": _shown(HDR10, PLACEBO),
    "Dolby Vision 5": _shown(HDR10 | {"dolby_vision": 5, "dolby_vision_base": 0}, PLACEBO),
    "wide colours": _shown(HDR10 | {"color_transfer": "bt709", "mastering": None, "light": None}),
    "HDR10 kept": _shown(HDR10 | {"pixel_format": "yuv422p10le", "profile": "Rext"}, profile=ULTRA),
    "HDR10 kept and shrunk": _shown(HDR10, profile=ULTRA, max_height=1080),
    "HLG kept": _shown(HLG | {"pixel_format": "yuv422p10le", "profile": "Rext"}, profile=ULTRA),
    "text drawn": _burnt("ass", {}),
    "pictures drawn": _burnt("hdmv_pgs_subtitle", {}),
    "text drawn onto HDR10": _burnt("ass", HDR10, profile=ULTRA),
    "pictures drawn onto tone mapped": _burnt("hdmv_pgs_subtitle", HDR10),
}
GPUS = {
    Backend.VAAPI: Gpu("pci-0000_03_00_0", "one", Vendor.AMD, "amdgpu", node=Path("/dev/dri/renderD129")),
    Backend.QSV: Gpu("pci-0000_00_02_0", "two", Vendor.INTEL, "xe", node=Path("/dev/dri/renderD128")),
    Backend.NVENC: Gpu("GPU-5", "three", Vendor.NVIDIA, "nvidia", node=Path("/dev/dri/renderD130"), index=1),
    Backend.AMF: Gpu("pci-0000_03_00_0", "four", Vendor.AMD, "amdgpu", node=Path("/dev/dri/renderD129")),
    Backend.V4L2M2M: Gpu("platform-x", "five", Vendor.OTHER, "bcm2835-codec", node=Path("/dev/video11")),
    Backend.VULKAN: Gpu("GPU-5", "six", Vendor.NVIDIA, "nvidia", node=Path("/dev/dri/renderD130"), index=1),
}
FILTERS = (Skill.SCALE, Skill.DEINTERLACE, Skill.TONE_MAP)


def means(backend: Backend, *, decode: bool = False, proved: tuple[Skill, ...] = ()) -> Means:
    """proved: filters of the device, for both depths."""
    filters = frozenset(Ability(backend, skill, deep=deep) for skill in proved for deep in (False, True))
    return Means(backend, GPUS[backend], decode, filters)


def laid_for(decision: Plan) -> Groundwork:
    """What has to lie ready where a text is drawn."""
    drawn = decision.burn is not None and not decision.burn.bitmap
    return Groundwork(burn=Path("/tmp/x/text.ass"), fonts=Path("/tmp/x/fonts")) if drawn else Groundwork()
