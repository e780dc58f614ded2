"""What encodes on this machine and how it is at the moment, as it is told to those who ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from mkv2castd.config import DevicesConfig
from mkv2castd.device import CPU, REMUX, Ability, Backend, Device, Skill, Station
from mkv2castd.encoder.backends import VIDEO_ENCODERS
from mkv2castd.encoder.fitness import Member
from mkv2castd.encoder.tools import Tools
from mkv2castd.queries import DeviceFacts


def facts(station: Station, tools: Tools, *, running: tuple[UUID, ...] = (), queued: int = 0) -> DeviceFacts:
    """tools: what this ffmpeg has, for the processor. running, queued: the station's jobs."""
    device = station.device
    gpu = device.gpu if device is not None else None
    return DeviceFacts(
        id=station.id,
        name=station.name,
        vendor=gpu.vendor.value if gpu is not None else None,
        kind="gpu" if gpu is not None else "cpu" if station.id == CPU else "remux",
        driver=gpu.driver if gpu is not None else None,
        encoders=codecs(_abilities(station, tools)),
        slots=station.slots,
        enabled=station.enabled,
        healthy=station.problem is None,
        problem=station.problem,
        running=running,
        queued=queued,
    )


def processor(slots: int) -> Station:
    return Station(CPU, "the processor", slots)


def copies(slots: int) -> Station:
    """The lane of films whose picture is only copied."""
    return Station(REMUX, "copying, without encoding pictures", slots)


def station_of(device: Device, config: DevicesConfig) -> Station:
    """As it stands under a configuration."""
    name = device.gpu.id
    return Member(device.gpu, device).station(
        slots=config.slots.get(name), enabled=name not in config.disabled, due=""
    )


def codecs(abilities: Iterable[Ability]) -> tuple[str, ...]:
    """Each codec that is encoded, once, whatever the backend; "hevc-10bit" where it is in 10 bits."""
    encoding = [ability for ability in abilities if ability.skill is Skill.ENCODE and ability.codec is not None]
    return tuple(dict.fromkeys(f"{ability.codec}{'-10bit' if ability.deep else ''}" for ability in encoding))


def _abilities(station: Station, tools: Tools) -> Iterator[Ability]:
    if station.device is not None:
        yield from (proof.ability for proof in station.device.proofs if proof.works)
    elif station.id == CPU:
        yield from _on_the_processor(tools)


def _on_the_processor(tools: Tools) -> Iterator[Ability]:
    """The processor needs no proof: what it encodes is what this ffmpeg was built with."""
    for row in VIDEO_ENCODERS:
        if tools.has_encoder(row.name):
            yield Ability(Backend.CPU, Skill.ENCODE, row.codec)
            if row.deep_format is not None:
                yield Ability(Backend.CPU, Skill.ENCODE, row.codec, deep=True)
