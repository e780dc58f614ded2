"""What ffprobe tells beside a picture or its frames: HDR's metadata, Dolby Vision, mirrors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from mkv2castd.encoder import lenient
from mkv2castd.encoder.media import Light, Mastering

_BRIGHTEST_NITS = 10_000


def side_facts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Fields of VideoStream out of a `side_data_list`, of the stream or of a frame; only those that it tells."""
    facts: dict[str, Any] = {}
    for row in rows:
        match row.get("side_data_type"):
            case "Mastering display metadata":
                facts["mastering"] = _mastering(row)
            case "Content light level metadata":
                facts["light"] = _light(row)
            case _ if "dv_profile" in row:
                facts["dolby_vision"] = lenient.whole(row.get("dv_profile"), 0, 255)
                facts["dolby_vision_base"] = lenient.whole(row.get("dv_bl_signal_compatibility_id"), 0, 15)
            case "Dolby Vision Metadata":
                facts |= _dolby_frame(row)
            case str(kind) if "SMPTE2094-40" in kind:
                facts["hdr10_plus"] = True
    return {name: fact for name, fact in facts.items() if fact is not None}


def _dolby_frame(row: Mapping[str, Any]) -> dict[str, Any]:
    """A frame's own description tells a profile 5 that the container does not: RPU profile 0 over a picture of full
    range is that one and no other."""
    alone = lenient.whole(row.get("vdr_rpu_profile")) == 0 and lenient.whole(row.get("bl_video_full_range_flag")) == 1
    return {"dolby_vision": 5, "dolby_vision_base": 0, "dolby_in_frames": True} if alone else {}


def _mastering(row: Mapping[str, Any]) -> Mastering | None:
    """None unless it tells everything and a screen could be so: as good as nothing otherwise."""
    names = ("red_x", "red_y", "green_x", "green_y", "blue_x", "blue_y", "white_point_x", "white_point_y")
    points = [_fraction(row.get(name)) for name in names]
    darkest, brightest = _fraction(row.get("min_luminance")), _fraction(row.get("max_luminance"))
    if darkest is None or brightest is None or not darkest < brightest <= _BRIGHTEST_NITS:
        return None
    known = [point for point in points if point is not None and point <= 1]
    if len(known) != len(names) or not any(known):
        return None
    red, green, blue, white = zip(known[::2], known[1::2], strict=True)
    return Mastering(red, green, blue, white, darkest, brightest)


def _fraction(value: Any) -> Fraction | None:
    """A ratio that may be 0, out of "13250/50000"."""
    if not isinstance(value, str):
        return None
    above, _, below = value.partition("/")
    upper, lower = lenient.whole(above), lenient.whole(below or "1", 1)
    return Fraction(upper, lower) if upper is not None and lower is not None else None


def _light(row: Mapping[str, Any]) -> Light | None:
    """None when both are 0, which stands for unknown."""
    content = lenient.whole(row.get("max_content"), 0, _BRIGHTEST_NITS)
    average = lenient.whole(row.get("max_average"), 0, _BRIGHTEST_NITS)
    if content is None or average is None or not (content or average):
        return None
    return Light(content, average)


def mirrored(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the display matrix mirrors the picture: its determinant is negative."""
    for row in rows:
        matrix = row.get("displaymatrix")
        if not isinstance(matrix, str):
            continue
        numbers = [lenient.number(word) for line in matrix.splitlines() for word in line.partition(":")[2].split()]
        cells = [number for number in numbers if number is not None]
        if len(cells) == 9:
            return cells[0] * cells[4] - cells[1] * cells[3] < 0
    return False
