"""The same plan by other means: what changes is how frames reach the encoder, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from mkv2castd.device import CPU, Backend, Gpu, Skill, Vendor
from mkv2castd.encoder import h264_levels, hevc_levels
from mkv2castd.encoder.backends import GPU_ENCODERS, video_encoder
from mkv2castd.encoder.command import convert_argv
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.media import Scan
from mkv2castd.encoder.obstacles import obstacles
from mkv2castd.encoder.picture_options import upload
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.reach import reach, reaches
from mkv2castd.encoder.targets import Groundwork, Means, VideoTarget
from mkv2castd.model import Container
from tests.encoder.films import audio, film, video
from tests.encoder.plans import FILTERS, GPUS, HDR10, HLG, PLANS, SD, ULTRA, laid_for, means, planned

VAAPI = means(Backend.VAAPI)
WHERE = "/dev/dri/renderD129"


def command(decision: Plan, by: Means, laid: Groundwork | None = None) -> list[str]:
    return convert_argv(
        decision, Path("/in"), Path("/out"), "tag", laid if laid is not None else laid_for(decision), by
    )


def told(argv: list[str], option: str) -> list[str]:
    """Every value of `option`."""
    return [value for name, value in pairwise(argv) if name == option]


def filters(argv: list[str]) -> str:
    (graph,) = [*told(argv, "-filter:0"), *told(argv, "-filter_complex")]
    return graph


@pytest.mark.parametrize("name", PLANS)
def test_frames_are_made_as_for_the_processor_and_then_brought_to_the_device(name: str) -> None:
    decision = PLANS[name]
    target = decision.picture.video
    assert target is not None
    ours, theirs = filters(command(decision, Means())), filters(command(decision, VAAPI))
    form = "p010le" if target.deep else "nv12"
    assert theirs.replace(f",format={form},hwupload", "") == ours
    assert f",format={form},hwupload" in theirs


def test_without_means_the_processor_encodes() -> None:
    decision = PLANS["tone mapped"]
    laid = laid_for(decision)
    assert convert_argv(decision, Path("/in"), Path("/out"), "tag", laid) == command(decision, Means(), laid)
    assert Means().backend == CPU
    assert obstacles(decision, Means()) == ()


def test_nothing_is_opened_for_a_picture_that_is_copied() -> None:
    copied = planned(film(video(), audio(codec="dts")))
    assert copied.copies_video
    everything = means(Backend.VAAPI, decode=True, proved=FILTERS)
    assert command(copied, everything) == command(copied, Means())
    assert obstacles(copied, everything) == ()


@pytest.mark.parametrize("backend", GPUS)
@pytest.mark.parametrize("name", PLANS)
def test_filters_never_have_two_devices(name: str, backend: Backend) -> None:
    decision = PLANS[name]
    if obstacles(decision, means(backend)) == ():
        for decode in (False, True):
            argv = command(decision, means(backend, decode=decode, proved=FILTERS))
            assert len(told(argv, "-filter_hw_device")) <= 1
            needed = "hwupload" in filters(argv)
            assert len(told(argv, "-filter_hw_device")) >= int(needed)


def test_libplacebo_borrows_the_encoders_device_or_opens_its_own() -> None:
    lent = command(PLANS["tone mapped by libplacebo"], VAAPI)
    assert told(lent, "-init_hw_device") == [f"vaapi=gpu:{WHERE}"]
    assert "hwupload=derive_device=vulkan,libplacebo=" in filters(lent)
    assert filters(lent).endswith("format=nv12,hwupload[picture];[0:0]nullsink")
    own = command(PLANS["tone mapped by libplacebo"], means(Backend.QSV))
    assert told(own, "-init_hw_device") == ["qsv=gpu,child_device=/dev/dri/renderD128", "vulkan=placebo"]
    assert told(own, "-filter_hw_device") == ["placebo"]


class TestDecodingOnTheDevice:
    def test_frames_come_back_where_filters_need_them(self) -> None:
        argv = command(PLANS["cropped"], means(Backend.VAAPI, decode=True, proved=FILTERS))
        assert (told(argv, "-hwaccel:0"), told(argv, "-hwaccel_device:0")) == (["vaapi"], ["gpu"])
        assert told(argv, "-hwaccel_output_format:0") == []
        assert filters(argv) == filters(command(PLANS["cropped"], VAAPI))

    @pytest.mark.parametrize(
        ("name", "needed"),
        [
            ("interlaced", {Skill.DEINTERLACE}),
            ("scaled", {Skill.SCALE}),
            ("faster", set()),
            ("10 bits", {Skill.SCALE}),
            ("tone mapped", {Skill.SCALE, Skill.TONE_MAP}),
            ("tone mapped at its size", {Skill.TONE_MAP}),
            ("tone mapped by libplacebo", {Skill.SCALE, Skill.TONE_MAP}),
            ("HDR10 kept and shrunk", {Skill.SCALE}),
            ("plain", set()),
        ],
    )
    def test_they_stay_there_where_all_that_they_need_is_proved(self, name: str, needed: set[Skill]) -> None:
        argv = command(PLANS[name], means(Backend.VAAPI, decode=True, proved=tuple(needed)))
        assert told(argv, "-hwaccel_output_format:0") == ["vaapi"]
        assert not {"bwdif", "zscale", "scale", "tonemap"} & {
            step.partition("=")[0] for step in filters(argv).split(",")
        }
        for missing in needed:
            less = means(Backend.VAAPI, decode=True, proved=tuple(needed - {missing}))
            assert told(command(PLANS[name], less), "-hwaccel_output_format:0") == []

    @pytest.mark.parametrize(
        "name",
        [
            *("telecined", "of unknown rate", "cropped", "turned", "RGB", "gray", "full range", "wide colours"),
            *("tone mapped from HLG", "Dolby Vision 5", "text drawn", "pictures drawn", "text drawn onto HDR10"),
            "HDR10 kept",
        ],
    )
    def test_what_the_devices_filters_cannot_do_is_done_in_memory(self, name: str) -> None:
        by = means(Backend.VAAPI, decode=True, proved=FILTERS)
        assert told(command(PLANS[name], by), "-hwaccel_output_format:0") == []

    def test_what_is_proved_of_8_bits_is_not_of_10(self) -> None:
        by = means(Backend.VAAPI, decode=True, proved=(Skill.SCALE,))
        shallow = replace(by, filters=frozenset(ability for ability in by.filters if not ability.deep))
        assert told(command(PLANS["scaled"], shallow), "-hwaccel_output_format:0") == ["vaapi"]
        assert told(command(PLANS["10 bits"], shallow), "-hwaccel_output_format:0") == []

    def test_which_field_comes_first_is_told_where_it_can_be(self) -> None:
        facts = SD | {"field_order": "progressive", "scan": Scan.BOTTOM_FIRST, "frame_rate": Fraction(25)}
        decision = planned(film(video(**facts), audio()))
        argv = command(decision, means(Backend.NVENC, decode=True, proved=FILTERS))
        assert "yadif_cuda=mode=send_frame:parity=bff" in filters(argv)

    def test_covers_are_decoded_as_ever(self) -> None:
        cover = video(index=2, codec="mjpeg", dispositions=frozenset({"attached_pic"}))
        decision = planned(film(video(codec="mpeg4", profile=None), audio(), cover))
        argv = command(decision, means(Backend.NVENC, decode=True))
        assert [word for word in argv if word.startswith("-hwaccel")] == [
            "-hwaccel:0",
            "-hwaccel_device:0",
            "-hwaccel_output_format:0",
        ]

    @pytest.mark.parametrize("backend", [Backend.AMF, Backend.V4L2M2M])
    def test_no_frames_stay_where_ffmpeg_keeps_none(self, backend: Backend) -> None:
        argv = command(PLANS["into mp4"], means(backend, decode=True, proved=FILTERS))
        assert not [word for word in argv if word.startswith("-hwaccel_output_format")]


class TestObstacles:
    @pytest.mark.parametrize(
        ("backend", "name", "found"),
        [
            (Backend.NVENC, "into webm", ("no vp8 encoder on nvenc",)),
            (Backend.NVENC, "HDR10 kept", ("hevc_nvenc does not write how HDR was graded",)),
            (Backend.NVENC, "HLG kept", ()),
            (Backend.AMF, "HLG kept", ("hevc_amf has no 10 bits",)),
            (Backend.VAAPI, "HDR10 kept", ()),
            (Backend.V4L2M2M, "plain", ("h264_v4l2m2m does not tell the muxer what mkv needs",)),
            (Backend.V4L2M2M, "into mp4", ()),
        ],
    )
    def test_what_stands_in_the_way_is_said(self, backend: Backend, name: str, found: tuple[str, ...]) -> None:
        assert obstacles(PLANS[name], means(backend)) == found

    def test_sizes_that_the_encoder_does_not_take(self) -> None:
        small = planned(film(video(codec="mpeg4", profile=None, width=160, height=90), audio()))
        assert obstacles(small, means(Backend.NVENC)) == (
            "h264_nvenc takes no picture below 146×146, and this one has 160×90",
        )
        large = planned(film(video(**HLG), audio()), profile=ULTRA, container=Container.MP4, max_height=2000)
        assert obstacles(large, means(Backend.V4L2M2M)) == (
            "hevc_v4l2m2m has no 10 bits",
            "hevc_v4l2m2m takes no picture above 1920×1920, and this one has 3554×2000",
        )

    def test_a_device_is_needed(self) -> None:
        assert obstacles(PLANS["plain"], Means(Backend.VAAPI)) == ("h264_vaapi needs a device, and none is named",)


class TestRows:
    @pytest.mark.parametrize(
        ("codec", "backend", "level", "value"),
        [
            ("h264", Backend.VAAPI, 40, "40"),
            ("hevc", Backend.VAAPI, 150, "150"),
            ("hevc", Backend.QSV, 153, "51"),
            ("h264", Backend.QSV, 41, "41"),
            ("h264", Backend.QSV, 9, "9"),
            ("av1", Backend.QSV, 13, "51"),
            ("h264", Backend.NVENC, 40, "4.0"),
            ("hevc", Backend.NVENC, 153, "5.1"),
            ("h264", Backend.AMF, 42, "4.2"),
            ("hevc", Backend.VULKAN, 120, "120"),
        ],
    )
    def test_each_is_told_a_level_in_its_own_words(
        self, codec: str, backend: Backend, level: int, value: str
    ) -> None:
        options = video_encoder(codec, backend).options(VideoTarget(codec, 1920, 1080, level), None, "fast")
        assert told(options, "-level") == [value]

    @pytest.mark.parametrize("row", [row for row in GPU_ENCODERS if row.bounded], ids=lambda row: row.name)
    def test_no_bitrate_is_above_the_highest_of_the_level(self, row: VideoEncoder) -> None:
        for level in {"h264": h264_levels.LEVELS, "hevc": hevc_levels.LEVELS}.get(row.codec, {}):
            pairs = row.options(VideoTarget(row.codec, 4096, 2160, level), Fraction(60), "high")
            (most,), (aim,) = told(pairs, "-maxrate"), told(pairs, "-b")
            assert int(aim) <= int(most.removesuffix("k")) * 1000

    def test_there_is_one_row_a_codec_and_backend(self) -> None:
        keys = [(row.codec, row.backend) for row in GPU_ENCODERS]
        assert len(keys) == len(set(keys))
        assert len({row.name for row in GPU_ENCODERS}) == len(keys)


class TestReaching:
    def test_each_driver_has_its_ways(self) -> None:
        def ways(driver: str | None) -> list[Backend]:
            return [row.backend for row in reaches(Gpu("id", "name", Vendor.OTHER, driver))]

        assert ways("i915") == [Backend.VAAPI, Backend.QSV, Backend.VULKAN]
        assert ways("amdgpu") == [Backend.VAAPI, Backend.AMF, Backend.VULKAN]
        assert ways("nvidia") == [Backend.NVENC, Backend.VULKAN]
        assert ways("bcm2835-codec") == [Backend.V4L2M2M]
        assert ways(None) == [Backend.VAAPI], "a node that somebody has named"
        assert ways("ast") == []

    def test_the_processor_is_no_device(self) -> None:
        with pytest.raises(LookupError, match="cpu has no device to be reached"):
            reach(Backend.CPU)

    def test_a_card_is_named_to_nvidias_encoder_and_decoder(self) -> None:
        argv = command(PLANS["scaled"], means(Backend.NVENC, decode=True, proved=FILTERS))
        assert (told(argv, "-gpu:0"), told(argv, "-hwaccel_device:0")) == (["1"], ["1"])
        unnumbered = replace(GPUS[Backend.NVENC], index=None)
        argv = command(PLANS["scaled"], Means(Backend.NVENC, unnumbered, decode=True))
        assert (told(argv, "-gpu:0"), told(argv, "-hwaccel_device:0")) == ([], [])

    def test_vulkans_device_is_the_same_card_by_another_name(self) -> None:
        def opened(gpu: Gpu) -> list[str]:
            return told(list(reach(Backend.VULKAN).options(gpu)), "-init_hw_device")

        assert opened(GPUS[Backend.VULKAN]) == ["cuda=card:1", "vulkan=gpu@card"]
        assert opened(replace(GPUS[Backend.VULKAN], index=None)) == ["cuda=card", "vulkan=gpu@card"]
        assert opened(GPUS[Backend.VAAPI]) == [f"vaapi=card:{WHERE}", "vulkan=gpu@card"]

    def test_what_takes_frames_from_memory_needs_no_upload(self) -> None:
        shallow, deep = VideoTarget("hevc", 640, 360), VideoTarget("hevc", 640, 360, deep=True)
        assert upload(shallow, means(Backend.NVENC)) == ",format=nv12"
        assert upload(deep, means(Backend.QSV)) == ",format=p010le"
        assert upload(shallow, means(Backend.V4L2M2M)) == ""
        assert upload(deep, Means()) == ""

    def test_a_film_without_a_node_is_decoded_by_the_processor(self) -> None:
        nowhere = replace(GPUS[Backend.AMF], node=None)
        argv = command(PLANS["plain"], Means(Backend.AMF, nowhere, decode=True))
        assert not [word for word in argv if word.startswith("-hwaccel")]


def test_hdr_that_is_kept_goes_to_the_encoder_in_10_bits_and_tagged() -> None:
    argv = command(planned(film(video(**HDR10), audio()), profile=ULTRA, max_height=1080), VAAPI)
    assert told(argv, "-profile:0") == ["main10"]
    assert told(argv, "-color_trc:0") == ["smpte2084"]
    assert "color_trc=smpte2084:colorspace=bt2020nc,format=p010le,hwupload" in filters(argv)
