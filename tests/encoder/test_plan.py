"""What is done to each stream, and why."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.config import Settings
from mkv2castd.encoder.colours import BT709
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.playing import container_of
from mkv2castd.encoder.sizes import new_rate
from mkv2castd.encoder.targets import Mend, StreamPlan
from mkv2castd.encoder.telling import analysis
from mkv2castd.errors import ErrorCode, MediaError, RequestError
from mkv2castd.model import Action, Container, Stage
from mkv2castd.work import Place
from tests.encoder.films import FORMATS, audio, data, film, font, subtitle, video

MKV, MP4, WEBM = Settings(), Settings(container=Container.MP4), Settings(container=Container.WEBM)
HDR = {"codec": "hevc", "profile": "Main 10", "level": 153, "pixel_format": "yuv420p10le"}


def planned(media: Media, to: Settings = MKV) -> Plan:
    decision = plan(media, to)
    assert isinstance(decision, Plan), decision
    return decision


def picture(to: Settings = MKV, container: str = "avi", **facts: Any) -> StreamPlan:
    """What becomes of a picture; from AVI, so that a film is never left as it is."""
    return planned(film(video(**facts), audio(), container=container), to).picture


class TestPicture:
    def test_h264_within_the_limits_is_copied(self) -> None:
        kept = picture()
        assert kept.action is Action.COPY
        assert kept.reason == "H.264 High level 4.0, 1920×1080 at 24 fps: plays as it is"

    def test_hevc_becomes_h264_of_the_same_size(self) -> None:
        made = picture(codec="hevc", profile="Main", level=None)
        assert (made.action, made.target) == (Action.TRANSCODE, "h264")
        assert made.video is not None
        assert (made.video.width, made.video.height, made.video.level, made.video.scale) == (1920, 1080, 41, False)
        assert made.reason == "HEVC Main, 1920×1080 at 24 fps: the devices do not play this codec → H.264, 1920×1080"

    @pytest.mark.parametrize(
        ("facts", "why"),
        [
            ({"profile": "High 10", "pixel_format": "yuv420p10le"}, "profile High 10 does not play"),
            ({"profile": "High 4:2:2", "pixel_format": "yuv422p"}, "yuv422p is not 8-bit 4:2:0"),
            ({"field_order": "tt"}, "interlaced"),
            ({"color_transfer": "smpte2084"}, "HDR"),
            ({"width": 3840, "height": 2160, "level": 51}, "more than 1920×1080"),
            ({"frame_rate": Fraction(50)}, "more than 1920×1080 at 30 fps"),
            ({"rotation": 90}, "turned by 90°"),
            ({"level": 51, "refs": 16}, "needs more than level 4.1"),
            ({"level": None, "refs": 16}, "needs more than level 4.1"),
            ({"level": 51, "refs": None}, "level 5.1 is above 4.1"),
            ({"level": 51, "frame_rate": None}, "level 5.1 is above 4.1"),
            ({"level": 51, "bitrate": 80_000_000}, "needs more than level 4.1"),
        ],
    )
    def test_what_no_chromecast_shows_is_encoded(self, facts: dict[str, Any], why: str) -> None:
        made = picture(**facts)
        assert made.action is Action.TRANSCODE
        assert why in made.reason

    def test_a_level_that_is_not_told_is_judged_by_size_and_rate(self) -> None:
        assert picture(level=None).action is Action.COPY

    def test_an_overstated_level_is_rewritten_without_encoding(self) -> None:
        kept = picture(width=1280, height=720, level=52)
        assert (kept.action, kept.mend) == (Action.COPY, Mend(level=41))
        assert "stated level is too high" in kept.reason

    def test_an_overstated_level_is_reason_enough_not_to_skip(self) -> None:
        assert planned(film(video(level=52), audio())).picture.mend == Mend(level=41)

    def test_720p60_plays_on_the_first_chromecast_and_1080p60_on_the_third(self) -> None:
        small = {"width": 1280, "height": 720, "frame_rate": Fraction(60000, 1001)}
        assert picture(**small).action is Action.COPY
        third = Settings(profile=("chromecast-3",))
        assert picture(third, frame_rate=Fraction(60), level=42).action is Action.COPY
        assert picture(frame_rate=Fraction(60), level=42).action is Action.TRANSCODE

    @pytest.mark.parametrize(
        ("rate", "becomes"), [(60, 30), (50, 25), (48, 24), (120, 30), (240, 30), (31, 30), (Fraction(301, 10), None)]
    )
    def test_a_rate_that_is_too_high_is_halved(self, rate: Fraction | int, becomes: int | None) -> None:
        goal = picture(codec="hevc", frame_rate=Fraction(rate)).video
        assert goal is not None
        assert goal.rate == becomes

    @pytest.mark.parametrize(
        ("average", "peak", "becomes"),
        [
            (Fraction(297, 10), 120, Fraction(30000, 1001)),
            (Fraction(238, 10), 1000, Fraction(24000, 1001)),
            (Fraction(31), 120, 30),
            (Fraction(45), 90000, 25),
            (Fraction(100), 1000, 25),
            (Fraction(25), 25, None),
            # the film's own rate, some of whose frames are missing
            (Fraction(245, 10), 25, 25),
            (Fraction(20), 25, 25),
            (Fraction(7), 15, 15),
            (Fraction(48), 60, 30),
            # a peak that the devices do not take, and less would do
            (Fraction(239, 10), 60, Fraction(24000, 1001)),
            # phones: the clock's ticks
            (Fraction(293, 10), 1000, Fraction(30000, 1001)),
            (Fraction(2998, 100), 1000, 30),
            (Fraction(30021, 1000), 1000, Fraction(30021, 1000)),
            (Fraction(246, 10), 1000, 25),
        ],
    )
    def test_uneven_times_are_made_even(self, average: Fraction, peak: int, becomes: Fraction | int | None) -> None:
        goal = picture(codec="hevc", frame_rate=average, peak_rate=Fraction(peak)).video
        assert goal is not None
        assert goal.rate == becomes

    @given(st.fractions(1, 120, max_denominator=1001), st.sampled_from([15, 24, 25, 50, 60, 120, 1000]))
    def test_no_frame_is_lost_that_the_device_could_show(self, average: Fraction, peak: int) -> None:
        most = Fraction(60)
        made = new_rate(video(frame_rate=average, peak_rate=Fraction(peak)), most)
        assert average > most or (made if made is not None else average) >= average

    @pytest.mark.parametrize(
        ("facts", "size"),
        [
            ({"width": 3840, "height": 2160}, (1920, 1080)),
            ({"width": 3840, "height": 1600}, (1920, 800)),
            ({"width": 4096, "height": 2160}, (1920, 1012)),
            ({"width": 1080, "height": 1920}, (606, 1080)),
            ({"width": 1920, "height": 1080, "rotation": 270}, (606, 1080)),
            ({"width": 321, "height": 179}, (320, 178)),
            ({"width": 720, "height": 576, "pixel_aspect": Fraction(64, 45)}, (1024, 576)),
            ({"width": 8, "height": 2}, (64, 16)),
            ({"width": 10, "height": 12}, (16, 18)),
            ({"width": 65536, "height": 1, "pixel_aspect": Fraction(10**9)}, (1920, 16)),
        ],
    )
    def test_sizes_keep_their_shape_and_are_even(self, facts: dict[str, Any], size: tuple[int, int]) -> None:
        goal = picture(codec="hevc", **facts).video
        assert goal is not None
        assert (goal.width, goal.height) == size
        assert goal.scale is not goal.crop
        assert goal.crop is (facts["width"] == 321)

    def test_max_height_holds_for_copies_too(self) -> None:
        made = picture(Settings(max_height=720))
        assert "higher than 720 lines" in made.reason
        assert made.video is not None
        assert (made.video.width, made.video.height) == (1280, 720)

    def test_hdr_is_tone_mapped_and_wide_colour_converted(self) -> None:
        hdr = picture(**HDR, color_transfer="arib-std-b67", color_primaries="bt2020").video
        wide = picture(**HDR, color_transfer="bt2020-10", color_primaries="bt2020").video
        assert hdr is not None
        assert (hdr.tone_map, hdr.converted, hdr.colours) == ("zscale", False, BT709)
        assert wide is not None
        assert (wide.tone_map, wide.converted, wide.colours) == (None, True, BT709)
        assert "tone mapped" in picture(**HDR, color_transfer="smpte2084").reason

    def test_webm_takes_vp8_as_it_is_and_encodes_h264(self) -> None:
        assert picture(WEBM, codec="vp8", profile="0", level=None).action is Action.COPY
        made = picture(WEBM)
        assert (made.target, made.action) == ("vp8", Action.TRANSCODE)
        assert "does not play in webm" in made.reason

    def test_rotation_is_kept_from_mp4_to_mp4_only(self) -> None:
        ac3 = audio(codec="ac3", profile=None)
        turned = film(video(rotation=90), ac3, container="mp4")
        assert planned(turned, MP4).copies_video
        assert not planned(turned, MKV).copies_video

    def test_only_the_film_itself_stays_of_several_pictures(self) -> None:
        default = video(index=2, dispositions=frozenset({"default"}))
        streams = planned(film(video(), audio(), default)).streams
        assert [s.action for s in streams] == [Action.DROP, Action.COPY, Action.COPY]
        assert "shows one" in streams[0].reason


class TestTheRest:
    @pytest.mark.parametrize(
        ("codec", "to", "action", "target"),
        [
            ("subrip", MKV, Action.COPY, "subrip"),
            ("ass", MKV, Action.COPY, "ass"),
            ("mov_text", MKV, Action.CONVERT, "subrip"),
            ("hdmv_pgs_subtitle", MKV, Action.COPY, "hdmv_pgs_subtitle"),
            ("dvd_subtitle", MKV, Action.COPY, "dvd_subtitle"),
            ("dvb_teletext", MKV, Action.CONVERT, "subrip"),
            ("ttml", MKV, Action.DROP, None),
            (None, MKV, Action.DROP, None),
            ("subrip", MP4, Action.CONVERT, "mov_text"),
            ("mov_text", MP4, Action.COPY, "mov_text"),
            ("hdmv_pgs_subtitle", MP4, Action.DROP, None),
            ("ass", WEBM, Action.CONVERT, "webvtt"),
            ("webvtt", WEBM, Action.COPY, "webvtt"),
            ("dvd_subtitle", WEBM, Action.DROP, None),
        ],
    )
    def test_subtitles(self, codec: str | None, to: Settings, action: Action, target: str | None) -> None:
        made = planned(film(video(), subtitle(1, codec), container="avi"), to).streams[1]
        assert (made.action, made.target) == (action, target)
        assert made.reason

    def test_covers_stay_where_they_can_be_told_from_a_film(self) -> None:
        cover = video(index=1, codec="mjpeg", dispositions=frozenset({"attached_pic"}))
        assert planned(film(video(), cover, container="avi"), MP4).streams[1].action is Action.COPY
        assert planned(film(video(), cover, container="avi"), WEBM).streams[1].action is Action.DROP

    def test_a_cover_before_the_film_is_not_the_film(self) -> None:
        cover = video(index=0, codec="mjpeg", dispositions=frozenset({"attached_pic"}))
        made = planned(film(cover, video(index=1), audio(2), container="avi"), MP4)
        assert made.picture.index == 1
        assert [stream.index for stream in made.kept] == [1, 2, 0]

    def test_fonts_stay_in_matroska_only(self) -> None:
        media = film(video(), font(1, filename="a.ttf", mimetype="font/ttf"), font(2), data(3), container="avi")
        streams = planned(media).streams
        assert [s.action for s in streams[1:]] == [Action.COPY, Action.COPY, Action.DROP]
        assert planned(media, MP4).streams[1].reason == "attachment a.ttf: mp4 holds none"


class TestSkip:
    @pytest.mark.parametrize("container", ["mkv", "mp4", "ts"])
    @pytest.mark.parametrize("to", [MKV, MP4, WEBM])
    def test_what_plays_in_its_own_container_is_left_alone(self, container: str, to: Settings) -> None:
        decision = plan(film(video(), audio(), container=container, brand="isom"), to)
        assert isinstance(decision, Skip)
        assert decision.reason.startswith("plays as it is on every Chromecast ever sold: H.264")

    def test_a_film_without_sound_is_no_fault(self) -> None:
        assert isinstance(plan(film(video()), MKV), Skip)

    def test_webm_is_left_alone(self) -> None:
        media = film(video(codec="vp8", profile="0", level=None), audio(codec="opus", profile=None))
        assert isinstance(plan(media, MKV), Skip)

    @pytest.mark.parametrize("brand", ["qt  ", "3gp4"])
    def test_quicktime_and_3gp_are_no_mp4(self, brand: str) -> None:
        assert planned(film(video(), audio(), container="mp4", brand=brand)).copies_video

    def test_sound_that_does_not_play_there_is_reason_enough(self) -> None:
        assert planned(film(video(), audio(codec="flac", profile=None), container="mp4")).copies_video

    def test_a_recording_of_sound_only_is_none_of_our_business(self) -> None:
        decision = plan(film(audio(0, codec="ac3")), MKV)
        assert isinstance(decision, Skip)
        assert decision.reason.startswith("no picture")


class TestImpossible:
    @pytest.mark.parametrize(
        ("media", "code", "words"),
        [
            (film(), ErrorCode.SOURCE_UNREADABLE, "neither picture nor sound"),
            (film(video(), empty=True), ErrorCode.SOURCE_UNREADABLE, "holds nothing of it"),
            (film(video(codec=None, codec_tag="ABCD")), ErrorCode.UNSUPPORTED_MEDIA, "ABCD"),
            (film(video(codec_tag="encv")), ErrorCode.UNSUPPORTED_MEDIA, "copy protection"),
            (film(video(), audio(codec_tag="enca")), ErrorCode.UNSUPPORTED_MEDIA, "copy protection"),
            (film(video(width=None)), ErrorCode.SOURCE_UNREADABLE, "size of the picture"),
            (film(video(dolby_vision=5)), ErrorCode.UNSUPPORTED_MEDIA, "Dolby Vision profile 5"),
            (film(video(), audio(codec=None)), ErrorCode.UNSUPPORTED_MEDIA, "sound's codec, unknown"),
            (film(video(), audio(codec="ac4")), ErrorCode.UNSUPPORTED_MEDIA, "ac4"),
            (film(audio(channels=None, sample_rate=None)), ErrorCode.SOURCE_UNREADABLE, "no sound"),
            (film(video(), format_names=("png_pipe",)), ErrorCode.UNSUPPORTED_MEDIA, "still"),
            (film(audio(0), probe_score=24), ErrorCode.SOURCE_UNREADABLE, "no film"),
        ],
    )
    def test_what_cannot_be_converted_says_why(self, media: Media, code: ErrorCode, words: str) -> None:
        with pytest.raises(MediaError) as caught:
            plan(media, MKV)
        assert caught.value.code is code
        assert words in caught.value.message

    def test_an_unknown_profile_is_the_callers_fault(self) -> None:
        with pytest.raises(RequestError, match="chromecast-9"):
            plan(film(video()), Settings(profile=("chromecast-9",)))


class TestAnalysis:
    def test_it_tells_every_stream_with_its_facts(self) -> None:
        media = film(
            video(codec="hevc", bitrate=8_000_000, duration=7200.0),
            audio(1, codec="dts", channels=6, layout="5.1"),
            audio(2),
            subtitle(3, "subrip", language="eng"),
            duration=7200.0,
        )
        told = analysis(media, plan(media, MKV), MKV, Place("cpu", "the only one"))
        assert (told.lane, told.lane_reason) == ("cpu", "the only one")
        assert (told.container, told.duration, told.skip) == (Container.MKV, 7200.0, None)
        assert [(s.codec, s.action.value, s.target_codec) for s in told.streams] == [
            ("hevc", "transcode", "h264"),
            ("dts", "transcode", "aac"),
            ("aac", "copy", None),
            ("subrip", "copy", None),
        ]
        assert (told.streams[0].width, told.streams[0].bitrate) == (1920, 8_000_000)
        assert (told.streams[1].channels, told.streams[3].language) == (6, "eng")

    def test_a_skip_tells_its_reason_and_no_lane(self) -> None:
        media = film(video(), audio())
        told = analysis(media, plan(media, MKV), MKV)
        assert told.lane is None
        assert told.skip is not None
        assert all(stream.action is Action.COPY for stream in told.streams)


def test_the_stage_follows_the_picture() -> None:
    copied, encoded = planned(film(video(), container="avi")), planned(film(video(codec="hevc")))
    assert (copied.stage, copied.copies_video) == (Stage.REMUXING, True)
    assert (encoded.stage, encoded.copies_video) == (Stage.TRANSCODING, False)
    assert len(encoded.reasons) == 1


def test_frames_that_only_a_decoder_can_put_in_order_are_decoded() -> None:
    assert planned(film(video(b_frames=0), container="avi")).copies_video
    told = planned(film(video(b_frames=2), container="avi"))
    assert not told.copies_video
    assert "B-frames" in told.picture.reason


def test_containers_are_known_by_content() -> None:
    assert [container_of(film(container=name)) for name in FORMATS] == ["mkv", "mkv", "mp4", "mpegts", None]
