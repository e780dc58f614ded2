"""What a trial has proved.

What it made is decoded on the processor, and its frames are counted and measured: a driver that says nothing and
writes nonsense has proved nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mkv2castd.device import Gpu, Proof, Skill
from mkv2castd.encoder.device_faults import UNSUPPORTED, Cause, explain
from mkv2castd.encoder.proofs import FRAMES, Trial, bits

_COUNT = ("ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-of", "json")
_ENTRIES = ("-show_entries", "stream=width,height,pix_fmt,nb_read_frames")
# "[h264_vaapi @ 0x5556] Failed to …": who goes wrong first says best what it is; the last lines tell only that.
_COMPLAINT = re.compile(r"^\[[^\]]+ @ 0x[0-9a-f]+\] (.*(?:fail|error|cannot|unable|not supported).*)$", re.M | re.I)


def counting(file: Path) -> tuple[str, ...]:
    """The argv that looks at what a trial has made, on the processor."""
    return (*_COUNT, *_ENTRIES, str(file))


@dataclass(frozen=True, slots=True)
class Outcome:
    """exit_code: None where the trial had no end of its own. seconds: how long it was waited for. told: what
    `counting` printed of the file that was made, empty where there is none."""

    exit_code: int | None
    stderr: str
    seconds: float
    told: bytes = b""


@dataclass(frozen=True, slots=True)
class Verdict:
    """lasting: the same comes of it as long as driver and ffmpeg are the same. hopeless: so does of all else that
    could be tried on the device through this backend now."""

    proof: Proof
    lasting: bool = False
    hopeless: bool = False


def read(gpu: Gpu, trial: Trial, outcome: Outcome) -> Verdict:
    """What `outcome` proves."""
    if outcome.exit_code is None:
        hung = f"it gave no answer within {outcome.seconds:g} s, and the trial was stopped"
        return Verdict(Proof(trial.ability, hung), hopeless=True)
    if outcome.exit_code == 0:
        flaw = _flaw(trial, outcome.told)
        return Verdict(Proof(trial.ability, flaw), lasting=flaw is None)
    fault = explain(gpu, trial.ability.backend, outcome.stderr)
    if fault is not None:
        lasting, hopeless = fault.cause is Cause.UNSUPPORTED, fault.cause is Cause.UNREACHABLE
        words = f" ({_said(outcome.stderr)})" if fault.cause is Cause.LOST else ""
        return Verdict(Proof(trial.ability, fault.problem + words), lasting, hopeless)
    if outcome.exit_code < 0:
        crashed = f"ffmpeg crashed over it (signal {-outcome.exit_code}): install another version of its driver"
        return Verdict(Proof(trial.ability, crashed))
    return Verdict(Proof(trial.ability, f"ffmpeg failed: {_said(outcome.stderr)}"))


class _Stream(msgspec.Struct):
    width: int = 0
    height: int = 0
    pix_fmt: str = ""
    nb_read_frames: str = "0"


class _Told(msgspec.Struct):
    streams: tuple[_Stream, ...] = ()


def _flaw(trial: Trial, told: bytes) -> str | None:
    """What is wrong with the file that was made; None: nothing."""
    try:
        streams = msgspec.json.decode(told, type=_Told).streams
    except msgspec.DecodeError:
        streams = ()
    made = streams[0] if streams else _Stream()
    width, height = trial.size
    if made.nb_read_frames != str(FRAMES):
        return f"of {FRAMES} frames that it was given, {made.nb_read_frames} can be decoded afterwards"
    if (made.width, made.height) != (width, height):
        return f"it makes pictures of {width}×{height} into {made.width}×{made.height}"
    if ("10" in made.pix_fmt) is not trial.deep:
        return f"it makes {made.pix_fmt} where {bits(trial.deep)} bits are asked for"
    return None


def _said(stderr: str) -> str:
    if (complaint := _COMPLAINT.search(stderr)) is not None:
        return complaint[1].strip()
    lines = [line for line in stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it does not say why"


def problem(proofs: Sequence[Proof]) -> str | None:
    """Why nothing can be encoded on a device of which all this was tried; None where something can. The best backend
    is spoken of, which is tried first: that others lack their drivers helps nobody."""
    tried = [proof for proof in proofs if proof.ability.skill is Skill.ENCODE]
    if not tried:
        return "ffmpeg has no encoder for its driver"
    if any(proof.works for proof in tried):
        return None
    best = tried[0].ability.backend
    told = [proof.problem for proof in tried if proof.ability.backend is best and proof.problem != UNSUPPORTED]
    return told[0] if told else "it has no encoder that ffmpeg can use"
