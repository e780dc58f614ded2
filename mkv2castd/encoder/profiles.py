"""Names of devices → what plays on all of them; and what a container can be filled with for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from types import MappingProxyType

from mkv2castd.encoder.cast_devices import DEVICES
from mkv2castd.encoder.playable import AudioRow as AudioRow
from mkv2castd.encoder.playable import ContainerRow as ContainerRow
from mkv2castd.encoder.playable import Hdr as Hdr
from mkv2castd.encoder.playable import Limit as Limit
from mkv2castd.encoder.playable import Profile as Profile
from mkv2castd.encoder.playable import VideoRow as VideoRow
from mkv2castd.encoder.playable import intersection
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.model import Container

# The built-in ones, by name.
PROFILES: Mapping[str, Profile] = DEVICES

# What films are encoded to in each container: pictures by their codec, and the profile that comes out for any film,
# the first one first; and the sound's codec.
_FILLED_WITH: Mapping[str, tuple[Mapping[str, str | None], str]] = MappingProxyType(
    {
        "mkv": (MappingProxyType({"h264": "High", "hevc": "Main"}), "aac"),
        "mp4": (MappingProxyType({"h264": "High", "hevc": "Main"}), "aac"),
        "mpegts": (MappingProxyType({"h264": "High"}), "aac"),
        "webm": (MappingProxyType({"vp9": "Profile 0", "vp8": None}), "opus"),
    }
)


def known(customs: Sequence[Profile] = ()) -> Mapping[str, Profile]:
    """Every profile that can be named: the devices, then the user's own."""
    return MappingProxyType({**PROFILES, **{custom.names[0]: custom for custom in customs}})


def combine(names: Sequence[str], customs: Sequence[Profile] = ()) -> Profile:
    """What plays on all the named devices: the intersection. A single name gives that very profile.

    customs: the user's own profiles. Raises RequestError (invalid_argument) for an unknown name or none at all.
    """
    table = known(customs)
    for name in names:
        if name not in table:
            allowed = ", ".join(sorted(table))
            raise RequestError(ErrorCode.INVALID_ARGUMENT, f"there is no profile {name!r}; allowed: {allowed}")
    if not names:
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "profile: name at least one")
    members = [table[name] for name in dict.fromkeys(names)]
    if len(members) == 1:
        return members[0]
    *most, last = (member.title for member in members)
    return replace(reduce(intersection, members), title=f"{', '.join(most)} and {last}")


def fillable(profile: Profile, container: str) -> tuple[str, ...]:
    """The picture codecs that a film may be encoded to for these devices in this container, the preferred one
    first; empty when no film can be made for them in it."""
    row = profile.container(container)
    if row is None or container not in _FILLED_WITH:
        return ()
    pictures, sound = _FILLED_WITH[container]
    if sound not in row.audio or profile.audio_row(sound) is None:
        return ()
    return tuple(codec for codec, made in pictures.items() if codec in row.video and _makes(profile, codec, made))


def _makes(profile: Profile, codec: str, made: str | None) -> bool:
    row = profile.video_row(codec)
    return row is not None and (made is None or made in row.profiles) and "yuv420p" in row.pixel_formats


def require_fillable(profile: Profile, container: str) -> ContainerRow:
    """The container's row. Raises RequestError (invalid_argument), naming the containers that are possible."""
    row = profile.container(container)
    if row is None or not fillable(profile, container):
        possible = [other.value for other in Container if fillable(profile, other.value)]
        remedy = f"possible: {', '.join(possible)}" if possible else "no container is: name fewer devices"
        raise RequestError(
            ErrorCode.INVALID_ARGUMENT,
            f"container: {container} cannot be filled with what plays on {profile.title}; {remedy}",
        )
    return row
