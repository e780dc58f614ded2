"""Converts one film on a device as the daemon would, and compares what comes out with the film."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from mkv2castd.device import Device
from mkv2castd.encoder.attempt import Handle, Task, attempt
from mkv2castd.encoder.command import convert_argv
from mkv2castd.encoder.groundwork import groundwork
from mkv2castd.encoder.ladder import lacks, rungs
from mkv2castd.encoder.output import Commit
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.process import Captured, capture
from mkv2castd.encoder.survey import examine
from mkv2castd.encoder.targets import ON_CPU, Means
from mkv2castd.encoder.tools import Tools
from mkv2castd.encoder.workload import shape_of
from mkv2castd.errors import DeviceError, ErrorCode, Mkv2castdError
from mkv2castd.model import Identity
from tests.gpu.cases import Case
from tests.gpu.films import FILMS, SIZE, subtitle

_PATIENCE_SECONDS = 1800.0
# How much worse than the processor's a picture may be before it is taken for another one, in dB.
_OTHER_PICTURE = 10.0
_COMPARED = (
    "[0:v:0]settb=AVTB,setpts=PTS-STARTPTS,split[a][b];[1:v:0]settb=AVTB,setpts=PTS-STARTPTS,split[c][d];"
    "[a][c]psnr=shortest=1;[b][d]ssim=shortest=1"
)
_PSNR = re.compile(r"PSNR .*average:(\S+)")
_SSIM = re.compile(r"SSIM .*All:(\S+)")


@dataclass(frozen=True, slots=True)
class Made:
    """speed: seconds of film a second of ffmpeg's work. kbps: of the whole file. psnr in dB, ssim up to 1: against
    the film's own pictures after the same filters in memory."""

    speed: float
    kbps: float
    psnr: float
    ssim: float


@dataclass(frozen=True, slots=True)
class Failed:
    """details: the end of ffmpeg's stderr, where it said anything."""

    what: str
    details: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """A film with what is done to it."""

    case: Case
    path: Path
    decision: Plan


class NoJournal:
    """Nobody finishes what a self-test has begun."""

    async def begin(self, commit: Commit) -> None:
        pass


class Studio:
    """Where films are made and converted: a folder that is thrown away afterwards. Films, the processor's results and
    what is compared with are made once. environment is added to ffmpeg's."""

    def __init__(
        self,
        folder: Path,
        tools: Tools,
        *,
        seconds: float,
        size: tuple[int, int] = SIZE,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.size = size
        self._folder = folder
        self._tools = tools
        self._seconds = seconds
        self._environment = environment if environment is not None else {}
        self._by_processor: dict[tuple[str, str, bool], Made | Failed] = {}
        self._references: dict[tuple[str, str, bool], Path] = {}
        self._numbers = itertools.count()

    async def ready(self, case: Case, device: Device, *, alone: bool) -> tuple[Ready, tuple[Means, ...]] | Failed:
        """The film, and with which means the device converts it, into the first container for which it does; Failed,
        with the reason, where it does not. alone: as for `rungs`.

        Raises DeviceError and MediaError where the film cannot be made, or not be converted by anything here.
        """
        path = await self._film(case.film)
        reason = ""
        for settings in case.wishes:
            decision = plan(await examine(path, settings=settings), settings, self._tools)
            assert isinstance(decision, Plan), decision
            shape = shape_of(decision)
            assert shape is not None, "each of the films has to be encoded"
            if found := rungs(shape, device, alone=alone):
                return Ready(case, path, decision), found
            reason = reason or str(lacks(shape, device, alone=alone))
        return Failed(reason)

    async def by_processor(self, ready: Ready) -> Made | Failed:
        key = _key(ready)
        if key not in self._by_processor:
            self._by_processor[key] = await self.convert(ready, ON_CPU)
        return self._by_processor[key]

    async def convert(self, ready: Ready, means: Means) -> Made | Failed:
        """On a device, what does not resemble the film at all counts as failed, too."""
        place = self._folder / f"made-{next(self._numbers)}"
        task = Task(
            job_id=uuid4(),
            source=ready.path,
            identity=Identity.of(ready.path.stat()),
            settings=ready.decision.settings,
            target=place / f"film.{ready.decision.container.value}",
            environment=self._environment,
            tools=self._tools,
            means=means,
        )
        try:
            done = await attempt(task, NoJournal(), lambda progress: None, Handle())
            assert done.seconds is not None, "it was encoded just now"
            made = await self._measured(ready, task.target, done.seconds)
        except Mkv2castdError as error:
            return Failed(error.message, error.details or "")
        finally:
            task.target.unlink(missing_ok=True)
        if means is ON_CPU:
            return made
        ours = await self.by_processor(ready)
        return judged(made, ours) if ready.case.comparable and isinstance(ours, Made) else made

    async def _measured(self, ready: Ready, made: Path, seconds: float) -> Made:
        length = ready.decision.duration if ready.decision.duration is not None else self._seconds
        reference = await self._reference(ready)
        inputs = ("-i", f"file:{made}", "-i", f"file:{reference}")
        told = await self._ffmpeg("-v", "info", *inputs, "-lavfi", _COMPARED, "-f", "null", "-")
        psnr, ssim = _PSNR.search(told.stderr_tail), _SSIM.search(told.stderr_tail)
        if psnr is None or ssim is None:
            raise DeviceError(ErrorCode.VERIFY_FAILED, "it cannot be compared with the film", told.stderr_tail)
        kbps = made.stat().st_size * 8 / 1000 / length
        return Made(length / max(seconds, 0.001), kbps, float(psnr[1]), float(ssim[1]))

    async def _reference(self, ready: Ready) -> Path:
        """The film's pictures as an encoder on the processor gets them, without loss."""
        key = _key(ready)
        if key not in self._references:
            place = self._folder / f"reference-{next(self._numbers)}.mkv"
            async with groundwork(ready.decision, ready.path, place, self._run) as laid:
                argv = convert_argv(ready.decision, ready.path, place, "self-test", laid)
                await self._run(_without_loss(argv, place))
            self._references[key] = place
        return self._references[key]

    async def _film(self, name: str) -> Path:
        path = self._folder / f"{name}.mkv"
        if not path.exists():
            text = self._folder / "text.srt"
            text.write_text(subtitle(self._seconds), encoding="utf-8")
            fresh = self._folder / f"new-{name}"
            await self._run(FILMS[name].argv(fresh, text, self.size, self._seconds))
            fresh.rename(path)
        return path

    async def _ffmpeg(self, *options: str) -> Captured:
        argv = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats", *options)
        return await capture(argv, timeout=_PATIENCE_SECONDS)

    async def _run(self, argv: Sequence[str]) -> str:
        ended = await capture(argv, timeout=_PATIENCE_SECONDS)
        if ended.exit_code != 0:
            raise DeviceError(ErrorCode.FFMPEG_ERROR, "ffmpeg failed on the processor", ended.stderr_tail)
        return ended.stderr_tail


def judged(made: Made, ours: Made) -> Made | Failed:
    """What decodes well may still be green, torn or out of order. ours: the processor's."""
    if made.psnr < ours.psnr - _OTHER_PICTURE:
        told = f"PSNR {made.psnr:.1f} dB, and {ours.psnr:.1f} dB where the processor encodes it"
        return Failed(f"the picture is not that of the film: {told}")
    return made


def _key(ready: Ready) -> tuple[str, str, bool]:
    return ready.case.film, ready.case.codec, ready.case.deep


def _without_loss(argv: Sequence[str], target: Path) -> list[str]:
    """The same command as far as its input, and its filters; then a lossless encoder."""
    head = list(argv[: argv.index("-i") + 2])
    if "-filter_complex" in argv:
        graph = argv[argv.index("-filter_complex") + 1]
        head += ["-filter_complex", graph, "-map", "[picture]"]
    else:
        head += ["-map", "0:v:0", "-filter:v", argv[argv.index("-filter:0") + 1]]
    return [*head, "-fps_mode", "vfr", "-c:v", "ffv1", "-f", "matroska", f"file:{target}"]


async def opened_with(device: Device, environment: Mapping[str, str]) -> str | None:
    """What ffmpeg tells of the libva driver by which it opens the device; None where that says nothing."""
    if device.gpu.node is None:
        return None
    argv = ("ffmpeg", "-hide_banner", "-nostdin", "-v", "verbose", "-init_hw_device", f"vaapi=gpu:{device.gpu.node}")
    silence = ("-f", "lavfi", "-i", "anullsrc=d=0.01", "-f", "null", "-")
    try:
        async with asyncio.timeout(30):
            told = await capture((*argv, *silence), timeout=20, environment=environment)
    except (Mkv2castdError, TimeoutError):
        return None
    found = re.search(r"VAAPI driver: (.+?)\.?$", told.stderr_tail, re.MULTILINE)
    return found[1] if found is not None else None
