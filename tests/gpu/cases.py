"""What is converted on a device: each film into each codec that the device has proved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mkv2castd.config import Settings
from mkv2castd.config_profiles import PictureConfig, ProfileConfig, built
from mkv2castd.device import Device
from mkv2castd.encoder.playable import Hdr
from mkv2castd.model import Container
from tests.gpu.films import FILMS, RATE

# What the project makes films into, and the containers that it does so for, the first one first.
_INTO = {
    "h264": (Container.MKV, Container.MP4),
    "hevc": (Container.MKV, Container.MP4),
    "vp9": (Container.WEBM,),
    "vp8": (Container.WEBM,),
}
CODECS = tuple(_INTO)
# Those whose HDR10 stays what it is.
_KEEPS_HDR = ("hevc", "vp9")


@dataclass(frozen=True, slots=True)
class Case:
    """film: a key of FILMS. wishes: one for each container that will do. comparable: the processor's filters make
    the same pictures as the device's own, so that the results have to resemble each other."""

    film: str
    title: str
    codec: str
    deep: bool
    wishes: tuple[Settings, ...]
    comparable: bool = True


def cases(device: Device, size: tuple[int, int]) -> Iterator[Case]:
    """Everything that this device claims, codec by codec. size: the largest picture that is allowed."""
    for codec in CODECS:
        if device.can_encode(codec):
            for name, film in FILMS.items():
                tone_mapped = name == "hdr10"
                title = f"{film.title}, tone-mapped" if tone_mapped else film.title
                yield Case(name, title, codec, False, _wishes(codec, False, size, film.text), not tone_mapped)
        if codec in _KEEPS_HDR and device.can_encode(codec, deep=True):
            yield Case("hdr10", f"{FILMS['hdr10'].title}, kept", codec, True, _wishes(codec, True, size, False))


def _wishes(codec: str, deep: bool, size: tuple[int, int], text: bool) -> tuple[Settings, ...]:
    picture = PictureConfig(
        codec=codec,  # type: ignore[arg-type]
        max_width=size[0],
        max_height=size[1],
        max_rate=RATE + 5,
        ten_bit=deep,
        hdr=(Hdr.HDR10,) if deep else (),
    )
    custom = ProfileConfig(name="self-test", video=(picture,))
    return tuple(
        Settings(
            profile=(custom.name,),
            customs=(built(custom),),
            container=container,
            subtitles="burn" if text else "none",
            min_free_bytes=0,
            stall_seconds=60,
        )
        for container in _INTO[codec]
    )
