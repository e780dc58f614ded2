"""What each device plays, and what plays on several."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import reduce
from itertools import combinations, permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mkv2castd.encoder.cast_devices import AUDIO, CONTAINERS
from mkv2castd.encoder.playable import AudioRow, Hdr, Limit, Profile, VideoRow, intersection, profile, within
from mkv2castd.encoder.profiles import PROFILES, combine, fillable, known, require_fillable
from mkv2castd.errors import ErrorCode, RequestError

DECISIONS = Path(__file__).parent.parent.parent / "docs" / "decisions.md"
HD30, HD60, P60, P30 = (1920, 1080, 30), (1920, 1080, 60), (1280, 720, 60), (1280, 720, 30)
UHD30, UHD60 = (3840, 2160, 30), (3840, 2160, 60)
ALL_HDR, TWO_HDR = {"hdr10", "hlg", "dolby-vision"}, {"hdr10", "hlg"}
EIGHT, TEN = {"Profile 0"}, {"Profile 0", "Profile 2"}
H264 = {"Constrained Baseline", "Baseline", "Main", "High"}
HEVC = ({UHD60}, 153, {"Main", "Main 10"}, True, ALL_HDR)

# Google's page, row by row: codec → boxes, level, profiles, 10 bits, HDR. Written down a second time.
TABLE: dict[str, dict[str, tuple[set[tuple[int, int, int]], int | None, set[str], bool, set[str]]]] = {
    "chromecast-1": {"h264": ({HD30, P60}, 41, H264, False, set()), "vp8": ({HD30, P60}, None, set(), False, set())},
    "chromecast-3": {"h264": ({HD60}, 42, H264, False, set()), "vp8": ({HD30, P60}, None, set(), False, set())},
    "chromecast-ultra": {
        "h264": ({HD60}, 42, H264, False, set()),
        "hevc": HEVC,
        "vp8": ({UHD30}, None, set(), False, set()),
        "vp9": ({UHD60}, 51, TEN, True, TWO_HDR),
    },
    "chromecast-google-tv": {
        "h264": ({UHD30}, 51, H264, False, set()),
        "hevc": HEVC,
        "vp9": ({UHD60}, None, TEN, True, TWO_HDR),
    },
    "google-tv-streamer": {
        "h264": ({UHD60}, 52, H264, False, set()),
        "hevc": HEVC,
        "vp9": ({UHD60}, None, TEN, True, TWO_HDR),
        "av1": ({UHD60}, 13, {"Main"}, True, TWO_HDR),
    },
    "nest-hub": {"h264": ({P60}, 41, H264, False, set()), "vp9": ({P60}, 40, EIGHT, False, set())},
    "nest-hub-max": {"h264": ({P30}, 41, H264, False, set()), "vp9": ({P30}, 40, EIGHT, False, set())},
}


def boxes(row: VideoRow) -> set[tuple[int, int, int]]:
    return {(box.width, box.height, int(box.rate)) for box in row.limits}


@pytest.mark.parametrize("name", TABLE)
def test_each_device_plays_what_google_says(name: str) -> None:
    told = {
        row.codec: (
            boxes(row),
            row.level,
            set(row.profiles),
            "yuv420p10le" in row.pixel_formats,
            {kind.value for kind in row.hdr},
        )
        for row in PROFILES[name].video
    }
    assert told == TABLE[name]
    assert all("yuv420p" in row.pixel_formats and not row.interlaced for row in PROFILES[name].video)


def test_there_are_no_devices_but_those_of_the_table_and_the_default() -> None:
    assert set(PROFILES) == {*TABLE, "chromecast"}
    assert all(device.names == (name,) for name, device in PROFILES.items())


@pytest.mark.parametrize("name", TABLE)
def test_the_document_tells_the_same_devices(name: str) -> None:
    (line,) = (
        line for line in DECISIONS.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")
    )
    assert PROFILES[name].title.partition(" (")[0] in line
    level = PROFILES[name].video_row("h264")
    assert level is not None
    assert f"level {(level.level or 0) / 10}" in line
    assert ("HDR10" in line) is any(row.hdr for row in PROFILES[name].video)
    assert line.count("–") == 5 - len(PROFILES[name].video) + (not any(row.hdr for row in PROFILES[name].video))
    told = {int(lines) for lines in re.findall(r"(\d{3,4})p\d\d", line)}
    assert told == {box.height for row in PROFILES[name].video for box in row.limits}


def test_every_device_plays_the_same_sound() -> None:
    codecs = {"aac", "mp3", "vorbis", "opus", "flac"}
    for device in PROFILES.values():
        assert {row.codec for row in device.audio} == codecs
        assert all((row.max_rate, row.max_bits) == (96_000, 24) for row in device.audio)
    aac = PROFILES["nest-hub"].audio_row("aac")
    assert aac is not None
    assert aac.profiles == {"LC", "HE-AAC", "HE-AACv2"}


@pytest.mark.parametrize("name", PROFILES)
def test_matroska_plays_in_practice_and_the_others_are_listed(name: str) -> None:
    assert {row.name: row.listed for row in PROFILES[name].containers} == {
        "mkv": False,
        "mp4": True,
        "mpegts": True,
        "webm": True,
    }
    assert PROFILES[name].container("avi") is None


def test_the_codecs_of_each_container() -> None:
    rows = {row.name: row for row in CONTAINERS}
    assert rows["mp4"].video == {"h264", "hevc", "av1"}
    assert rows["webm"].video == {"vp8", "vp9", "av1"}
    assert rows["webm"].audio == {"vorbis", "opus"}
    assert rows["mp4"].audio & {row.codec for row in AUDIO} == {"aac", "mp3"}
    assert rows["mkv"].video == {"h264", "hevc", "vp8", "vp9", "av1"}
    assert rows["mkv"].audio >= {"aac", "mp3", "vorbis", "opus", "flac"}


def test_the_default_is_the_intersection_of_both_devices() -> None:
    both = combine(["chromecast-1", "chromecast-3"])
    default = combine(["chromecast"])
    assert (both.video, both.audio, both.containers) == (default.video, default.audio, default.containers)
    assert both.names == ("chromecast-1", "chromecast-3")


def test_several_devices_get_the_smaller_of_everything() -> None:
    both = combine(["chromecast-3", "nest-hub"])
    (row,) = both.video
    assert (row.codec, row.level, boxes(row)) == ("h264", 41, {P60})
    mixed = combine(["chromecast-1", "nest-hub-max"]).video_row("h264")
    assert mixed is not None
    assert boxes(mixed) == {P30}
    deep = combine(["chromecast-ultra", "google-tv-streamer"]).video_row("vp9")
    assert deep is not None
    assert (deep.level, deep.profiles, deep.hdr) == (51, TEN, TWO_HDR)
    shallow = combine(["chromecast-ultra", "nest-hub"]).video_row("vp9")
    assert shallow is not None
    assert (shallow.level, shallow.profiles, shallow.hdr, "yuv420p10le" in shallow.pixel_formats) == (
        40,
        EIGHT,
        frozenset(),
        False,
    )


def test_the_larger_picture_comes_first() -> None:
    row = PROFILES["chromecast-1"].video_row("h264")
    assert row is not None
    assert row.limits[0] == Limit(1920, 1080, Fraction(30))


def test_hdr_is_shown_by_its_kind() -> None:
    hevc, vp9 = PROFILES["chromecast-ultra"].video_row("hevc"), PROFILES["chromecast-ultra"].video_row("vp9")
    h264 = PROFILES["chromecast-ultra"].video_row("h264")
    assert hevc is not None
    assert vp9 is not None
    assert h264 is not None
    assert all(hevc.shows(kind) for kind in (None, *Hdr))
    assert (vp9.shows(Hdr.HLG), vp9.shows(Hdr.DOLBY_VISION), h264.shows(Hdr.HDR10), h264.shows(None)) == (
        True,
        False,
        False,
        True,
    )


class TestNames:
    def test_a_device_with_itself_is_itself(self) -> None:
        assert combine(["chromecast-1", "chromecast-1"]) is PROFILES["chromecast-1"]

    def test_a_set_is_called_by_all_its_members(self) -> None:
        assert combine(["nest-hub", "chromecast-ultra", "chromecast-3"]).title == (
            "Nest Hub, Chromecast Ultra and Chromecast (3rd generation)"
        )

    @pytest.mark.parametrize("names", [[], ["chromecast", "toaster"]])
    def test_unknown_devices_are_named(self, names: list[str]) -> None:
        with pytest.raises(RequestError, match=r"nest-hub-max|at least one") as caught:
            combine(names)
        assert caught.value.code is ErrorCode.INVALID_ARGUMENT

    def test_a_profile_of_ones_own_is_found_by_its_name(self) -> None:
        own = profile(("tv",), "Television", PROFILES["nest-hub"].video, AUDIO, CONTAINERS)
        assert combine(["tv"], [own]) is own
        assert list(known([own])) == [*PROFILES, "tv"]
        assert combine(["tv", "chromecast-1"], [own]).names == ("tv", "chromecast-1")
        with pytest.raises(RequestError, match=r"there is no profile 'vt'.*tv"):
            combine(["vt"], [own])


class TestContainersThatCanBeFilled:
    @pytest.mark.parametrize("names", [(name,) for name in PROFILES] + list(combinations(TABLE, 2)))
    def test_matroska_and_mp4_can_for_every_set(self, names: tuple[str, ...]) -> None:
        both = combine(names)
        assert fillable(both, "mkv")[0] == fillable(both, "mp4")[0] == "h264"
        assert require_fillable(both, "mkv").name == "mkv"

    def test_hevc_where_every_device_has_it(self) -> None:
        assert fillable(combine(["chromecast-ultra", "google-tv-streamer"]), "mp4") == ("h264", "hevc")
        assert fillable(combine(["chromecast-ultra", "chromecast-3"]), "mp4") == ("h264",)

    @pytest.mark.parametrize(
        ("names", "codecs"),
        [
            (["chromecast"], ("vp8",)),
            (["chromecast-ultra"], ("vp9", "vp8")),
            (["nest-hub", "google-tv-streamer"], ("vp9",)),
            (["chromecast-1", "chromecast-ultra"], ("vp8",)),
            (["chromecast-1", "chromecast-google-tv"], ()),
        ],
    )
    def test_webm_needs_vp8_or_vp9_on_all(self, names: list[str], codecs: tuple[str, ...]) -> None:
        assert fillable(combine(names), "webm") == codecs

    def test_one_that_cannot_is_refused_with_those_that_can(self) -> None:
        with pytest.raises(RequestError) as caught:
            require_fillable(combine(["chromecast-1", "nest-hub"]), "webm")
        assert caught.value.message == (
            "container: webm cannot be filled with what plays on Chromecast (1st and 2nd generation) and Nest Hub; "
            "possible: mkv, mp4"
        )

    def test_two_that_have_nothing_in_common_leave_no_container(self) -> None:
        one = profile(("one",), "One", PROFILES["nest-hub"].video[:1], AUDIO, CONTAINERS)
        other = profile(("other",), "Other", PROFILES["google-tv-streamer"].video[2:3], AUDIO, CONTAINERS)
        nothing = combine(["one", "other"], [one, other])
        assert (nothing.video, nothing.containers) == ((), ())
        with pytest.raises(RequestError, match="no container is: name fewer devices"):
            require_fillable(nothing, "mkv")

    def test_without_a_sound_codec_that_is_made_nothing_can_be_filled(self) -> None:
        deaf = profile(("deaf",), "Deaf", PROFILES["chromecast-3"].video, [AudioRow("ac3")], CONTAINERS)
        assert [fillable(deaf, container) for container in ("mkv", "mp4", "webm", "mpegts", "avi")] == [()] * 5


_LIMITS = st.builds(
    Limit,
    st.sampled_from([640, 1280, 1920, 3840]),
    st.sampled_from([480, 720, 1080, 2160]),
    st.sampled_from([Fraction(24), Fraction(30), Fraction(60)]),
)
_ROWS = st.builds(
    VideoRow,
    st.sampled_from(["h264", "hevc", "vp8"]),
    st.lists(_LIMITS, min_size=1, max_size=3).map(tuple),
    st.frozensets(st.sampled_from(["yuv420p", "yuvj420p", "yuv420p10le"]), min_size=1),
    st.frozensets(st.sampled_from(["Main", "High", "Main 10"]), min_size=1),
    st.none() | st.sampled_from([40, 41, 51]),
    st.booleans(),
    st.frozensets(st.sampled_from(Hdr)),
)
_SOUND = st.builds(
    AudioRow,
    st.sampled_from(["aac", "opus", "ac3"]),
    st.sampled_from([48_000, 96_000]),
    st.sampled_from([16, 24]),
    st.frozensets(st.sampled_from(["LC", "HE-AAC"]), min_size=1),
)


def _made(rows: list[VideoRow], sound: list[AudioRow], boxes: list[int]) -> Profile:
    """As a device is written down: boxes that lie in one another are one."""
    made = profile(("a",), "A", rows, sound, [CONTAINERS[number] for number in boxes])
    return intersection(made, made)


_DEVICES = st.sampled_from(list(PROFILES.values())) | st.builds(
    _made,
    st.lists(_ROWS, unique_by=lambda row: row.codec),
    st.lists(_SOUND, unique_by=lambda row: row.codec),
    st.lists(st.integers(0, 3), unique=True),
)


def rows(one: Profile) -> tuple[object, ...]:
    return one.video, one.audio, one.containers


_law = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class TestLawsOfIntersection:
    @_law
    @given(_DEVICES, _DEVICES)
    def test_the_order_means_nothing(self, one: Profile, other: Profile) -> None:
        assert rows(intersection(one, other)) == rows(intersection(other, one))

    @_law
    @given(_DEVICES, _DEVICES, _DEVICES)
    def test_nor_does_the_grouping(self, one: Profile, two: Profile, three: Profile) -> None:
        left = intersection(intersection(one, two), three)
        assert rows(left) == rows(intersection(one, intersection(two, three)))

    @_law
    @given(_DEVICES)
    def test_a_device_with_itself_is_itself(self, one: Profile) -> None:
        assert rows(intersection(one, one)) == rows(one)

    @_law
    @given(_DEVICES, _DEVICES)
    def test_nothing_plays_on_both_that_does_not_play_on_each(self, one: Profile, other: Profile) -> None:
        both = intersection(one, other)
        for member in (one, other):
            for row in both.video:
                whole = member.video_row(row.codec)
                assert whole is not None
                assert all(any(within(box, wide) for wide in whole.limits) for box in row.limits)
                assert row.pixel_formats <= whole.pixel_formats
                assert row.profiles <= whole.profiles
                assert row.profiles or not whole.profiles
                assert row.hdr <= whole.hdr
                assert whole.level is None or (row.level is not None and row.level <= whole.level)
                assert not row.interlaced or whole.interlaced
            for sound in both.audio:
                heard = member.audio_row(sound.codec)
                assert heard is not None
                assert (sound.max_rate, sound.max_bits) <= (heard.max_rate, heard.max_bits)
                assert sound.profiles <= heard.profiles
            for box in both.containers:
                held = member.container(box.name)
                assert held is not None
                assert (box.video <= held.video, box.audio <= held.audio, box.listed <= held.listed) == (True,) * 3

    @_law
    @given(_DEVICES, _DEVICES, _LIMITS)
    def test_what_fits_each_fits_both(self, one: Profile, other: Profile, picture: Limit) -> None:
        both = intersection(one, other)
        for row in both.video:
            each = [member.video_row(row.codec) for member in (one, other)]
            fits = all(member is not None and any(within(picture, box) for box in member.limits) for member in each)
            assert any(within(picture, box) for box in row.limits) is fits

    @pytest.mark.parametrize("names", list(permutations(["chromecast-ultra", "nest-hub", "chromecast-1"])))
    def test_three_devices_in_any_order(self, names: tuple[str, ...]) -> None:
        assert rows(combine(names)) == rows(reduce(intersection, (PROFILES[name] for name in sorted(names))))
