"""With which means a device carries out an encode, and why it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mkv2castd.device import Ability, Backend, Device, Gpu, Proof, Skill, Vendor
from mkv2castd.encoder.ladder import lacks, rungs
from mkv2castd.work import Shape

CARD = Gpu("pci-0000_03_00_0", "a card", Vendor.AMD, driver="amdgpu", node=Path("/dev/dri/renderD128"))
SHAPE = Shape("h264", 1920, 1080, "mkv", "balanced", source_codec="hevc", source_deep=True)
ENCODES = Proof(Ability(Backend.VAAPI, Skill.ENCODE, "h264"))
DECODES = Proof(Ability(Backend.VAAPI, Skill.DECODE, "hevc", deep=True))
SCALES = Proof(Ability(Backend.VAAPI, Skill.SCALE, deep=True))
AMF = Proof(Ability(Backend.AMF, Skill.ENCODE, "h264"))


def device(*proofs: Proof, gpu: Gpu = CARD) -> Device:
    return Device(gpu, proofs)


def test_the_first_rung_decodes_on_the_device_the_second_only_encodes_there() -> None:
    both, encoding = rungs(SHAPE, device(ENCODES, DECODES, SCALES), alone=True)
    assert (both.backend, both.gpu, both.decode) == (Backend.VAAPI, CARD, True)
    assert encoding == replace(both, decode=False)
    assert both.can(Skill.SCALE, deep=True)
    assert not both.can(Skill.SCALE, deep=False)


@pytest.mark.parametrize("source", [{"source_codec": "hevc"}, {"source_codec": "av1"}, {"source_codec": None}])
def test_what_was_not_proved_to_decode_is_decoded_by_the_processor(source: dict[str, str | None]) -> None:
    shape = replace(SHAPE, source_deep=False, **source)
    (only,) = rungs(shape, device(ENCODES, DECODES), alone=True)
    assert not only.decode


@pytest.mark.parametrize(
    ("shape", "proofs", "why"),
    [
        (replace(SHAPE, codec="hevc"), (ENCODES,), "it does not encode hevc"),
        (replace(SHAPE, deep=True), (ENCODES,), "it does not encode h264 in 10 bits"),
        (
            SHAPE,
            (replace(ENCODES, problem="no driver"),),
            "it does not encode h264: no driver",
        ),
    ],
)
def test_a_device_that_cannot_is_told_why(shape: Shape, proofs: tuple[Proof, ...], why: str) -> None:
    assert rungs(shape, device(*proofs), alone=True) == ()
    assert lacks(shape, device(*proofs), alone=True) == why


def test_what_an_encoder_does_not_take_is_known_without_trying() -> None:
    card = Gpu("nvidia-1", "a card", Vendor.NVIDIA, driver="nvidia", index=0)
    proved = device(Proof(Ability(Backend.NVENC, Skill.ENCODE, "h264")), gpu=card)
    assert rungs(SHAPE, proved, alone=True)
    tiny = replace(SHAPE, width=128, height=96)
    assert rungs(tiny, proved, alone=True) == ()
    why = lacks(tiny, proved, alone=True)
    assert why is not None
    assert "takes no picture below 146×146" in why


def test_a_backend_that_cannot_choose_its_card_is_trusted_only_where_there_is_one() -> None:
    proved = device(AMF)
    (only,) = rungs(SHAPE, proved, alone=True)
    assert only.backend is Backend.AMF
    assert rungs(SHAPE, proved, alone=False) == ()


def test_a_device_with_a_problem_and_one_without_a_driver_say_so() -> None:
    assert lacks(SHAPE, Device(CARD, problem="no permission"), alone=True) == "no permission"
    unknown = device(ENCODES, gpu=replace(CARD, driver="ast"))
    assert lacks(SHAPE, unknown, alone=True) == "ffmpeg has no encoder for its driver"
    assert lacks(SHAPE, device(ENCODES), alone=True) is None
