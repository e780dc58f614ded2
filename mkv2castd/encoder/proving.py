"""Tries what devices can do: those of one device one after another, all devices at the same time.

Each trial is a child of its own that is stopped when it takes too long, and given up when even that does not help: a
driver may hold a process in the kernel, where no signal reaches it. Neither holds up the other devices or the caller.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from mkv2castd.device import Backend, Device, Gpu, Proof, Skill
from mkv2castd.encoder import proof_cache
from mkv2castd.encoder.backends import GPU_ENCODERS
from mkv2castd.encoder.child import STOP_SECONDS
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.process import Captured, capture
from mkv2castd.encoder.proof_cache import Answers
from mkv2castd.encoder.proofs import Sample, Trial, held_up, trials
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
    anew: bool = False,
) -> tuple[Device, ...]:
    """Each of them with what it has proved, in their order. Devices with a problem of their own are not tried.

    tools: what this ffmpeg has; encoders that it lacks are not tried. cache: the file with answers that still hold,
    and that gets the new ones; None: everything is tried. seconds: for each trial. environment is added to ffmpeg's.
    anew: no answer of the cache is believed.
    Raises ConfigError where ffmpeg is not installed, DeviceError where not even its version can be had; a device's
    trouble is told in the device.
    """
    encoders = [row for row in rows if tools.has_encoder(row.name)]
    now = await proof_cache.circumstances() if cache is not None else []
    known = await in_thread(proof_cache.remembered, cache, now) if cache is not None and not anew else {}
    with tempfile.TemporaryDirectory(prefix="mkv2castd-proofs-", ignore_cleanup_errors=True) as folder:
        bench = _Bench(Path(folder), seconds, environment or {})
        examinations = [_Examination(gpu, bench, proof_cache.answers(known, gpu), encoders) for gpu in gpus]
        async with asyncio.TaskGroup() as together:
            tasks = [together.create_task(each.device()) for each in examinations]
    devices = tuple(task.result() for task in tasks)
    if cache is not None:
        several = zip(devices, examinations, strict=True)
        found = {device.gpu: examined.lasting for device, examined in several if device.proofs}
        await in_thread(proof_cache.remember, cache, now, found)
    return devices


class _Examination:
    """The trials of one device. lasting: those of its answers that will hold tomorrow."""

    def __init__(self, gpu: Gpu, bench: _Bench, known: Answers, rows: Sequence[VideoEncoder]) -> None:
        self._gpu = gpu
        self._bench = bench
        self._known = known
        self._trials = trials(gpu, rows) if gpu.problem is None else ()
        self.lasting: dict[str, str | None] = {}

    async def device(self) -> Device:
        if self._gpu.problem is not None:
            return Device(self._gpu, problem=self._gpu.problem)
        proofs = await self._proofs()
        return Device(self._gpu, tuple(proofs), problem(proofs), await self._slots(proofs))

    async def _proofs(self) -> list[Proof]:
        proofs: list[Proof] = []
        given_up: dict[Backend, str | None] = {}
        for trial in self._trials:
            question, backend = trial.question, trial.ability.backend
            if backend in given_up:
                proofs.append(Proof(trial.ability, given_up[backend]))
            elif question in self._known:
                proofs.append(Proof(trial.ability, self._known[question]))
                self.lasting[question] = self._known[question]
            elif (verdict := await self._bench.verdict(self._gpu, trial)) is not None:
                proofs.append(verdict.proof)
                if verdict.hopeless:
                    given_up[backend] = verdict.proof.problem
                if verdict.lasting:
                    self.lasting[question] = verdict.proof.problem
        return proofs

    async def _slots(self, proofs: Sequence[Proof]) -> int:
        """How many encodes the device has done at once: two are tried with the first that it does at all."""
        worked = {proof.ability for proof in proofs if proof.works and proof.ability.skill is Skill.ENCODE}
        encode = next((trial for trial in self._trials if trial.ability in worked), None)
        if encode is None:
            return 1
        pair = held_up(encode)
        if pair.question not in self._known:
            refusal, lasting = await self._at_once(pair)
            if lasting:
                self.lasting[pair.question] = refusal
        else:
            refusal = self.lasting[pair.question] = self._known[pair.question]
        return 2 if refusal is None else 1

    async def _at_once(self, pair: Trial) -> tuple[str | None, bool]:
        """Why two of it did not work, None: they did; and whether that will hold tomorrow."""
        async with asyncio.TaskGroup() as together:
            both = [together.create_task(self._bench.verdict(self._gpu, pair, place)) for place in ("one", "other")]
        verdicts = [verdict for verdict in (task.result() for task in both) if verdict is not None]
        refusals = [verdict.proof.problem for verdict in verdicts if not verdict.proof.works]
        return next(iter(refusals), None), all(verdict.lasting for verdict in verdicts)


class _Bench:
    """Where trials are carried out: a folder, and in it the samples that decoders are proved on, each made when it is
    first needed."""

    def __init__(self, folder: Path, seconds: float, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._seconds = seconds
        self._environment = environment
        self._made: dict[str, bool] = {}
        self._making = asyncio.Lock()

    async def verdict(self, gpu: Gpu, trial: Trial, place: str = "one") -> Verdict | None:
        """None where it cannot be tried, since this ffmpeg cannot make the sample for it. place: a name of its own
        for each trial that is made on the device at the same time."""
        if trial.sample is not None and not await self._has(trial.sample):
            return None
        folder = self._folder / gpu.id / place
        await in_thread(folder.mkdir, parents=True, exist_ok=True)
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
