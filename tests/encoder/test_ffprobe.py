"""ffprobe's JSON → facts, however odd it is."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.config import Settings
from mkv2castd.encoder.ffprobe import parse_ffprobe
from mkv2castd.encoder.media import AudioStream, Media, OtherStream, SubtitleStream, VideoStream
from mkv2castd.encoder.plan import plan
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.model import StreamKind


def parsed(*streams: dict[str, Any], **form: Any) -> Media:
    return parse_ffprobe(json.dumps({"streams": streams, "format": form, "chapters": []}).encode())


def picture(**facts: Any) -> VideoStream:
    (stream,) = parsed({"codec_type": "video"} | facts).streams
    assert isinstance(stream, VideoStream)
    return stream


def test_an_ordinary_film_is_told_in_full() -> None:
    media = parsed(
        {
            "index": 0,
            "codec_type": "video",
            "codec_name": "h264",
            "codec_tag_string": "avc1",
            "profile": "High",
            "width": 1920,
            "height": 1080,
            "level": 41,
            "refs": 4,
            "has_b_frames": 2,
            "pix_fmt": "yuv420p",
            "avg_frame_rate": "24000/1001",
            "r_frame_rate": "24000/1001",
            "sample_aspect_ratio": "1:1",
            "field_order": "progressive",
            "color_range": "tv",
            "color_transfer": "bt709",
            "bit_rate": "8000000",
            "disposition": {"default": 1, "forced": 0},
            "tags": {"language": "eng", "title": "Main"},
        },
        {
            "index": 1,
            "codec_type": "audio",
            "codec_name": "aac",
            "profile": "LC",
            "channels": 6,
            "channel_layout": "5.1",
            "sample_rate": "48000",
            "bits_per_raw_sample": "24",
        },
        {"index": 2, "codec_type": "subtitle", "codec_name": "subrip", "disposition": {"forced": 1}},
        {"index": 3, "codec_type": "attachment", "tags": {"filename": "a.ttf", "mimetype": "font/ttf"}},
        {"index": 4, "codec_type": "data", "codec_name": "bin_data"},
        format_name="matroska,webm",
        duration="5400.5",
        start_time="-0.02",
        size="1000",
        bit_rate="9000000",
        probe_score=100,
    )
    shown, heard, text, font, timecode = media.streams
    assert isinstance(shown, VideoStream)
    assert (shown.codec, shown.level, shown.refs, shown.frame_rate) == ("h264", 41, 4, Fraction(24000, 1001))
    assert (shown.default, shown.forced, shown.cover, shown.interlaced, shown.hdr) == (
        True,
        False,
        False,
        False,
        False,
    )
    assert (shown.language, shown.title, shown.bitrate, shown.b_frames) == ("eng", "Main", 8_000_000, 2)
    assert isinstance(heard, AudioStream)
    assert (heard.channels, heard.layout, heard.sample_rate, heard.bits) == (6, "5.1", 48000, 24)
    assert isinstance(text, SubtitleStream)
    assert text.forced
    assert isinstance(font, OtherStream)
    assert (font.kind, font.filename, font.mimetype) == (StreamKind.ATTACHMENT, "a.ttf", "font/ttf")
    assert timecode.kind is StreamKind.DATA
    assert (media.duration, media.start, media.size, media.probe_score) == (5400.5, -0.02, 1000, 100)
    assert media.picture is shown
    assert (media.audio, media.subtitles) == ((heard,), (text,))


@pytest.mark.parametrize("odd", [None, "N/A", "nan", "inf", "-1", -1, "", [], {}, True, 10**400, "unknown", "abc"])
@pytest.mark.parametrize("field", ["width", "level", "refs", "bit_rate", "has_b_frames", "duration"])
def test_a_senseless_number_is_an_absent_fact(field: str, odd: Any) -> None:
    stream = picture(**{field: odd})
    known = (stream.width, stream.level, stream.refs, stream.bitrate, stream.b_frames, stream.duration)
    assert known == (None,) * 6


@pytest.mark.parametrize("odd", ["0/0", "25/0", "-25/1", "a/b", 25, None, "1/2/3", "90000/1", "nan/1"])
def test_a_senseless_rate_is_absent(odd: Any) -> None:
    assert picture(avg_frame_rate=odd, r_frame_rate=odd).frame_rate is None


def test_the_lower_of_both_rates_counts() -> None:
    assert picture(avg_frame_rate="25000/977", r_frame_rate="25/1").frame_rate == 25
    assert picture(avg_frame_rate="24/1", r_frame_rate="1000/1").frame_rate == 24
    assert picture(avg_frame_rate="0/0", r_frame_rate="30/1").frame_rate == 30


@pytest.mark.parametrize(
    ("told", "duration"),
    [("N/A", None), ("-3", None), ("1e12", None), ("0.000000", 0.0), ("nan", None), ("61.5", 61.5), (7, 7.0)],
)
def test_durations(told: Any, duration: float | None) -> None:
    assert parsed(duration=told).duration == duration


def test_without_a_film_duration_the_longest_stream_counts() -> None:
    tagged = {"codec_type": "video", "tags": {"DURATION": "00:01:02.500000000"}}
    odd = {"codec_type": "audio", "tags": {"DURATION": "a:b:c"}}
    assert parsed(tagged, odd, {"codec_type": "audio", "duration": "61"}).duration == 62.5
    assert parsed(odd).duration is None


def test_rotation_comes_from_side_data_or_an_old_tag() -> None:
    assert picture(side_data_list=[{"side_data_type": "x"}, {"rotation": -90}]).rotation == 270
    assert picture(tags={"rotate": "90"}).rotation == 270
    assert picture(side_data_list="odd").rotation == 0


def test_dolby_vision_and_hdr_are_seen() -> None:
    assert picture(side_data_list=[{"dv_profile": 5}]).dolby_vision == 5
    assert picture(color_transfer="smpte2084").hdr
    assert picture(color_transfer="arib-std-b67").hdr
    assert picture(field_order="tt").interlaced


def test_covers_are_known_by_flag_or_type() -> None:
    assert picture(disposition={"attached_pic": 1}).cover
    assert picture(tags={"MIMETYPE": "image/jpeg"}).cover
    assert not picture(disposition="odd").cover


def test_the_film_is_the_default_picture_else_the_first() -> None:
    cover = {"codec_type": "video", "disposition": {"attached_pic": 1, "default": 1}}
    plain, default = {"codec_type": "video"}, {"codec_type": "video", "disposition": {"default": 1}}
    second = parsed(cover, plain, default).picture
    first = parsed(cover, plain, plain).picture
    assert second is not None
    assert second.index == 2
    assert first is not None
    assert first.index == 1
    assert parsed(cover).picture is None


def test_our_tag_is_found_in_both_its_places() -> None:
    assert parsed(tags={"MKV2CASTD": "1;2;3"}).ours == "1;2;3"
    handler = {"codec_type": "video", "tags": {"handler_name": "MKV2CASTD=1;2;3"}}
    assert parsed(handler).ours == "1;2;3"
    assert parsed(handler | {"codec_type": "audio"}).ours is None
    assert parsed({"codec_type": "video", "tags": {"handler_name": "VideoHandler"}}).ours is None


def test_statistics_are_remembered_with_their_spelling() -> None:
    stream = picture(tags={"BPS-eng": "1", "_STATISTICS_TAGS": "x", "title": "t", "NUMBER_OF_FRAMES": "2"})
    assert set(stream.statistics) == {"BPS-eng", "_STATISTICS_TAGS", "NUMBER_OF_FRAMES"}


def test_chapters_keep_what_is_known_of_them() -> None:
    raw = {"chapters": [{"start_time": "0.0", "end_time": "5.5"}, {"start_time": "N/A"}, 7]}
    first, second = parse_ffprobe(json.dumps(raw).encode()).chapters
    assert (first.start, first.end, second.start, second.end) == (0.0, 5.5, None, None)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b"\xff\xfe", b"null"])
def test_what_is_no_answer_of_ffprobe_is_refused(raw: bytes) -> None:
    with pytest.raises(MediaError) as caught:
        parse_ffprobe(raw)
    assert caught.value.code is ErrorCode.SOURCE_UNREADABLE


def test_bytes_that_are_no_utf8_are_no_fault() -> None:
    assert parse_ffprobe(b'{"format": {"tags": {"title": "\xff"}}}') == parsed(tags={})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["N/A", "1:1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = (
    *("index", "codec_name", "codec_type", "width", "height", "level", "avg_frame_rate", "tags", "disposition"),
    *("side_data_list", "channels", "sample_rate", "duration", "sample_aspect_ratio", "codec_tag_string"),
)
_STREAM = st.dictionaries(st.sampled_from(_FIELDS), _JSON) | st.builds(
    lambda kind, facts: facts | {"codec_type": kind, "codec_name": "h264"},
    st.sampled_from(["video", "audio", "subtitle", "attachment"]),
    st.dictionaries(st.sampled_from(_FIELDS), _JSON),
)


@given(streams=st.lists(_STREAM | _JSON, max_size=4), form=_JSON, chapters=_JSON)
def test_no_answer_however_odd_raises_anything_else(streams: list[Any], form: Any, chapters: Any) -> None:
    raw = json.dumps({"streams": streams, "format": form, "chapters": chapters}).encode()
    try:
        plan(parse_ffprobe(raw), Settings())
    except MediaError as error:
        assert error.message  # noqa: PT017  an error that people understand is fine
