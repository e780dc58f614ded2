"""What is tried on which device, and what each outcome proves: without a device and without ffmpeg."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mkv2castd.device import Ability, Backend, Gpu, Proof, Skill, Vendor
from mkv2castd.encoder.proofs import FRAMES, SAMPLES, Trial, trials
from mkv2castd.encoder.verdicts import Outcome, Verdict, counting, problem, read
from tests.encoder.graphics import ROWS

ARC = Gpu("pci-0000_03_00_0", "Intel Arc A380", Vendor.INTEL, "i915", node=Path("/dev/dri/renderD129"))
RADEON = replace(ARC, id="pci-0000_04_00_0", vendor=Vendor.AMD, driver="amdgpu")
GEFORCE = Gpu("GPU-1", "GeForce", Vendor.NVIDIA, "nvidia", index=0, environment=(("CUDA_VISIBLE_DEVICES", "GPU-1"),))
SCALE, DEINTERLACE = Skill.SCALE, Skill.DEINTERLACE
CONSOLE = Gpu("pci-0000_05_00_0", "ASPEED", Vendor.OTHER, "ast")


def ability(codec: str, skill: Skill = Skill.ENCODE, *, deep: bool = False) -> Ability:
    return Ability(Backend.VAAPI, skill, codec, deep)


def asked(gpu: Gpu, wanted: Ability) -> Trial:
    (found,) = (trial for trial in trials(gpu, ROWS) if trial.ability == wanted)
    return found


def told(trial: Trial, **changes: object) -> bytes:
    width, height = trial.size
    form = "yuv420p10le" if trial.deep else "yuv420p"
    stream = {"width": width, "height": height, "pix_fmt": form, "nb_read_frames": str(FRAMES), **changes}
    return json.dumps({"programs": [], "streams": [stream]}).encode()


def verdict(gpu: Gpu, stderr: str, exit_code: int | None = 1, trial: Trial | None = None) -> Verdict:
    return read(gpu, trial or asked(ARC, ability("h264")), Outcome(exit_code, stderr, 20))


class TestWhatIsTried:
    def test_each_encoder_in_each_depth_then_each_decoder_then_each_filter(self) -> None:
        wanted = [trial.ability for trial in trials(ARC, ROWS) if trial.ability.backend is Backend.VAAPI]
        encoded = [ability("h264"), ability("hevc"), ability("hevc", deep=True)]
        decoded = [ability(one.codec, Skill.DECODE, deep=one.deep) for one in SAMPLES]
        filtered = [
            Ability(Backend.VAAPI, skill, deep=deep) for deep in (False, True) for skill in (SCALE, DEINTERLACE)
        ]
        assert wanted == [*encoded, *decoded, *filtered, Ability(Backend.VAAPI, Skill.TONE_MAP, deep=True)]

    @pytest.mark.parametrize("card", [ARC, RADEON, GEFORCE])
    def test_no_two_trials_of_a_device_prove_the_same(self, card: Gpu) -> None:
        found = [trial.ability for trial in trials(card)]
        assert len(set(found)) == len(found) > 0
        questions = {trial.question for trial in trials(card)}
        assert len(questions) == len(found)

    def test_a_filter_is_tried_on_frames_that_were_decoded_on_the_device(self) -> None:
        trial = asked(ARC, Ability(Backend.VAAPI, SCALE, deep=True))
        words = " ".join(trial.argv(Path("/s"), Path("/t")))
        assert "-hwaccel_output_format vaapi -i /s/hevc-10.mkv -vf scale_vaapi=w=320:h=180:format=p010le" in words
        assert words.index("scale_vaapi") < words.index("hwdownload")
        assert (trial.size, trial.deep) == ((320, 180), True)

    def test_tone_mapping_gets_hdr_and_must_make_8_bits_of_it(self) -> None:
        trial = asked(ARC, Ability(Backend.VAAPI, Skill.TONE_MAP, deep=True))
        assert trial.sample is not None
        assert (trial.sample.graded, trial.deep) == (True, False)
        assert "format=nv12,format=yuv420p" in " ".join(trial.making)

    def test_a_device_that_ffmpeg_knows_no_way_to_is_not_tried(self) -> None:
        assert trials(CONSOLE, ROWS) == ()

    def test_what_no_row_encodes_through_the_devices_backend_is_not_tried(self) -> None:
        assert [trial for trial in trials(GEFORCE, ROWS) if trial.ability.skill is Skill.ENCODE] == []

    def test_the_device_is_opened_and_the_frames_are_brought_to_it(self) -> None:
        argv = asked(ARC, ability("hevc", deep=True)).argv(Path("/s"), Path("/t"))
        words = " ".join(argv)
        assert words.index("-init_hw_device vaapi=gpu:/dev/dri/renderD129") < words.index(" -i testsrc2=")
        assert "-vf format=p010le,hwupload -c:v hevc_vaapi" in words
        assert "-profile main10" in words
        assert argv[-1] == "/t/vaapi-encode-hevc-10.mkv"

    def test_a_decoder_gets_a_film_and_must_leave_the_frames_on_the_device(self) -> None:
        words = " ".join(asked(ARC, ability("vp9", Skill.DECODE, deep=True)).argv(Path("/s"), Path("/t")))
        assert "-hwaccel vaapi" in words
        assert "-i /s/vp9-10.mkv -vf hwdownload,format=p010le," in words

    def test_only_the_device_that_is_meant_is_seen(self) -> None:
        (first, *_) = trials(GEFORCE, ROWS)
        assert first.environment["CUDA_VISIBLE_DEVICES"] == "GPU-1"
        assert first.question.startswith("CUDA_VISIBLE_DEVICES=GPU-1 ")

    def test_a_question_is_the_same_wherever_its_file_lies(self) -> None:
        assert asked(ARC, ability("h264")).question == asked(ARC, ability("h264")).question
        moved = replace(ARC, node=Path("/dev/dri/renderD128"))
        assert asked(moved, ability("h264")).question != asked(ARC, ability("h264")).question

    def test_names_of_files_do_not_meet(self) -> None:
        names = [trial.name for trial in trials(ARC, ROWS)]
        assert len(set(names)) == len(names)

    def test_what_was_made_is_looked_at_without_the_device(self) -> None:
        assert not any("vaapi" in word for word in counting(Path("/t/x.mkv")))


class TestWhatAnOutcomeProves:
    @pytest.mark.parametrize("deep", [False, True])
    def test_all_frames_in_the_right_size_and_depth(self, deep: bool) -> None:
        trial = asked(ARC, ability("hevc", deep=deep))
        got = read(ARC, trial, Outcome(0, "", 20, told(trial)))
        assert (got.proof.works, got.lasting, got.hopeless) == (True, True, False)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"nb_read_frames": "7"}, "of 12 frames that it was given, 7"),
            ({"height": 1088}, "1920×1080 into 1920×1088"),
            ({"pix_fmt": "yuv420p"}, "yuv420p where 10 bits"),
        ],
    )
    def test_ffmpeg_is_content_but_the_film_is_wrong(self, changes: dict[str, object], words: str) -> None:
        trial = asked(ARC, ability("hevc", deep=True))
        got = read(ARC, trial, Outcome(0, "", 20, told(trial, **changes)))
        assert words in (got.proof.problem or "")
        assert not got.lasting

    @pytest.mark.parametrize("nothing", [b"", b"{}", b'{"streams": []}', b"no JSON"])
    def test_there_is_no_film_at_all(self, nothing: bytes) -> None:
        got = read(ARC, asked(ARC, ability("h264")), Outcome(0, "", 20, nothing))
        assert "0 can be decoded" in (got.proof.problem or "")

    def test_a_trial_without_an_end_stops_the_others(self) -> None:
        got = verdict(ARC, "", exit_code=None)
        assert "no answer within 20 s" in (got.proof.problem or "")
        assert (got.lasting, got.hopeless) == (False, True)

    def test_a_crash_is_the_drivers(self) -> None:
        got = verdict(ARC, "", exit_code=-11)
        assert "signal 11" in (got.proof.problem or "")
        assert not got.lasting

    def test_what_nobody_knows_is_told_in_ffmpegs_words(self) -> None:
        stderr = (
            "[h264_vaapi @ 0x55] Using level 4.\n"
            "[h264_vaapi @ 0x55] Failed to do something new: 24 (nobody knows).\n"
            "[h264_vaapi @ 0x55] Encode failed: -5.\nConversion failed!\n"
        )
        got = verdict(ARC, stderr)
        assert got.proof.problem == "ffmpeg failed: Failed to do something new: 24 (nobody knows)."
        assert verdict(ARC, "a\nb\n\n").proof.problem == "ffmpeg failed: b"
        assert verdict(ARC, "").proof.problem == "ffmpeg failed: it does not say why"


class TestWhyADeviceCannotEncode:
    def proof(self, codec: str, problem: str | None) -> Proof:
        return Proof(ability(codec), problem)

    def test_one_encoder_that_works_is_enough(self) -> None:
        assert problem([self.proof("h264", "broken"), self.proof("hevc", None)]) is None

    def test_a_decoder_is_not(self) -> None:
        assert problem([Proof(ability("h264", Skill.DECODE))]) == "ffmpeg has no encoder for its driver"
        assert problem([]) == "ffmpeg has no encoder for its driver"

    def test_what_can_be_mended_is_told_of_the_best_backend(self) -> None:
        lacks = verdict(ARC, "[hevc_vaapi @ 0x5] No usable encoding profile found.").proof.problem
        other = Proof(Ability(Backend.VULKAN, Skill.ENCODE, "h264"), "no Vulkan")
        assert problem([self.proof("av1", lacks), self.proof("h264", "no driver"), other]) == "no driver"
        assert problem([self.proof("av1", lacks), other]) == "it has no encoder that ffmpeg can use"
        assert problem([self.proof("h264", "no driver"), Proof(other.ability)]) is None

    def test_a_device_without_any_encoder(self) -> None:
        lacks = verdict(ARC, "[hevc_vaapi @ 0x5] No usable encoding profile found.").proof.problem
        assert problem([self.proof("h264", lacks), self.proof("av1", lacks)]) == (
            "it has no encoder that ffmpeg can use"
        )
