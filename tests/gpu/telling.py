"""The report: what was found and what came of it, as plain text without anything private."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mkv2castd.device import Device, Gpu, Proof, Skill
from tests.gpu.trying import Failed, Made

_LINES = 12
_UUID = re.compile(r"\bGPU-([0-9A-Fa-f]{8})-[0-9A-Fa-f-]{27}\b")
SEND = (
    "Please attach it to a report in the project's tracker, good or bad: so the list of cards that are known to\n"
    "work grows. Your paths, your user name and the name of your machine are not in it."
)


@dataclass(frozen=True, slots=True)
class Host:
    """system, kernel, ffmpeg, processor: as they call themselves."""

    version: str
    system: str
    kernel: str
    ffmpeg: str
    processor: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not be told, and what is told instead. words: of which only whole ones are meant."""

    texts: Mapping[str, str] = field(default_factory=dict)
    words: Sequence[str] = ()

    def hide(self, text: str) -> str:
        for secret in sorted(self.texts, key=len, reverse=True):
            text = text.replace(secret, self.texts[secret])
        for word in self.words:
            text = re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", "…", text)
        return _UUID.sub(r"GPU-\1-…", text)


def heading(host: Host) -> Iterator[str]:
    yield "Self-test of graphics cards"
    yield ""
    yield f"mkv2castd {host.version}"
    yield f"{host.system}, Linux {host.kernel}"
    yield f"ffmpeg {host.ffmpeg}"
    yield host.processor
    yield ""


def found(gpus: Sequence[Gpu], pci: Mapping[str, str]) -> Iterator[str]:
    """pci: by a device's address, its numbers on the bus."""
    yield "Devices"
    for gpu in gpus:
        number = pci.get(gpu.address or "")
        facts = [gpu.id, gpu.name, *([number] if number is not None else [])]
        facts.append(f"driver {gpu.driver} {gpu.driver_version or ''}".rstrip() if gpu.driver else "driver unknown")
        yield f"  {', '.join(facts)}"
    if not gpus:
        yield "  none was found. In a container, hand in the render node (/dev/dri/renderD128)."
    yield ""


def proved(device: Device, seconds: float, driver: str | None) -> Iterator[str]:
    """driver: what opens it."""
    yield f"Proving {device.gpu.id}: {seconds:.1f} s"
    if driver is not None:
        yield f"  opened with {driver}"
    if device.problem is not None:
        yield f"  nothing can be encoded on it: {device.problem}"
    if any(proof.works for proof in device.proofs):
        yield f"  works: {', '.join(_named(proof) for proof in device.proofs if proof.works)}"
        yield f"  films at once: {device.slots}"
    problems = dict.fromkeys(proof.problem for proof in device.proofs if proof.problem not in (None, device.problem))
    for problem in problems:
        without = (_named(proof) for proof in device.proofs if proof.problem == problem)
        yield f"  does not: {', '.join(without)}: {problem}"
    yield ""


def result(what: str, made: Made | Failed) -> Iterator[str]:
    if isinstance(made, Made):
        quality = f"PSNR {made.psnr:.2f} dB, SSIM {made.ssim:.4f} at {made.kbps:.0f} kbit/s"
        yield f"    {what:<32}  {made.speed:6.2f} × real time   {quality}"
        return
    yield f"    {what:<32}  FAILED: {made.what}"
    for line in made.details.strip().splitlines()[-_LINES:]:
        yield f"        {line}"


def left_out(why: str, details: str = "") -> Iterator[str]:
    yield f"    left out: {why}"
    for line in details.strip().splitlines()[-_LINES:]:
        yield f"        {line}"
    yield ""


def verdict(claims: Mapping[str, int], failures: Mapping[str, int]) -> Iterator[str]:
    """claims: how many conversions each device was tried with; failures: how many of them failed."""
    yield "Result"
    for device, count in claims.items():
        bad = failures.get(device, 0)
        if count == 0:
            yield f"  {device}: encodes nothing"
        else:
            yield f"  {device}: {count - bad} of {count} conversions work"
    if passed(claims, failures):
        yield "  All that was claimed works."
    else:
        yield "  Not all that was claimed works." if any(failures.values()) else "  Nothing can be encoded on a card."
    yield ""


def passed(claims: Mapping[str, int], failures: Mapping[str, int]) -> bool:
    """At least one device encodes, and all that any of them claims works."""
    return any(claims.values()) and not any(failures.values())


def _named(proof: Proof) -> str:
    ability = proof.ability
    words = [ability.backend.value, ability.skill.value]
    if ability.codec is not None:
        words.append(ability.codec)
    if ability.deep or ability.skill not in (Skill.ENCODE, Skill.DECODE):
        words.append("10-bit" if ability.deep else "8-bit")
    return " ".join(words)
