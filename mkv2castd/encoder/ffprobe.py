"""ffprobe's JSON → Media. Any field may be missing or odd; only what is no JSON object at all is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from mkv2castd.encoder import lenient
from mkv2castd.encoder.media import (
    OUR_TAG,
    AnyStream,
    AudioStream,
    Chapter,
    Media,
    OtherStream,
    Programme,
    SubtitleStream,
    VideoStream,
)
from mkv2castd.encoder.side_data import mirrored as _mirrored
from mkv2castd.encoder.side_data import side_facts
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.model import StreamKind

_LONGEST = 30 * 86400.0  # seconds; what claims more has a broken clock
_HANDLER = re.compile(r"handler|media|produced by|gpac|mainconcept|^audio$", re.IGNORECASE)  # programs' own names
_FASTEST = 240  # frames a second; a film that is faster says so with its average
_KEY_TAG = "enc_key_id"  # libavformat's name of what Matroska's ContentEncryption tells; nothing else tells of it
_STATISTICS = ("bps", "duration", "number_of_frames", "number_of_bytes", "_statistics_")


class _Probe(msgspec.Struct):
    """ffprobe's JSON. Any: every single value may be missing or odd, and `lenient` reads it."""

    streams: Any = None
    format: Any = None
    chapters: Any = None
    packets: Any = None
    programs: Any = None


def parse_ffprobe(raw: bytes) -> Media:
    """What `ffprobe -of json -show_format -show_streams -show_chapters` printed, with -show_packets and
    -show_programs if asked.

    Raises MediaError (source_unreadable) when it is no JSON object; odd or missing fields are no error.
    """
    try:
        probe = msgspec.json.decode(raw.decode("utf-8", "replace"), type=_Probe)
    except msgspec.MsgspecError as error:
        raise MediaError(
            ErrorCode.SOURCE_UNREADABLE,
            "ffprobe's answer could not be understood: try again with another version of ffmpeg",
            str(error),
        ) from error
    form = lenient.table(probe.format)
    tags = lenient.tags(form.get("tags"))
    raw_streams = lenient.rows(probe.streams)
    leads = _leads(lenient.rows(probe.packets))
    streams = tuple(_stream(position, row, leads) for position, row in enumerate(raw_streams))
    return Media(
        streams=streams,
        format_names=tuple((lenient.text(form.get("format_name")) or "").split(",")),
        brand=tags.get("major_brand"),
        duration=_duration(form, streams),
        start=lenient.number(form.get("start_time")),
        size=lenient.whole(form.get("size")),
        bitrate=lenient.whole(form.get("bit_rate"), 1),
        probe_score=lenient.whole(form.get("probe_score"), 0, 100),
        chapters=tuple(_chapter(row) for row in lenient.rows(probe.chapters)),
        ours=_ours(tags, raw_streams),
        encrypted=_encrypted(lenient.rows(probe.packets)),
        keyed=_encrypted(raw_streams) or any(_KEY_TAG in lenient.tags(row.get("tags")) for row in raw_streams),
        empty=probe.packets == [],
        programmes=tuple(_programme(row) for row in lenient.rows(probe.programs)),
    )


def frame_facts(raw: bytes) -> dict[str, Any]:
    """Fields of VideoStream out of what `ffprobe -of json -show_frames` printed; none where it cannot be read."""
    try:
        frames = lenient.rows(lenient.table(msgspec.json.decode(raw.decode("utf-8", "replace"))).get("frames"))
    except msgspec.MsgspecError:
        return {}
    facts = side_facts([side for frame in frames[:1] for side in lenient.rows(frame.get("side_data_list"))])
    if any(frame.get("interlaced_frame") == 1 for frame in frames):
        facts["field_order"] = "tt" if all(frame.get("top_field_first") == 1 for frame in frames) else "bb"
    return facts


def decoded_refs(raw: bytes) -> int | None:
    """How many reference frames H.264 uses, by what `ffprobe -of json -show_streams -show_frames` printed of one
    stream, some of whose frames it has decoded; None where it cannot be read."""
    try:
        told = lenient.table(msgspec.json.decode(raw.decode("utf-8", "replace")))
    except msgspec.MsgspecError:
        return None
    if not lenient.rows(told.get("frames")):
        return None
    return next((lenient.whole(row.get("refs"), 1, 64) for row in lenient.rows(told.get("streams"))), None)


def _duration(form: Mapping[str, Any], streams: Sequence[AnyStream]) -> float | None:
    whole_film = _seconds(form.get("duration"))
    if whole_film is not None:
        return whole_film
    known = [s.duration for s in streams if s.duration is not None and s.kind in (StreamKind.VIDEO, StreamKind.AUDIO)]
    return max(known, default=None)


def _seconds(value: Any) -> float | None:
    read = lenient.number(value)
    return read if read is not None and 0 <= read <= _LONGEST else None


def _programme(row: Mapping[str, Any]) -> Programme:
    indexes = (lenient.whole(stream.get("index"), 0, 100_000) for stream in lenient.rows(row.get("streams")))
    return Programme(
        lenient.whole(row.get("program_num")),
        lenient.tags(row.get("tags")).get("service_name"),
        frozenset(index for index in indexes if index is not None),
    )


def _chapter(row: Mapping[str, Any]) -> Chapter:
    return Chapter(
        _moment(row.get("start_time")), _moment(row.get("end_time")), lenient.tags(row.get("tags")).get("title")
    )


def _moment(value: Any) -> float | None:
    read = lenient.number(value)
    return read if read is not None and abs(read) <= _LONGEST else None


def _ours(tags: Mapping[str, str], streams: Sequence[Mapping[str, Any]]) -> str | None:
    if OUR_TAG.lower() in tags:
        return tags[OUR_TAG.lower()]
    marker = f"{OUR_TAG}="
    for row in streams:
        handler = lenient.tags(row.get("tags")).get("handler_name", "")
        if row.get("codec_type") == "video" and handler.startswith(marker):
            return handler.removeprefix(marker)
    return None


def _encrypted(rows: Sequence[Mapping[str, Any]]) -> bool:
    """libavformat tells the codec that lies below the encryption, and tells of it in side data only."""
    kinds = (side.get("side_data_type") for row in rows for side in lenient.rows(row.get("side_data_list")))
    return any(isinstance(kind, str) and kind.startswith("Encryption") for kind in kinds)


def _leads(packets: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    """By stream, how long before its start the first packet lies that is to be decoded, but not shown."""
    found: dict[int, float] = {}
    for row in packets:
        index, time = lenient.whole(row.get("stream_index")), lenient.number(row.get("pts_time"))
        if index is not None and time is not None and "D" in str(row.get("flags", "")):
            found[index] = max(found.get(index, 0.0), -time)
    return found


def _stream(position: int, row: Mapping[str, Any], leads: Mapping[int, float]) -> AnyStream:
    tags = lenient.tags(row.get("tags"))
    index = lenient.whole(row.get("index"), 0, 100_000)
    duration = _seconds(row.get("duration"))
    language = lenient.text(tags.get("language"))
    facts: dict[str, Any] = {
        "index": position if index is None else index,
        "codec": lenient.text(row.get("codec_name")),
        "codec_tag": _codec_tag(row.get("codec_tag_string")),
        "profile": lenient.text(row.get("profile")),
        "language": None if language == "und" else language,
        "title": lenient.text(tags.get("title")),
        "start": lenient.number(row.get("start_time")),
        "duration": duration if duration is not None else _seconds(lenient.clock(tags.get("duration"))),
        "lead": leads.get(position if index is None else index),
        "bitrate": lenient.whole(row.get("bit_rate"), 1) or lenient.whole(tags.get("bps"), 1),
        "dispositions": _dispositions(row, tags),
        "statistics": tuple(str(key) for key in lenient.table(row.get("tags")) if _is_statistic(str(key))),
    }
    match row.get("codec_type"):
        case "video":
            return VideoStream(**facts | _picture(row, tags) | {"tail": _tail(row, duration, facts["lead"])})
        case "audio":
            return AudioStream(**facts | _sound(row) | {"title": _sound_title(tags)})
        case "subtitle":
            return SubtitleStream(**facts)
        case "attachment":
            facts |= {"filename": tags.get("filename"), "mimetype": tags.get("mimetype")}
            return OtherStream(kind=StreamKind.ATTACHMENT, **facts)
        case _:
            return OtherStream(kind=StreamKind.DATA, **facts)


def _tail(row: Mapping[str, Any], duration: float | None, lead: float | None) -> float | None:
    """What an MP4 holds beyond its edit list, which the duration obeys, and the number of frames does not."""
    count, rate = lenient.whole(row.get("nb_frames"), 1), lenient.ratio(row.get("avg_frame_rate"))
    if count is None or rate is None or duration is None:
        return None
    return max(0.0, float(count / rate) - duration - (lead if lead is not None else 0.0))


def _dispositions(row: Mapping[str, Any], tags: Mapping[str, str]) -> frozenset[str]:
    """ffmpeg itself writes covers into Matroska as tracks and loses their flag, but not their MIME type."""
    told = frozenset(key for key, value in lenient.table(row.get("disposition")).items() if value == 1)
    return told | {"attached_pic"} if tags.get("mimetype", "").startswith("image/") else told


def _codec_tag(value: Any) -> str | None:
    found = lenient.text(value)
    return None if found is None or found.startswith("[0]") else found


def _is_statistic(name: str) -> bool:
    return name.lower().startswith(_STATISTICS)


def _picture(row: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    side = lenient.rows(row.get("side_data_list"))
    return {
        "width": lenient.whole(row.get("width"), 1, 65536),
        "height": lenient.whole(row.get("height"), 1, 65536),
        "level": lenient.whole(row.get("level"), 1, 1000),
        # 1 is what it tells before anything has been decoded
        "refs": lenient.whole(row.get("refs"), 2, 64),
        "b_frames": lenient.whole(row.get("has_b_frames"), 0, 64),
        "pixel_format": lenient.text(row.get("pix_fmt")),
        "frame_rate": _rate(row),
        "peak_rate": _peak(row),
        "pixel_aspect": lenient.ratio(row.get("sample_aspect_ratio")),
        "field_order": lenient.text(row.get("field_order")),
        "rotation": _rotation(side, tags),
        "color_range": lenient.text(row.get("color_range")),
        "color_space": lenient.text(row.get("color_space")),
        "color_transfer": lenient.text(row.get("color_transfer")),
        "color_primaries": lenient.text(row.get("color_primaries")),
        "record": lenient.whole(row.get("extradata_size"), 1),
        "mirrored": _mirrored(side),
        **side_facts(side),
    }


def _rate(row: Mapping[str, Any]) -> Fraction | None:
    """The lower of both rates that ffprobe tells: the average is too high where a duration is a little short,
    the other one where frames come at uneven times."""
    told = (lenient.ratio(row.get("avg_frame_rate")), _peak(row))
    return min((rate for rate in told if rate is not None and rate <= 1000), default=None)


def _peak(row: Mapping[str, Any]) -> Fraction | None:
    """What the times of all frames fit. Where there are too few of them to tell, as with a single one, ffprobe names
    the ticks of the container's clock instead, and no average."""
    told, average = lenient.ratio(row.get("r_frame_rate")), lenient.ratio(row.get("avg_frame_rate"))
    return None if average is None and told is not None and told > _FASTEST else told


def _rotation(side: Sequence[Mapping[str, Any]], tags: Mapping[str, str]) -> int:
    for row in side:
        turned = lenient.whole(row.get("rotation"), -360, 360)
        if turned is not None:
            return turned % 360
    clockwise = lenient.whole(tags.get("rotate"), -360, 360)
    return 0 if clockwise is None else -clockwise % 360


def _sound_title(tags: Mapping[str, str]) -> str | None:
    """MP4 has no title that ffmpeg reads back; many programs, and we, put it where the track's handler is named."""
    title = lenient.text(tags.get("title")) or lenient.text(tags.get("name"))
    handler = lenient.text(tags.get("handler_name"))
    return title if title is not None or handler is None or _HANDLER.search(handler) else handler


def _sound(row: Mapping[str, Any]) -> dict[str, Any]:
    bits = lenient.whole(row.get("bits_per_raw_sample"), 1, 64)
    return {
        "channels": lenient.whole(row.get("channels"), 1, 1024),
        "layout": lenient.text(row.get("channel_layout")),
        "sample_rate": lenient.whole(row.get("sample_rate"), 1, 10_000_000),
        "bits": bits if bits is not None else lenient.whole(row.get("bits_per_sample"), 1, 64),
    }
