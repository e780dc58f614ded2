"""Channels by name, and how many of them are mixed into few: ffmpeg's `pan` filters.

No mix can clip: what goes into one channel of the result adds up to less than its full scale. Names, and the order
of channels in each layout, are those of libavutil/channel_layout.c (`ffmpeg -layouts`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

STEREO = 2
_LAYOUTS: Mapping[str, str] = MappingProxyType(
    {
        "mono": "FC",
        "stereo": "FL FR",
        "downmix": "DL DR",
        "2.1": "FL FR LFE",
        "3.0": "FL FR FC",
        "3.0(back)": "FL FR BC",
        "3.1": "FL FR FC LFE",
        "4.0": "FL FR FC BC",
        "4.1": "FL FR FC LFE BC",
        "quad": "FL FR BL BR",
        "quad(side)": "FL FR SL SR",
        "5.0": "FL FR FC BL BR",
        "5.0(side)": "FL FR FC SL SR",
        "5.1": "FL FR FC LFE BL BR",
        "5.1(side)": "FL FR FC LFE SL SR",
        "6.0": "FL FR FC BC SL SR",
        "6.0(front)": "FL FR FLC FRC SL SR",
        "hexagonal": "FL FR FC BL BR BC",
        "6.1": "FL FR FC LFE BC SL SR",
        "6.1(back)": "FL FR FC LFE BL BR BC",
        "6.1(front)": "FL FR LFE FLC FRC SL SR",
        "7.0": "FL FR FC BL BR SL SR",
        "7.0(front)": "FL FR FC FLC FRC SL SR",
        "7.1": "FL FR FC LFE BL BR SL SR",
        "7.1(wide)": "FL FR FC LFE BL BR FLC FRC",
        "7.1(wide-side)": "FL FR FC LFE FLC FRC SL SR",
        "7.1(top)": "FL FR FC LFE BL BR TFL TFR",
        "octagonal": "FL FR FC BL BR BC SL SR",
        "cube": "FL FR BL BR TFL TFR TBL TBR",
        "3.1.2": "FL FR FC LFE TFL TFR",
        "5.1.2": "FL FR FC LFE SL SR TFL TFR",
        "5.1.2(back)": "FL FR FC LFE BL BR TFL TFR",
        "5.1.4": "FL FR FC LFE SL SR TFL TFR TBL TBR",
        "5.1.4(back)": "FL FR FC LFE BL BR TFL TFR TBL TBR",
        "7.1.2": "FL FR FC LFE BL BR SL SR TFL TFR",
        "7.1.4": "FL FR FC LFE BL BR SL SR TFL TFR TBL TBR",
        "7.1.4(back)": "FL FR FC LFE BL BR SL SR TFL TFR TBL TBR",
        "9.1.4": "FL FR FC LFE BL BR FLC FRC SL SR TFL TFR TBL TBR",
        "hexadecagonal": "FL FR FC BL BR BC SL SR TFL TFC TFR TBL TBC TBR WL WR",
    }
)
# What so many channels are that nobody has named, where all usual formats agree; it is what ffmpeg takes them for.
_ASSUMED: Mapping[int, str] = MappingProxyType({5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"})
_SPELLED = re.compile(r"(?:^|\()((?:[A-Z]+[0-9]?\+)+[A-Z]+[0-9]?)")

# How loud a channel is heard left and right. The centre is as loud as the fronts on either side, since it is what
# people speak from; bass effects are left out, as in Dolby's and ITU-R BS.775's own downmix.
_HEARD: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "FL": (1.0, 0.0),
        "FR": (0.0, 1.0),
        "FC": (1.0, 1.0),
        "LFE": (0.0, 0.0),
        "LFE2": (0.0, 0.0),
        "BL": (0.5, 0.0),
        "BR": (0.0, 0.5),
        "SL": (0.5, 0.0),
        "SR": (0.0, 0.5),
        "BC": (0.35, 0.35),
        "FLC": (0.7, 0.3),
        "FRC": (0.3, 0.7),
        "DL": (1.0, 0.0),
        "DR": (0.0, 1.0),
        "WL": (0.7, 0.0),
        "WR": (0.0, 0.7),
        "TFL": (0.35, 0.0),
        "TFR": (0.0, 0.35),
        "TBL": (0.35, 0.0),
        "TBR": (0.0, 0.35),
    }
)
_ELSEWHERE = (0.35, 0.35)
# −1 dB: AAC and Opus come out up to 0.4 dB louder than what went in, measured with sines at full scale.
_FULL = 0.89

# Where a channel goes in a layout that lacks it: the first of these whose channels are all there.
_PLACES: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "BL": (("SL",), ("BC",)),
        "BR": (("SR",), ("BC",)),
        "SL": (("BL",), ("BC",)),
        "SR": (("BR",), ("BC",)),
        "BC": (("BL", "BR"),),
        "FLC": (("FL",),),
        "FRC": (("FR",),),
        "WL": (("FL",),),
        "WR": (("FR",),),
        "TFL": (("FL",),),
        "TFR": (("FR",),),
        "TFC": (("FC",),),
        "TBL": (("BL",), ("SL",)),
        "TBR": (("BR",), ("SR",)),
    }
)
_FOLDED = 0.7
_NO_SURROUND = frozenset({"FL", "FR", "DL", "DR", "LFE", "LFE2"})
# The layouts that each codec names beyond doubt. AAC's channel configurations 3 to 6: others, 5.1(side) and 7.1 among
# them, need a description of their own, which not every player reads. Opus: RFC 7845, mapping family 1.
_WRITTEN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"aac": ("3.0", "4.0", "5.0", "5.1"), "opus": ("3.0", "quad", "5.0", "5.1", "6.1", "7.1")}
)
_USUAL = "5.1"


def named(layout: str | None, channels: int) -> tuple[str, ...] | None:
    """The channels by name, in ffmpeg's order; None where the film does not name them. Newer ffmpeg says "6 channels"
    where older says nothing."""
    spelled = _SPELLED.search(layout) if layout is not None else None
    found = spelled[1].split("+") if spelled is not None else _LAYOUTS.get(layout or "", "").split()
    return tuple(found) if found and len(found) == channels else None


def names(layout: str | None, channels: int) -> tuple[str, ...] | None:
    """As `named`, or what so many channels usually are; None where nobody can say what they are."""
    found = named(layout, channels)
    return found if found is not None or channels not in _ASSUMED else tuple(_LAYOUTS[_ASSUMED[channels]].split())


def channels_of(layout: str) -> int:
    """How many channels a layout has that this module has named."""
    return len(_LAYOUTS[layout].split())


def written_as(layout: str | None, channels: int, codec: str) -> str | None:
    """The layout in which surround sound is encoded anew: the smallest that takes each channel by itself, else 5.1.
    None where it is no surround sound, or nobody can say what the channels are."""
    found = names(layout, channels)
    if found is None or _NO_SURROUND.issuperset(found):
        return None
    return next((goal for goal in _WRITTEN[codec] if _fits(found, _LAYOUTS[goal].split())), _USUAL)


def _fits(found: Sequence[str], goal: Sequence[str]) -> bool:
    places = [_place(name, goal) for name in found]
    taken = [channel for place in places for channel in place]
    return all(places) and len(taken) == len(set(taken))


def _place(name: str, goal: Sequence[str]) -> tuple[str, ...]:
    if name in goal:
        return (name,)
    return next((place for place in _PLACES.get(name, ()) if set(place) <= set(goal)), ())


def to_stereo(layout: str | None, channels: int) -> str:
    """Mixes more than two channels down to two."""
    heard = {name: _HEARD.get(name, _ELSEWHERE) for name in names(layout, channels) or ()}
    if (layout or "").startswith("ambisonic"):
        heard = {"c0": (0.5, 0.5), "c1": (0.5, -0.5)}  # everything, and what comes from the left (ACN order)
    elif not heard:
        heard = {"c0": (1.0, 0.0), "c1": (0.0, 1.0)} | {f"c{n}": _ELSEWHERE for n in range(STEREO, channels)}
    rows = [{name: pair[side] for name, pair in heard.items() if pair[side]} for side in range(STEREO)]
    most = max(sum(map(abs, row.values())) for row in rows)
    most = most / _FULL if most > 1.0 else 1.0
    return _pan("stereo", ("FL", "FR"), [{name: gain / most for name, gain in row.items()} for row in rows])


def to_surround(layout: str | None, channels: int, goal: str) -> str:
    """Puts each channel where it belongs in `goal`, a layout that `written_as` gave for them."""
    goals = _LAYOUTS[goal].split()
    rows: dict[str, dict[str, float]] = {channel: {} for channel in goals}
    for name in names(layout, channels) or ():
        place = _place(name, goals)
        for channel in place:
            rows[channel][name] = 1.0 if channel == name else _FOLDED
            if len(place) == 1 and len(rows[channel]) == 1:
                rows[channel][name] = 1.0
    scaled = []
    for row in rows.values():
        most = sum(row.values()) / _FULL if len(row) > 1 else 1.0
        scaled.append({name: gain / most for name, gain in row.items()})
    return _pan(goal, goals, scaled)


def _pan(layout: str, places: Sequence[str], rows: Sequence[Mapping[str, float]]) -> str:
    """A channel that gets nothing is left unsaid, which makes it silent."""
    mixes = [
        f"{place}={'+'.join(f'{gain:.4f}*{name}' for name, gain in row.items()).replace('+-', '-')}"
        for place, row in zip(places, rows, strict=True)
        if row
    ]
    return "|".join([f"pan={layout}", *mixes])
