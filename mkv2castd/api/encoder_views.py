"""What encodes on this machine, as programs are told: each GPU, and the processor."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from mkv2castd.device import CPU, Ability, Device, Skill


class EncoderView(Struct, frozen=True, kw_only=True):
    """`kind`: gpu or cpu. `encoders`: codecs, "hevc-10bit" for those in 10 bits, in which an encode has worked.
    `slots`: films at the same time. `healthy`: false where nothing can be encoded, with `problem` telling why."""

    id: str
    name: str
    vendor: str | None
    kind: str
    driver: str | None
    encoders: list[str]
    slots: int
    enabled: bool
    healthy: bool
    problem: str | None


def gpu_view(device: Device, *, enabled: bool) -> EncoderView:
    encoders = named(proof.ability for proof in device.proofs if proof.works)
    return EncoderView(
        id=device.gpu.id,
        name=device.gpu.name,
        vendor=device.gpu.vendor.value,
        kind="gpu",
        driver=device.gpu.driver,
        encoders=encoders,
        slots=1 if encoders else 0,
        enabled=enabled,
        healthy=device.problem is None,
        problem=device.problem,
    )


def cpu_view(abilities: Iterable[Ability], slots: int) -> EncoderView:
    """The processor, which needs no proof: abilities are those of the encoders that this ffmpeg was built with."""
    return EncoderView(
        id=CPU,
        name="the processor",
        vendor=None,
        kind="cpu",
        driver=None,
        encoders=named(abilities),
        slots=slots,
        enabled=True,
        healthy=True,
        problem=None,
    )


def named(abilities: Iterable[Ability]) -> list[str]:
    """Each codec that is encoded, once, whatever the backend."""
    encoding = [ability for ability in abilities if ability.skill is Skill.ENCODE and ability.codec is not None]
    return list(dict.fromkeys(f"{ability.codec}{'-10bit' if ability.deep else ''}" for ability in encoding))
