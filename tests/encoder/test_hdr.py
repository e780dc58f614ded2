"""HDR for devices that show it: kept by copy and by a new encode, with how it was graded."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.backends import video_encoder
from mkv2castd.encoder.hdr import may_be_dolby
from mkv2castd.encoder.media import Light
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.side_data import side_facts
from mkv2castd.encoder.survey import examine
from mkv2castd.encoder.targets import VideoTarget
from mkv2castd.errors import MediaError
from mkv2castd.model import Action, Container
from tests.encoder.charts import NITS, brightness, chart
from tests.encoder.converting import convert, described, ffmpeg
from tests.encoder.dolby import with_record
from tests.encoder.dolby_frames import film_of_profile_5
from tests.encoder.films import audio, film, video
from tests.encoder.test_mending import frames

ULTRA = ("chromecast-ultra",)
MAIN_10 = {"codec": "hevc", "profile": "Main 10", "level": 120, "pixel_format": "yuv420p10le"}
PQ = {"color_transfer": "smpte2084", "color_primaries": "bt2020", "color_space": "bt2020nc"}


def of_first_frame(path: Path) -> dict[str, Any]:
    argv = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_frames", "-read_intervals", "%+#1"]
    told = subprocess.run([*argv, "-of", "json", str(path)], capture_output=True, check=True, timeout=90).stdout
    return side_facts(json.loads(told)["frames"][0].get("side_data_list", []))


def smaller(container: Container) -> Settings:
    """What makes a new encode necessary."""
    return Settings(profile=ULTRA, container=container, max_height=32, quality="fast")


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
def test_hdr10_is_copied_with_how_it_was_graded(tmp_path: Path, container: Container) -> None:
    source, longer = chart("pq", tmp_path / "chart.mkv"), tmp_path / "film.mkv"
    sound = ("-f", "lavfi", "-i", "sine=d=0.4", "-c:v", "copy", "-c:a", "ac3")
    ffmpeg("-i", str(source), *sound, str(longer))
    made = convert(longer, Settings(profile=ULTRA, container=container))
    assert made.plan.copies_video
    assert frames(made.path) == frames(source)
    facts = of_first_frame(made.path)
    assert facts["light"] == Light(1000, 400)
    assert facts["mastering"].brightest == 1000


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
@pytest.mark.parametrize(("kind", "transfer"), [("pq", "smpte2084"), ("hlg", "arib-std-b67")])
def test_hdr_that_is_encoded_anew_stays_hdr(tmp_path: Path, kind: str, transfer: str, container: Container) -> None:
    source = chart(kind, tmp_path / "chart.mkv")
    facts = of_first_frame(source)
    media = described(source)
    assert ("mastering" in facts) is (kind == "pq")
    told = film(video(**MAIN_10, **PQ | {"color_transfer": transfer}, **facts), container="mkv")
    decision = plan(told, smaller(container))
    assert isinstance(decision, Plan)
    assert decision.picture.video is not None
    assert decision.picture.video.mastering == facts.get("mastering")
    made = convert(source, smaller(container))
    picture = made.picture
    assert (picture.codec, picture.profile, picture.pixel_format) == ("hevc", "Main 10", "yuv420p10le")
    assert (picture.color_transfer, picture.color_primaries) == (transfer, "bt2020")
    assert picture.color_space == "bt2020nc"
    assert picture.codec_tag == ("hvc1" if container is Container.MP4 else None)
    assert media.picture is not None
    assert (picture.width, picture.height) == (144, 32)


def test_what_the_frames_say_is_written_into_the_new_ones(tmp_path: Path) -> None:
    source = chart("pq", tmp_path / "chart.mkv")
    facts = of_first_frame(source)
    target = VideoTarget("hevc", 288, 64, 153, deep=True, **facts)
    options = video_encoder("hevc").options(target, None, "fast")
    ffmpeg("-i", str(source), "-pix_fmt", "yuv420p10le", "-c:v", "libx265", *options, str(tmp_path / "out.mkv"))
    assert of_first_frame(tmp_path / "out.mkv") == facts


def test_hdr_in_webm_is_vp9_of_10_bits(tmp_path: Path) -> None:
    made = convert(chart("pq", tmp_path / "chart.mkv"), smaller(Container.WEBM))
    picture = made.picture
    assert (picture.codec, picture.profile, picture.pixel_format) == ("vp9", "Profile 2", "yuv420p10le")
    assert picture.color_transfer == "smpte2084"


def test_8_bit_hdr_becomes_10_bit_hdr(tmp_path: Path) -> None:
    source = chart("pq", tmp_path / "chart.mkv", "libx264")
    made = convert(source, Settings(profile=ULTRA, quality="fast"))
    assert (made.picture.codec, made.picture.profile) == ("hevc", "Main 10")
    before, after = brightness(source), brightness(made.path)
    assert after == pytest.approx(before, abs=0.02)
    assert len(after) == len(NITS)


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
@pytest.mark.parametrize(("profile", "base"), [(5, 0), (8, 1)])
def test_dolby_vision_is_copied_with_its_record(
    tmp_path: Path, profile: int, base: int, container: Container
) -> None:
    clip, locked = chart("pq", tmp_path / "chart.mkv"), tmp_path / "film.mp4"
    sound = ("-f", "lavfi", "-i", "sine=d=0.4", "-c:v", "copy", "-tag:v", "hvc1", "-c:a", "ac3")
    ffmpeg("-i", str(clip), *sound, str(locked))
    made = convert(with_record(locked, profile, base), Settings(profile=ULTRA, container=container))
    assert made.source.picture is not None
    assert (made.source.picture.dolby_vision, made.source.picture.dolby_vision_base) == (profile, base)
    assert made.plan.copies_video
    assert (made.picture.dolby_vision, made.picture.dolby_vision_base) == (profile, base)


def test_what_was_said_of_hdr_does_not_outlive_it(tmp_path: Path) -> None:
    clip, locked = chart("pq", tmp_path / "chart.mkv"), tmp_path / "film.mp4"
    titled = ("-metadata:s:v:0", "language=eng", "-c:v", "copy", "-tag:v", "hvc1")
    ffmpeg("-i", str(clip), *titled, str(locked))
    made = convert(with_record(locked, 8, 1), Settings(quality="fast"))
    assert made.picture.codec == "h264"
    assert (made.picture.dolby_vision, made.picture.language, made.picture.default) == (None, "eng", True)
    assert of_first_frame(made.path) == {}


def units(path: Path) -> set[int]:
    """The types of all NAL units of an HEVC picture."""
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-c", "copy", "-f", "hevc", "-"]
    raw = subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout
    return {part[0] >> 1 & 63 for part in raw.split(b"\0\0\1")[1:]}


def test_the_second_layer_of_profile_7_is_left_out_of_a_copy(tmp_path: Path) -> None:
    clip, raw, locked = chart("pq", tmp_path / "chart.mkv"), tmp_path / "film.hevc", tmp_path / "film.mp4"
    # no frame is stored before another one that is shown earlier: a bare stream has no times
    x265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=0")
    ffmpeg("-i", str(clip), *x265, "-pix_fmt", "yuv420p10le", str(raw))
    # one unit of the second layer (type 63) and one description of a frame (62), behind the last frame
    raw.write_bytes(raw.read_bytes() + b"\0\0\0\1\x7e\x01\xff\xff" + b"\0\0\0\1\x7c\x01\xff\xff")
    sound = ("-f", "lavfi", "-i", "sine=d=0.4", "-c:v", "copy", "-tag:v", "hvc1", "-c:a", "ac3")
    ffmpeg("-r", "10", "-i", str(raw), *sound, str(locked))
    made = convert(with_record(locked, 7, 6), Settings(profile=ULTRA))
    assert made.plan.copies_video
    assert {62, 63} <= units(locked)
    assert not {62, 63} & units(made.path)
    assert frames(made.path) == frames(locked) == frames(raw)


def test_profile_5_is_refused_where_nothing_can_show_or_convert_it() -> None:
    five = film(video(**MAIN_10, dolby_vision=5, dolby_vision_base=0), audio(), container="ts")
    with pytest.raises(MediaError, match="libplacebo"):
        plan(five, Settings())
    kept = plan(five, Settings(profile=ULTRA))
    assert isinstance(kept, Plan)
    assert kept.copies_video
    with pytest.raises(MediaError, match="libplacebo"):
        plan(five, Settings(profile=ULTRA, container=Container.WEBM))


@pytest.mark.parametrize(
    ("facts", "profile", "action"),
    [
        (PQ, ULTRA, Action.COPY),
        (PQ, ("chromecast-google-tv", "google-tv-streamer"), Action.COPY),
        (PQ, ("chromecast-ultra", "chromecast-3"), Action.TRANSCODE),
        ({"dolby_vision": 8, "dolby_vision_base": 4}, ULTRA, Action.COPY),
        ({"dolby_vision": 8, "dolby_vision_base": 2}, ULTRA, Action.COPY),
        ({"width": 7680, "height": 4320, **PQ}, ULTRA, Action.TRANSCODE),
    ],
)
def test_hdr_is_kept_where_every_device_shows_it(
    facts: dict[str, Any], profile: tuple[str, ...], action: Action
) -> None:
    decision = plan(film(video(**MAIN_10 | facts), audio(), container="avi"), Settings(profile=profile))
    assert isinstance(decision, Plan)
    assert decision.picture.action is action


def test_what_an_encoder_cannot_hand_on_is_told() -> None:
    large = {"width": 7680, "height": 4320, "hdr10_plus": True, "dolby_vision": 8, "dolby_vision_base": 1}
    decision = plan(film(video(**MAIN_10 | PQ | large), audio()), Settings(profile=ULTRA))
    assert isinstance(decision, Plan)
    assert decision.picture.reason.endswith("HDR10 kept (HDR10+ and Dolby Vision cannot be encoded anew)")


def test_an_hdr_film_that_plays_is_left_alone() -> None:
    decision = plan(film(video(**MAIN_10 | PQ), audio()), Settings(profile=ULTRA))
    assert isinstance(decision, Skip)
    assert "HDR10" in decision.reason


@pytest.mark.parametrize("extension", ["mkv", "ts"])
def test_profile_5_is_known_by_its_frames_where_the_container_has_lost_the_record(
    tmp_path: Path, extension: str
) -> None:
    source = film_of_profile_5(tmp_path / f"film.{extension}")
    media = asyncio.run(examine(source))
    assert media.picture is not None
    assert (media.picture.dolby_vision, media.picture.dolby_vision_base) == (5, 0)
    for profile in (("chromecast",), ULTRA):
        with pytest.raises(MediaError, match=r"Dolby Vision profile 5: .* has lost the record .* libplacebo"):
            plan(media, Settings(profile=profile))


def test_what_the_record_says_of_profile_5_holds_whatever_frames_say(tmp_path: Path) -> None:
    film = with_record(film_of_profile_5(tmp_path / "film.mp4", transfer="smpte2084"), 5, 0)
    picture = asyncio.run(examine(film)).picture
    assert picture is not None
    assert (picture.dolby_vision, picture.hdr, picture.dolby_in_frames) == (5, True, False)


def test_where_frames_may_tell_more_than_the_container() -> None:
    unsaid, said = video(**MAIN_10), video(**MAIN_10, color_transfer="bt709", color_space="bt709", color_range="tv")
    assert may_be_dolby(unsaid)
    assert may_be_dolby(video(**MAIN_10, **PQ, color_range="pc"))
    assert not may_be_dolby(said)
    assert not may_be_dolby(video(codec="hevc", pixel_format="yuv420p"))
    assert not may_be_dolby(video(**MAIN_10, dolby_vision=8))
