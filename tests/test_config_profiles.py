"""Devices of one's own: what a `[[profile]]` makes of them, and that each mistake is named with what is allowed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mkv2castd.config import Config, Settings, settings_for
from mkv2castd.config_loading import load
from mkv2castd.config_profiles import PictureConfig, ProfileConfig, built, faults
from mkv2castd.encoder.cast_devices import AUDIO, DEVICES
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.playable import Hdr, Limit, Profile
from mkv2castd.errors import ConfigError, MediaError, RequestError
from mkv2castd.model import Container
from tests.encoder.films import audio, film, result_of, video
from tests.encoder.worlds import FILMS

NAME = {"name": "tv", "based_on": ["chromecast-google-tv"]}


def read(tmp_path: Path, *texts: str) -> Config:
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.toml")
        files[-1].write_text(text, encoding="utf-8")
    return load(files)


def made(tmp_path: Path, **keys: Any) -> Profile:
    (profile,) = read(tmp_path, tomli_w.dumps({"profile": [{"name": "tv", **keys}]})).customs
    return profile


def fault(tmp_path: Path, *texts: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, *texts)
    assert "\n" not in caught.value.message
    return caught.value.message.removeprefix(f"{tmp_path}/")


def wrong(tmp_path: Path, **keys: Any) -> str:
    return fault(tmp_path, tomli_w.dumps({"profile": [{**NAME, **keys}]})).removeprefix("0.toml: ")


class TestWhatIsMade:
    def test_based_on_a_device_it_plays_what_that_plays(self, tmp_path: Path) -> None:
        got, base = made(tmp_path, based_on=["nest-hub"]), DEVICES["nest-hub"]
        assert (got.video, got.audio, got.containers) == (base.video, base.audio, base.containers)
        assert (got.names, got.title) == (("tv",), "tv")
        assert made(tmp_path, title="Kitchen", based_on=["nest-hub"]).title == "Kitchen"

    def test_based_on_several_it_plays_what_plays_on_all(self, tmp_path: Path) -> None:
        got = made(tmp_path, based_on=["chromecast-3", "nest-hub"])
        assert [(row.codec, row.level) for row in got.video] == [("h264", 41)]

    def test_sound_is_the_list_that_is_given(self, tmp_path: Path) -> None:
        got = made(tmp_path, based_on=["chromecast-3"], audio=["aac", "eac3"])
        assert [row.codec for row in got.audio] == ["aac", "eac3"]
        mp4 = got.container("mp4")
        assert mp4 is not None
        assert "eac3" in mp4.audio

    def test_codecs_can_be_taken_away(self, tmp_path: Path) -> None:
        got = made(tmp_path, based_on=["google-tv-streamer"], without=["av1", "vp9", "flac"])
        assert [row.codec for row in got.video] == ["h264", "hevc"]
        assert {row.codec for row in got.audio} == {row.codec for row in AUDIO} - {"flac"}
        assert got.container("webm") is None

    def test_containers_are_the_list_that_is_given(self, tmp_path: Path) -> None:
        got = made(tmp_path, based_on=["chromecast-3"], containers=["mp4"])
        assert [row.name for row in got.containers] == ["mp4"]

    def test_a_codec_that_only_is_named_plays_in_full_hd_and_8_bits(self, tmp_path: Path) -> None:
        (row,) = made(tmp_path, video=[{"codec": "hevc"}]).video
        assert row.limits == (Limit(1920, 1080, Fraction(60)),)
        assert (row.profiles, row.level, row.hdr) == ({"Main"}, None, frozenset())
        assert "yuv420p10le" not in row.pixel_formats

    def test_without_a_base_its_sound_is_that_of_every_device(self, tmp_path: Path) -> None:
        assert made(tmp_path, video=[{"codec": "h264"}]).audio == AUDIO

    def test_what_is_said_of_a_codec_takes_the_place_of_the_bases_and_the_rest_stays(self, tmp_path: Path) -> None:
        got = made(tmp_path, based_on=["chromecast-ultra"], video=[{"codec": "h264", "level": "5.1", "max_rate": 30}])
        row, base = got.video_row("h264"), DEVICES["chromecast-ultra"].video_row("h264")
        assert row is not None
        assert base is not None
        assert (row.level, row.limits) == (51, (Limit(1920, 1080, Fraction(30)),))
        assert (row.profiles, row.pixel_formats) == (base.profiles, base.pixel_formats)
        assert got.video_row("hevc") == DEVICES["chromecast-ultra"].video_row("hevc")

    @pytest.mark.parametrize(
        ("codec", "level", "number"),
        [("h264", "4.1", 41), ("hevc", "5.1", 153), ("vp9", "5.1", 51), ("av1", "5.1", 13)],
    )
    def test_levels_are_those_of_data_sheets(self, tmp_path: Path, codec: str, level: str, number: int) -> None:
        got = made(tmp_path, based_on=["nest-hub"], video=[{"codec": codec, "level": level, "max_rate": 30}])
        row = got.video_row(codec)
        assert row is not None
        assert row.level == number

    @pytest.mark.parametrize(
        ("codec", "deep", "profiles"),
        [("hevc", True, {"Main", "Main 10"}), ("vp9", True, {"Profile 0", "Profile 2"}), ("av1", True, {"Main"})],
    )
    def test_ten_bits_come_with_their_profile_and_go_with_it(
        self, tmp_path: Path, codec: str, deep: bool, profiles: set[str]
    ) -> None:
        h264 = {"codec": "h264"}
        row = made(tmp_path, video=[h264, {"codec": codec, "ten_bit": deep, "hdr": ["hdr10"]}]).video_row(codec)
        assert row is not None
        assert (row.profiles, "yuv420p10le" in row.pixel_formats, row.hdr) == (profiles, True, {Hdr.HDR10})
        shallow = made(
            tmp_path, based_on=["google-tv-streamer"], video=[{"codec": codec, "ten_bit": False, "hdr": []}]
        )
        row = shallow.video_row(codec)
        assert row is not None
        assert "yuv420p10le" not in row.pixel_formats
        assert row.profiles == profiles - {"Main 10", "Profile 2"}

    def test_a_rate_need_not_be_whole(self, tmp_path: Path) -> None:
        (row,) = made(tmp_path, video=[{"codec": "h264", "max_rate": 59.94}]).video
        assert abs(float(row.limits[0].rate) - 59.94) < 0.001

    def test_profiles_of_several_files_add_up_and_any_file_may_name_them(self, tmp_path: Path) -> None:
        got = read(
            tmp_path,
            '[[folder]]\npath = "/films"\nprofile = ["tv", "nest-hub"]\n',
            '[[profile]]\nname = "tv"\nbased_on = ["chromecast-3"]\n',
            '[[profile]]\nname = "stick"\nbased_on = ["chromecast-ultra"]\n',
        )
        assert [custom.names for custom in got.customs] == [("tv",), ("stick",)]
        assert got.folder[0].profile == ("tv", "nest-hub")


class TestWhatItDecides:
    """The sound that a television decodes is no reason to touch a film any more."""

    FILM = film(video(), audio(codec="ac3", profile=None))

    def test_a_film_that_only_the_television_plays_is_left_alone_for_it(self, tmp_path: Path) -> None:
        config = read(tmp_path, tomli_w.dumps({"profile": [{**NAME, "audio": ["aac", "ac3"]}]}))
        assert isinstance(plan(self.FILM, settings_for(config, None, ("tv",))), Skip)
        assert isinstance(plan(self.FILM, settings_for(config, None, ("chromecast-google-tv",))), Plan)
        assert isinstance(plan(self.FILM, settings_for(config, None, ("tv", "chromecast-google-tv"))), Plan)

    def test_one_that_it_does_not_play_is_made_within_its_limits(self, tmp_path: Path) -> None:
        small = {"codec": "h264", "max_width": 640, "max_height": 360, "max_rate": 30, "level": "3.0"}
        config = read(tmp_path, tomli_w.dumps({"profile": [{"name": "tv", "video": [small]}]}))
        decision = plan(self.FILM, settings_for(config, None, ("tv",)))
        assert isinstance(decision, Plan)
        goal = decision.picture.video
        assert goal is not None
        assert (goal.codec, goal.width, goal.height, goal.level) == ("h264", 640, 360, 30)


WRONG: list[tuple[str, Any, str]] = [
    ("name", 3, "a text in quotes"),
    ("name", "", "letters, digits"),
    ("name", "living room", "letters, digits"),
    ("name", "a/b", "letters, digits"),
    ("name", "chromecast-ultra", "built-in profile: give yours another name"),
    ("title", 3, "a text in quotes"),
    ("title", "a\nb", "printable"),
    ("based_on", "chromecast", "list of texts"),
    ("based_on", ["chromecast-9"], "chromecast-ultra, google-tv-streamer, nest-hub"),
    ("based_on", ["tv"], "there is no device 'tv'"),
    ("without", ["divx"], "av1, h264, hevc, vp8, vp9, aac"),
    ("audio", "aac", "list of texts"),
    ("audio", ["pcm"], "aac, ac3, dts"),
    ("containers", ["avi"], "mkv, mp4, mpegts, webm"),
    ("video", {"codec": "hevc"}, "[[profile.video]]"),
    ("video", [{}], "missing; it has no default"),
    ("video", [{"codec": "xvid"}], "av1, h264, hevc, vp8, vp9"),
    ("video", [{"codec": "hevc", "max_width": 15}], "from 16 to 16384"),
    ("video", [{"codec": "hevc", "max_width": 1.5}], "from 16 to 16384"),
    ("video", [{"codec": "hevc", "max_height": 20000}], "from 16 to 16384"),
    ("video", [{"codec": "hevc", "max_rate": 0}], "from 1 to 300"),
    ("video", [{"codec": "hevc", "max_rate": float("inf")}], "from 1 to 300"),
    ("video", [{"codec": "hevc", "level": 5.1}], "a text in quotes"),
    ("video", [{"codec": "hevc", "level": "9"}], "5.0, 5.1, 5.2"),
    ("video", [{"codec": "vp8", "level": "1"}], "vp8 has no levels: leave it out"),
    ("video", [{"codec": "hevc", "profiles": []}], "at least one of Main, Main 10"),
    ("video", [{"codec": "hevc", "profiles": ["High"]}], "Main, Main 10"),
    ("video", [{"codec": "vp8", "profiles": ["0"]}], "it has none"),
    ("video", [{"codec": "hevc", "profiles": ["Main"], "ten_bit": True}], "Main 10"),
    ("video", [{"codec": "vp8", "ten_bit": True}], "allowed: false"),
    ("video", [{"codec": "hevc", "ten_bit": "yes"}], "true or false"),
    ("video", [{"codec": "hevc", "hdr": ["hdr"]}], "hdr10, hlg, dolby-vision"),
    ("video", [{"codec": "h264", "hdr": ["hdr10"]}], "none, as its pictures have 8 bits"),
    ("video", [{"codec": "vp9", "hdr": ["dolby-vision"]}], "hdr10, hlg"),
    ("video", [{"codec": "hevc", "ten_bit": False, "hdr": ["hlg"]}], "ten_bit = true"),
    ("video", [{"codec": "hevc"}, {"codec": "hevc"}], "stands twice"),
    ("video", [{"codec": "h264", "level": "3.0"}], "holds no 3840×2160"),
    ("video", [{"codec": "hevc", "max_width": 7680, "max_height": 4320}], "a higher level, or less"),
    ("video", [{"codec": "hevc", "frames": 3}], "codec, max_width, max_height"),
]


_BASES = st.lists(st.sampled_from(sorted(DEVICES)), max_size=2).map(tuple)
_OWN = st.builds(
    ProfileConfig,
    st.just("tv"),
    based_on=_BASES,
    without=st.lists(st.sampled_from(["h264", "vp9", "hevc", "flac"]), max_size=2).map(tuple),
    video=st.lists(
        st.builds(
            PictureConfig,
            st.sampled_from(["av1", "h264", "hevc", "vp8", "vp9"]),
            max_width=st.none() | st.sampled_from([16, 640, 1279, 1920, 4096]),
            max_height=st.none() | st.sampled_from([16, 360, 719, 1080, 2304]),
            max_rate=st.none() | st.sampled_from([1, 23.976, 25, 59.94, 120]),
            level=st.none() | st.sampled_from(["3.0", "4.0", "5.1", "6.2"]),
            ten_bit=st.none() | st.booleans(),
            hdr=st.none() | st.lists(st.sampled_from(Hdr), max_size=2).map(tuple),
        ),
        max_size=3,
        unique_by=lambda row: row.codec,
    ).map(tuple),
    audio=st.none() | st.lists(st.sampled_from(["aac", "opus", "ac3", "dts", "truehd"]), unique=True).map(tuple),
    containers=st.none() | st.lists(st.sampled_from(["mkv", "mp4", "webm"]), unique=True).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(_OWN, FILMS, st.sampled_from(Container), st.sampled_from([("tv",), ("tv", "chromecast"), ("tv", "nest-hub")]))
def test_whatever_the_device_what_is_made_for_it_plays_on_it(
    custom: ProfileConfig, media: Media, container: Container, names: tuple[str, ...]
) -> None:
    assume(not list(faults(custom)))
    to = Settings(profile=names, customs=(built(custom),), container=container)
    try:
        decision = plan(media, to)
    except MediaError:
        return
    except RequestError as error:
        assert container.value in error.message  # noqa: PT017
        return
    if isinstance(decision, Plan):
        again = plan(result_of(decision, media), to)
        assert isinstance(again, Skip), again.reasons


class TestMistakes:
    @pytest.mark.parametrize(("key", "value", "told"), WRONG, ids=lambda value: repr(value)[:60])
    def test_each_names_its_key_and_what_is_allowed(self, tmp_path: Path, key: str, value: Any, told: str) -> None:
        message = wrong(tmp_path, **{key: value})
        assert message.startswith(f"profile[0].{key}")
        assert told in message

    def test_no_key_is_forgotten_above(self) -> None:
        assert {key for key, _, _ in WRONG} == {field.name for field in msgspec.structs.fields(ProfileConfig)}
        rows = [row for key, value, _ in WRONG if key == "video" and isinstance(value, list) for row in value]
        assert {key for row in rows for key in row} >= {field.name for field in msgspec.structs.fields(PictureConfig)}

    def test_a_device_that_plays_no_picture_is_none(self, tmp_path: Path) -> None:
        message = fault(tmp_path, '[[profile]]\nname = "radio"\n')
        assert message.startswith("0.toml: profile[0].video: no film can be made for this profile: it must play h264")
        assert "no film can be made" in wrong(tmp_path, audio=["ac3"])
        assert "no film can be made" in wrong(tmp_path, without=["h264", "hevc", "vp9"])

    def test_a_name_that_stands_twice_is_told_with_the_second_file(self, tmp_path: Path) -> None:
        text = '[[profile]]\nname = "tv"\nbased_on = ["nest-hub"]\n'
        assert fault(tmp_path, text, text).startswith("1.toml: profile[0].name: 'tv' stands twice")

    def test_a_folder_for_a_device_that_nobody_knows_is_told_with_its_file(self, tmp_path: Path) -> None:
        profile = '[[profile]]\nname = "tv"\nbased_on = ["nest-hub"]\n'
        folder = '[[folder]]\npath = "/films"\nprofile = ["vt"]\n'
        message = fault(tmp_path, profile, folder)
        assert message.startswith("1.toml: folder[0].profile: no such profile 'vt'; allowed: ")
        assert message.endswith(", tv")

    def test_a_container_that_cannot_be_filled_is_told_with_those_that_can(self, tmp_path: Path) -> None:
        text = '[[folder]]\npath = "/films"\nprofile = ["chromecast", "nest-hub"]\ncontainer = "webm"\n'
        assert fault(tmp_path, text) == (
            "0.toml: folder[0].container: webm cannot be filled with what plays on every Chromecast ever sold and "
            "Nest Hub; possible: mkv, mp4"
        )

    def test_the_default_container_of_a_device_without_matroska_is_told_too(self, tmp_path: Path) -> None:
        text = '[[profile]]\nname = "tv"\nbased_on = ["nest-hub"]\ncontainers = ["mp4"]\n'
        assert fault(tmp_path, text + '[[folder]]\npath = "/films"\nprofile = ["tv"]\n') == (
            "0.toml: folder[0].container: mkv cannot be filled with what plays on tv; possible: mp4"
        )
