"""What has to be tried on a device before anything is believed of it, and what came of a trial.

A trial is one small real encode or decode. What it made is then decoded on the processor, and its frames are counted:
a driver that says nothing and writes nonsense has proved nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import msgspec

from mkv2castd.device import Ability, Gpu, Proof, Skill
from mkv2castd.encoder.backends import GPU_ENCODERS
from mkv2castd.encoder.device_faults import UNSUPPORTED, Cause, explain
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.levels import needed
from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.reach import Reach, reaches
from mkv2castd.encoder.targets import VideoTarget

FRAMES = 12
_RATE = Fraction(25)
# 1080 lines are no whole number of blocks, and some drivers leave the rest of the last row in the picture (Mesa's
# HEVC, AMD's AV1): what comes out is measured.
_SIZE = (1920, 1080)
# Decoders show what they have; these films are made on the processor first.
_SAMPLE_SIZE = (640, 360)
_HIGHEST_LEVEL = 1000
# -v verbose: without it VAAPI says nothing of why a device cannot be opened.
_FFMPEG = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-y", "-v", "verbose")
_COUNT = ("ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-of", "json")
_ENTRIES = ("-show_entries", "stream=width,height,pix_fmt,nb_read_frames")
# "[h264_vaapi @ 0x5556] Failed to …": who goes wrong first says best what it is; the last lines tell only that.
_COMPLAINT = re.compile(r"^\[[^\]]+ @ 0x[0-9a-f]+\] (.*(?:fail|error|cannot|unable|not supported).*)$", re.M | re.I)


def _picture(size: tuple[int, int]) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"testsrc2=size={size[0]}x{size[1]}:rate={_RATE}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A film for a decoder to prove itself on, made on the processor. encoder: what makes it, with its options."""

    codec: str
    deep: bool
    encoder: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.codec}-{10 if self.deep else 8}.mkv"

    def argv(self, folder: Path) -> tuple[str, ...]:
        form = "yuv420p10le" if self.deep else "yuv420p"
        made = ("-frames:v", str(FRAMES), "-pix_fmt", form, "-c:v", *self.encoder)
        return (*_FFMPEG, *_picture(_SAMPLE_SIZE), *made, str(folder / self.name))


# What cards decode and Debian's ffmpeg can encode, each in its quickest way.
SAMPLES = (
    Sample("h264", False, ("libx264", "-preset", "ultrafast")),
    Sample("hevc", False, ("libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")),
    Sample("hevc", True, ("libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")),
    Sample("vp9", False, ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")),
    Sample("vp9", True, ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-profile", "2")),
    Sample("av1", False, ("libsvtav1", "-preset", "12")),
    Sample("av1", True, ("libsvtav1", "-preset", "12")),
    Sample("mpeg2video", False, ("mpeg2video",)),
)


@dataclass(frozen=True, slots=True)
class Trial:
    """opening: ffmpeg's options before its input. sample: what is decoded; None: a test picture. making: from the
    input to the file that is looked at. environment is added to ffmpeg's."""

    ability: Ability
    opening: tuple[str, ...]
    making: tuple[str, ...]
    sample: Sample | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what has to come out."""
        return _SIZE if self.sample is None else _SAMPLE_SIZE

    @property
    def name(self) -> str:
        """Of the file that is made: one for each trial of a device."""
        ability = self.ability
        return f"{ability.backend}-{ability.skill}-{ability.codec}-{10 if ability.deep else 8}.mkv"

    def argv(self, samples: Path, folder: Path) -> tuple[str, ...]:
        """samples: the folder that they lie in; folder: where the file is made."""
        source = _picture(_SIZE) if self.sample is None else ("-i", str(samples / self.sample.name))
        return (*_FFMPEG, *self.opening, *source, *self.making, str(folder / self.name))

    @property
    def question(self) -> str:
        """What was asked, with all that the answer may depend on: equal questions to an unchanged device have equal
        answers."""
        surroundings = (f"{name}={value}" for name, value in sorted(self.environment.items()))
        return shlex.join((*surroundings, *self.argv(Path(), Path())))


def counting(file: Path) -> tuple[str, ...]:
    """The argv that looks at what a trial has made, on the processor."""
    return (*_COUNT, *_ENTRIES, str(file))


def trials(gpu: Gpu, rows: Sequence[VideoEncoder] = GPU_ENCODERS) -> tuple[Trial, ...]:
    """All that there is to prove of a device: what it encodes first, by each backend; empty where ffmpeg has none."""
    ways = reaches(gpu)
    return (
        *(trial for way in ways for row in rows if row.backend is way.backend for trial in _encodes(gpu, way, row)),
        *(_decode(gpu, way, sample) for way in ways if way.decode(gpu) for sample in SAMPLES),
    )


def _encodes(gpu: Gpu, way: Reach, row: VideoEncoder) -> Iterator[Trial]:
    for deep in (False, True) if row.deep_format is not None else (False,):
        width, height = _SIZE
        picture = VideoStream(index=0, codec=row.codec, width=width, height=height, frame_rate=_RATE)
        level = needed(picture, _HIGHEST_LEVEL, bitrate=None)
        target = VideoTarget(row.codec, width, height, level, deep=deep)
        filters = ",".join((f"format={row.format(target)}", *way.upload))
        options = (*row.options(target, _RATE, "fast"), *way.encoder_options(gpu))
        yield Trial(
            Ability(way.backend, Skill.ENCODE, row.codec, deep),
            way.options(gpu),
            ("-frames:v", str(FRAMES), "-vf", filters, "-c:v", row.name, *options),
            environment=MappingProxyType(dict(gpu.environment)),
        )


def _decode(gpu: Gpu, way: Reach, sample: Sample) -> Trial:
    """hwdownload takes frames of a device only: what was decoded on the processor after all fails there."""
    device, memory = ("p010le", "yuv420p10le") if sample.deep else ("nv12", "yuv420p")
    return Trial(
        Ability(way.backend, Skill.DECODE, sample.codec, sample.deep),
        (*way.options(gpu), *way.decode(gpu)),
        ("-vf", f"hwdownload,format={device},format={memory}", "-c:v", "ffv1"),
        sample,
        MappingProxyType(dict(gpu.environment)),
    )


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
        return Verdict(Proof(trial.ability, fault.problem), lasting, hopeless)
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
    (width, height), bits = trial.size, 10 if trial.ability.deep else 8
    if made.nb_read_frames != str(FRAMES):
        return f"of {FRAMES} frames that it was given, {made.nb_read_frames} can be decoded afterwards"
    if (made.width, made.height) != (width, height):
        return f"it makes pictures of {width}×{height} into {made.width}×{made.height}"
    if ("10" in made.pix_fmt) is not trial.ability.deep:
        return f"it makes {made.pix_fmt} where {bits} bits are asked for"
    return None


def _said(stderr: str) -> str:
    if (complaint := _COMPLAINT.search(stderr)) is not None:
        return complaint[1].strip()
    lines = [line for line in stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it does not say why"


def problem(proofs: Sequence[Proof]) -> str | None:
    """Why nothing can be encoded on a device of which all this was tried; None where something can."""
    tried = [proof for proof in proofs if proof.ability.skill is Skill.ENCODE]
    if not tried:
        return "ffmpeg has no encoder for its driver"
    if any(proof.works for proof in tried):
        return None
    told = dict.fromkeys(proof.problem for proof in tried if proof.problem is not None)
    telling = [one for one in told if one != UNSUPPORTED]
    return "; ".join(telling) if telling else "it has no encoder that ffmpeg can use"
