"""The ladder of one job: with which means its picture is encoded on a device, best first."""

from __future__ import annotations

from mkv2castd.device import Ability, Device, Skill
from mkv2castd.encoder.obstacles import hindrances
from mkv2castd.encoder.reach import Reach, reaches
from mkv2castd.encoder.targets import Means
from mkv2castd.work import Shape

_FILTERS = frozenset({Skill.SCALE, Skill.DEINTERLACE, Skill.TONE_MAP})


def rungs(shape: Shape, device: Device, *, alone: bool) -> tuple[Means, ...]:
    """The steps of the ladder that stand on this device: decoded and encoded there, then encoded there only; empty
    where it cannot encode this. Of several backends the first that can.

    alone: no other GPU is in this machine; a backend that cannot choose between them is trusted only then.
    """
    for way in reaches(device.gpu):
        if (way.unchosen is None or alone) and not _missing(shape, device, way):
            return tuple(_means(shape, device, way))
    return ()


def lacks(shape: Shape, device: Device, *, alone: bool) -> str | None:
    """Why the device cannot encode this, by its best backend; None: it can."""
    if device.problem is not None:
        return device.problem
    if rungs(shape, device, alone=alone):
        return None
    ways = reaches(device.gpu)
    if not ways:
        return "ffmpeg has no encoder for its driver"
    first = ways[0]
    missing = _missing(shape, device, first)
    if missing is None and first.unchosen is not None:
        return f"there are several cards, and {first.unchosen}"
    return missing if missing is not None else "it cannot encode this"


def _missing(shape: Shape, device: Device, way: Reach) -> str | None:
    wanted = Ability(way.backend, Skill.ENCODE, shape.codec, shape.deep)
    if wanted not in device.abilities:
        why = next((proof.problem for proof in device.proofs if proof.ability == wanted), None)
        bits = " in 10 bits" if shape.deep else ""
        return f"it does not encode {shape.codec}{bits}" + (f": {why}" if why is not None else "")
    found = hindrances(shape, Means(way.backend, device.gpu))
    return "; ".join(found) if found else None


def _means(shape: Shape, device: Device, way: Reach) -> list[Means]:
    filters = frozenset(ability for ability in device.abilities if ability.skill in _FILTERS)
    encoding = Means(way.backend, device.gpu, filters=filters)
    decodes = Ability(way.backend, Skill.DECODE, shape.source_codec, shape.source_deep) in device.abilities
    if shape.source_codec is None or not decodes:
        return [encoding]
    return [Means(way.backend, device.gpu, decode=True, filters=filters), encoding]
