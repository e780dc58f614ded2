"""On which devices a film plays as it is, and why it does not on the others."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from mkv2castd.config import Settings
from mkv2castd.encoder.cast_devices import AUDIO, CONTAINERS
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.plan import Skip, plan
from mkv2castd.encoder.playable import Profile, profile
from mkv2castd.encoder.playing import on_each_device
from mkv2castd.encoder.profile_telling import facts
from mkv2castd.encoder.profiles import PROFILES
from mkv2castd.encoder.telling import analysis
from mkv2castd.errors import MediaError
from mkv2castd.model import DeviceVerdict
from tests.encoder.films import audio, film, video
from tests.encoder.worlds import FILMS

GOOGLE_TV = {"chromecast-google-tv", "google-tv-streamer"}
FOUR_K = {"chromecast-ultra", *GOOGLE_TV}
UHD = {"width": 3840, "height": 2160}
HEVC = {"codec": "hevc", "profile": "Main 10", "level": 150, "pixel_format": "yuv420p10le", "refs": None}


def verdicts(media: Media, to: Settings = Settings()) -> dict[str, DeviceVerdict]:  # noqa: B008
    return {device.id: device for device in on_each_device(media, to)}


def players(media: Media) -> set[str]:
    return {name for name, device in verdicts(media).items() if device.plays}


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (film(video(width=1280, height=720), audio()), set(PROFILES)),
        (film(video(), audio()), set(PROFILES) - {"nest-hub", "nest-hub-max"}),
        (
            film(video(frame_rate=Fraction(60), level=42), audio()),
            {"chromecast-3", *FOUR_K} - {"chromecast-google-tv"},
        ),
        (film(video(**HEVC, **UHD), audio()), FOUR_K),
        (film(video(**HEVC, color_transfer="smpte2084"), audio(), container="mp4"), FOUR_K),
        (film(video(codec="av1", profile="Main", level=8), audio()), {"google-tv-streamer"}),
        (
            film(video(codec="vp8", profile=None, level=None), audio(codec="opus", profile=None)),
            {"chromecast", "chromecast-1", "chromecast-3", "chromecast-ultra"},
        ),
        (
            film(video(width=1280, height=720, frame_rate=Fraction(60)), audio()),
            set(PROFILES) - {"nest-hub-max", "chromecast-google-tv"},
        ),
        (film(video(codec="mpeg2video"), audio()), set()),
        (film(video(), audio(codec="dts", profile=None)), set()),
        (film(video(), audio(), container="avi"), set()),
    ],
)
def test_the_devices_that_play_it(media: Media, expected: set[str]) -> None:
    assert players(media) == expected


VP8: dict[str, Any] = {"codec": "vp8", "profile": None, "level": None}
OPUS: dict[str, Any] = {"codec": "opus", "profile": None}


@pytest.mark.parametrize(
    ("media", "told"),
    [
        (film(video(**VP8), audio(**OPUS), doc_type="webm"), "in webm (listed for Cast)"),
        (film(video(**VP8), audio(**OPUS), doc_type="matroska"), "in mkv (played in practice)"),
        # what no WebM should hold
        (film(video(), audio(**OPUS), doc_type="webm"), "in mkv (played in practice)"),
        (film(video(**VP8), audio(), doc_type="webm"), "in mkv (played in practice)"),
    ],
)
def test_webm_and_matroska_are_told_apart(media: Media, told: str) -> None:
    decision = plan(media, Settings())
    assert isinstance(decision, Skip)
    assert decision.reason.endswith(told)


@pytest.mark.parametrize(("doc_type", "plays"), [("webm", True), ("matroska", False), (None, True)])
def test_a_device_that_knows_only_webm(doc_type: str | None, plays: bool) -> None:
    vp8 = [row for row in PROFILES["chromecast-1"].video if row.codec == "vp8"]
    mine = profile(("mine",), "Mine", vp8, AUDIO, [row for row in CONTAINERS if row.name == "webm"])
    media = film(video(**VP8), audio(**OPUS), doc_type=doc_type)
    verdict = verdicts(media, Settings(customs=(mine,)))["mine"]
    assert verdict.plays is plays
    assert plays or verdict.reasons == ("the container mkv is not played",)


def test_devices_are_told_in_one_order_and_by_their_titles() -> None:
    told = on_each_device(film(video(), audio()), Settings())
    assert [device.id for device in told] == list(PROFILES)
    assert [device.name for device in told] == [row.title for row in PROFILES.values()]
    assert all(bool(device.reasons) is not device.plays for device in told)


@pytest.mark.parametrize(
    ("media", "name", "reasons"),
    [
        (film(video(**HEVC), audio()), "nest-hub", ("HEVC is not played",)),
        (film(video(), audio()), "nest-hub-max", ("more than 1280×720 at 30 fps",)),
        (
            film(video(codec="mpeg2video"), audio(codec="ac3", profile=None)),
            "chromecast",
            ("MPEG-2 is not played", "stereo AC-3: no Cast device is certain to decode it"),
        ),
        (film(video(), audio(), container="avi"), "chromecast", ("the container avi is not played",)),
        (film(video(), audio(), format_names=()), "chromecast", ("the container unknown is not played",)),
        (
            film(video(), audio(), container="mp4", index_first=False),
            "chromecast",
            ("the index of the MP4 lies behind the film, where a player that streams cannot reach it",),
        ),
        (
            film(video(), audio(), container="mp4", brand="qt  "),
            "chromecast",
            ("MP4 of another kind (qt) is not played",),
        ),
        (film(audio(0)), "chromecast", ("no picture: a sound recording, not a film",)),
        (
            film(video(), audio(channels=6, layout="5.1")),
            "chromecast",
            ("5.1 AAC comes first, and no device is certain to play more than stereo",),
        ),
        (
            film(video(), audio(dispositions=frozenset({"comment"})), audio(2)),
            "chromecast",
            ("its sound tracks have to be in another order, or fewer",),
        ),
        (film(video(level=51), audio()), "chromecast", ("its stated level is too high",)),
        (
            film(video(), video(index=1, dispositions=frozenset({"default"}))),
            "chromecast",
            ("another picture track lies in front of the film's own",),
        ),
    ],
)
def test_why_it_does_not_play(media: Media, name: str, reasons: tuple[str, ...]) -> None:
    assert verdicts(media)[name].reasons == reasons


def own_device() -> Profile:
    return profile(("tv",), "Television", PROFILES["nest-hub"].video, AUDIO, CONTAINERS)


def test_a_device_of_ones_own_is_told_last() -> None:
    told = on_each_device(film(video(width=640, height=360), audio()), Settings(customs=(own_device(),)))
    assert told[-1] == DeviceVerdict("tv", "Television", True, ())


def test_a_receiver_that_takes_more_counts_and_other_wishes_do_not() -> None:
    media = film(video(), audio(), audio(2, codec="ac3", profile=None, channels=6, layout="5.1"))
    assert not verdicts(media)["chromecast"].plays
    assert verdicts(media, Settings(passthrough=("ac3",)))["chromecast"].plays
    first = film(video(), audio(channels=6, layout="5.1"))
    assert not verdicts(first, Settings(surround="drop"))["chromecast"].plays
    assert verdicts(first, Settings(surround="only"))["chromecast"].plays
    small = Settings(max_height=360, languages=("fr",), surround="drop", subtitles="burn", profile=("nest-hub",))
    assert players(film(video(), audio())) == {
        name for name, device in verdicts(film(video(), audio()), small).items() if device.plays
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FILMS)
def test_what_plays_on_a_device_is_left_alone_for_it_and_nothing_else_is(media: Media) -> None:
    assume(media.picture is not None)
    for name, device in verdicts(media).items():
        try:
            decision = plan(media, Settings(profile=(name,)))
        except MediaError:
            continue
        assert isinstance(decision, Skip) is device.plays, (name, device.reasons)


def test_it_is_part_of_every_analysis() -> None:
    media, to = film(video(**HEVC), audio()), Settings()
    assert analysis(media, plan(media, to), to).devices == on_each_device(media, to)
    plays = film(video(), audio())
    assert analysis(plays, plan(plays, to), to).devices == on_each_device(plays, to)


class TestProfilesAsTheyAreTold:
    def test_a_device_in_full(self) -> None:
        told = facts("chromecast-ultra", PROFILES["chromecast-ultra"])
        assert (told.id, told.title, told.builtin) == ("chromecast-ultra", "Chromecast Ultra", True)
        hevc = next(row for row in told.video if row.codec == "hevc")
        assert [(box.width, box.height, box.rate) for box in hevc.limits] == [(3840, 2160, 60.0)]
        assert (hevc.profiles, hevc.level, hevc.ten_bit) == (("Main", "Main 10"), "5.1", True)
        assert hevc.hdr == ("dolby-vision", "hdr10", "hlg")
        assert {row.codec: row.level for row in told.video} == {
            "h264": "4.2",
            "hevc": "5.1",
            "vp8": None,
            "vp9": "5.1",
        }
        assert (told.audio[0].codec, told.audio[0].max_rate, told.audio[0].max_bits) == ("aac", 96_000, 24)

    def test_a_container_holds_what_plays_at_all(self) -> None:
        told = facts("chromecast-1", PROFILES["chromecast-1"])
        boxes = {row.name: (row.listed, row.video, row.audio) for row in told.containers}
        assert boxes["mkv"] == (False, ("h264", "vp8"), ("aac", "flac", "mp3", "opus", "vorbis"))
        assert boxes["mp4"] == (True, ("h264",), ("aac", "mp3"))
        assert boxes["webm"] == (True, ("vp8",), ("opus", "vorbis"))

    def test_one_of_ones_own_is_not_built_in(self) -> None:
        assert not facts("tv", own_device()).builtin
