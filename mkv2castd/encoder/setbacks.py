"""What follows a failed attempt: the next rung of its job's ladder, its queue again, or the end of the job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from mkv2castd.encoder.device_faults import Cause, explain
from mkv2castd.encoder.targets import Means
from mkv2castd.errors import DeviceError, ErrorCode, MediaError, Mkv2castdError
from mkv2castd.model import Attempt, Outcome

# What no other device would do better: the disk and the film's own place.
_OF_THE_SURROUNDINGS = frozenset({ErrorCode.NO_SPACE, ErrorCode.SOURCE_CHANGED, ErrorCode.OUTPUT_EXISTS})
_OF_THE_PICTURE = frozenset({ErrorCode.SOURCE_UNREADABLE, ErrorCode.UNSUPPORTED_MEDIA})


class Next(Enum):
    """STEP: the next rung on the same device. ELSEWHERE: another device, in the end the processor. AGAIN: the same
    device, once it has less to do. RETRY: the queue once more, on whatever device. FAIL: the job has failed."""

    STEP = "step"
    ELSEWHERE = "elsewhere"
    AGAIN = "again"
    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Setback:
    """error: what is written down of the attempt. own: the device failed for a reason of its own."""

    next: Next
    error: Mkv2castdError
    own: bool = False


def on_device(
    error: Mkv2castdError, means: Means, *, last: bool, beside: int, encoding: bool = True
) -> Setback | None:
    """What follows when an attempt with a GPU has failed; None: it was not about the device, and `after_failure`
    decides. last: no further rung stands on this device. beside: how many other encodes of ours run on it. encoding:
    the encoding itself had begun; what is done before touches no device.

    A rung that decodes on the device is left without a verdict on film or device: the next one tells whose fault it
    was. Only then is a film believed to be broken.
    """
    if means.gpu is None or error.code in _OF_THE_SURROUNDINGS or _is_internal(error):
        return None
    if not encoding:
        return Setback(Next.ELSEWHERE, error) if _is_unfit(error) else None
    fault = explain(means.gpu, means.backend, error.details) if error.details is not None else None
    further = Next.STEP if means.decode and not last else Next.ELSEWHERE
    if fault is not None and fault.cause is Cause.BUSY:
        return Setback(Next.AGAIN if beside else Next.ELSEWHERE, _told(error, fault.problem), own=not beside)
    if fault is not None and fault.cause in (Cause.LOST, Cause.UNREACHABLE):
        lost = _told(error, fault.problem, ErrorCode.DEVICE_LOST)
        own = further is Next.ELSEWHERE or fault.cause is Cause.UNREACHABLE
        return Setback(Next.ELSEWHERE if own else further, lost, own=own)
    if fault is not None:
        return Setback(further, _told(error, fault.problem))
    if isinstance(error, MediaError):
        if error.code in _OF_THE_PICTURE and means.decode:
            return Setback(further, error)
        return None
    if error.code is ErrorCode.STALLED:
        return Setback(Next.ELSEWHERE, error, own=True)
    return Setback(further, error, own=further is Next.ELSEWHERE)


def _is_unfit(error: Mkv2castdError) -> bool:
    """The device is known to be unable, without a try (obstacles.py)."""
    return isinstance(error, DeviceError) and error.code is ErrorCode.UNSUPPORTED_MEDIA


def _is_internal(error: Mkv2castdError) -> bool:
    return isinstance(error, MediaError) and error.code is ErrorCode.INTERNAL_ERROR


def _told(error: Mkv2castdError, problem: str, code: ErrorCode | None = None) -> DeviceError:
    exit_code = error.exit_code if isinstance(error, DeviceError) else None
    return DeviceError(code if code is not None else ErrorCode.FFMPEG_ERROR, problem, error.details, exit_code)


def after_failure(error: Mkv2castdError, attempts: Sequence[Attempt], retries: int) -> Next:
    """RETRY or FAIL: a fault of the film is final at once; anything else is tried `retries` times more.

    `attempts` holds all attempts of the job, the one that has just failed included; those that a device spoilt do
    not count. A retry that a person asked for begins a new round of the same length.
    """
    if not isinstance(error, DeviceError):
        return Next.FAIL
    failed = sum(attempt.outcome is Outcome.FAILED and not attempt.spared for attempt in attempts)
    return Next.FAIL if failed % (retries + 1) == 0 else Next.RETRY
