"""Tries what devices can do: those of one device one after another, all devices at the same time.

Each trial is a child of its own that is stopped when it takes too long, and given up when even that does not help: a
driver may hold a process in the kernel, where no signal reaches it. Neither holds up the other devices or the caller.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from mkv2castd.device import Backend, Device, Gpu, Proof
from mkv2castd.encoder import proof_cache
from mkv2castd.encoder.backends import GPU_ENCODERS
from mkv2castd.encoder.child import STOP_SECONDS
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.process import Captured, capture
from mkv2castd.encoder.proof_cache import Answers
from mkv2castd.encoder.proofs import Sample, Trial, trials
from mkv2castd.encoder.tools import UNASKED, Tools
from mkv2castd.encoder.verdicts import Outcome, Verdict, counting, problem, read
from mkv2castd.errors import DeviceError, ErrorCode
from mkv2castd.threads import in_thread

# A card that sleeps, or an NVIDIA one whose driver is not kept loaded, needs some seconds for its first answer.
TRIAL_SECONDS = 20.0
# What the processor does before and after a trial, on a machine that is busy with other things.
_SOFTWARE_SECONDS = 60.0
# How long after it was killed a child is waited for.
_GRACE_SECONDS = 3.0


async def prove(
    gpus: Sequence[Gpu],
    *,
    cache: Path | None = None,
    rows: Sequence[VideoEncoder] = GPU_ENCODERS,
    tools: Tools = UNASKED,
    seconds: float = TRIAL_SECONDS,
    environment: Mapping[str, str] | None = None,
) -> tuple[Device, ...]:
    """Each of them with what it has proved, in their order. Devices with a problem of their own are not tried.

    tools: what this ffmpeg has; encoders that it lacks are not tried. cache: the file with answers that still hold,
    and that gets the new ones; None: everything is tried. seconds: for each trial. environment is added to ffmpeg's.
    Raises ConfigError where ffmpeg is not installed, DeviceError where not even its version can be had; a device's
    trouble is told in the device.
    """
    encoders = [row for row in rows if tools.has_encoder(row.name)]
    now = await proof_cache.circumstances() if cache is not None else []
    known = await in_thread(proof_cache.remembered, cache, now) if cache is not None else {}
    with tempfile.TemporaryDirectory(prefix="mkv2castd-proofs-", ignore_cleanup_errors=True) as folder:
        bench = _Bench(Path(folder), seconds, environment or {})
        async with asyncio.TaskGroup() as together:
            tasks = [
                together.create_task(_device(gpu, bench, proof_cache.answers(known, gpu), encoders)) for gpu in gpus
            ]
    results = [task.result() for task in tasks]
    if cache is not None:
        found = {device.gpu: answered for device, answered in results if device.proofs}
        await in_thread(proof_cache.remember, cache, now, found)
    return tuple(device for device, _ in results)


async def _device(
    gpu: Gpu, bench: _Bench, known: Answers, rows: Sequence[VideoEncoder]
) -> tuple[Device, dict[str, str | None]]:
    """The device, and those answers that will hold tomorrow."""
    if gpu.problem is not None:
        return Device(gpu, problem=gpu.problem), {}
    proofs: list[Proof] = []
    lasting: dict[str, str | None] = {}
    given_up: dict[Backend, str | None] = {}
    for trial in trials(gpu, rows):
        question, backend = trial.question, trial.ability.backend
        if backend in given_up:
            proofs.append(Proof(trial.ability, given_up[backend]))
        elif question in known:
            proofs.append(Proof(trial.ability, known[question]))
            lasting[question] = known[question]
        elif (verdict := await bench.verdict(gpu, trial)) is not None:
            proofs.append(verdict.proof)
            if verdict.hopeless:
                given_up[backend] = verdict.proof.problem
            if verdict.lasting:
                lasting[question] = verdict.proof.problem
    return Device(gpu, tuple(proofs), problem(proofs)), lasting


class _Bench:
    """Where trials are carried out: a folder, and in it the samples that decoders are proved on, each made when it is
    first needed."""

    def __init__(self, folder: Path, seconds: float, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._seconds = seconds
        self._environment = environment
        self._made: dict[str, bool] = {}
        self._making = asyncio.Lock()

    async def verdict(self, gpu: Gpu, trial: Trial) -> Verdict | None:
        """None where it cannot be tried, since this ffmpeg cannot make the sample for it."""
        if trial.sample is not None and not await self._has(trial.sample):
            return None
        folder = self._folder / gpu.id
        await in_thread(folder.mkdir, exist_ok=True)
        outcome = await self._outcome(trial, folder)
        await in_thread((folder / trial.name).unlink, missing_ok=True)
        return read(gpu, trial, outcome)

    async def _has(self, sample: Sample) -> bool:
        async with self._making:
            if sample.name not in self._made:
                self._made[sample.name] = await _in_software(sample.argv(self._folder)) is not None
            return self._made[sample.name]

    async def _outcome(self, trial: Trial, folder: Path) -> Outcome:
        argv = trial.argv(self._folder, folder)
        surroundings = {**self._environment, **trial.environment}
        try:
            ended = await _awaited(argv, self._seconds, surroundings)
        except DeviceError as error:
            exit_code = None if error.code is ErrorCode.STALLED else 1
            return Outcome(exit_code, error.message, self._seconds)
        if ended is None:
            return Outcome(None, "", self._seconds)
        told = await _in_software(counting(folder / trial.name)) if ended.exit_code == 0 else None
        return Outcome(ended.exit_code, ended.stderr_tail, self._seconds, told if told is not None else b"")


async def _awaited(argv: Sequence[str], seconds: float, environment: Mapping[str, str]) -> Captured | None:
    """As `capture`, but None where the child does not even end when it is killed: it is left to the kernel then."""
    running = asyncio.ensure_future(capture(argv, timeout=seconds, environment=environment))
    try:
        await asyncio.wait((running,), timeout=seconds + _GRACE_SECONDS)
        return running.result() if running.done() else None
    finally:
        if not running.done():
            running.cancel()
            await asyncio.wait((running,), timeout=STOP_SECONDS + _GRACE_SECONDS)


async def _in_software(argv: Sequence[str]) -> bytes | None:
    """What it printed; None where it failed."""
    try:
        ended = await capture(argv, timeout=_SOFTWARE_SECONDS)
    except DeviceError:
        return None
    return ended.stdout if ended.exit_code == 0 else None
