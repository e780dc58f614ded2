"""Whose fault a failed attempt was, and what follows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mkv2castd.device import Backend, Gpu, Vendor
from mkv2castd.encoder.setbacks import Next, after_failure, on_device
from mkv2castd.encoder.targets import ON_CPU, Means
from mkv2castd.errors import DeviceError, ErrorCode, MediaError, Mkv2castdError
from mkv2castd.model import Attempt, Outcome

GPU = Gpu("pci-0000_03_00_0", "a card", Vendor.INTEL, driver="i915", node=Path("/dev/dri/renderD128"))
BOTH = Means(Backend.VAAPI, GPU, decode=True)
ENCODE = Means(Backend.VAAPI, GPU)

# What ffmpeg said, as it was seen on stderr.
VANISHED = (
    "[h264_vaapi @ 0x55] Failed to end picture encode issue: 24 (internal encoding error).\n"
    "Video encoding failed: Input/output error\n"
)
NOT_OPENED = (
    "[AVHWDeviceContext @ 0x5] Failed to initialise VAAPI connection: 1 (operation failed).\n"
    "Device creation failed: -5.\n"
)
FULL = "[h264_vaapi @ 0x5] Failed to create encode pipeline context: 34 (HW busy now).\n"
NO_PROFILE = "[hevc_vaapi @ 0x5] No usable encoding profile found.\n"
NO_SETUP = "[hevc @ 0x5] Failed setup for format vaapi: hwaccel initialisation returned error.\n"
CUT = "/films/film.mkv: Invalid data found when processing input\n"
ODD = "[h264_vaapi @ 0x5] Something that nobody has seen before\n"


def ffmpeg(stderr: str) -> DeviceError:
    return DeviceError(ErrorCode.FFMPEG_ERROR, "FFmpeg process exited with code 1", stderr, 1)


def broken(stderr: str = CUT) -> MediaError:
    return MediaError(ErrorCode.SOURCE_UNREADABLE, "damaged", stderr)


STALLED = DeviceError(ErrorCode.STALLED, "no progress", ODD)
REFUTED = DeviceError(ErrorCode.VERIFY_FAILED, "the output has half the frames")
UNFIT = DeviceError(ErrorCode.UNSUPPORTED_MEDIA, "not on this device: too small")

# (error, means, further rungs on the device, encodes beside it, what follows, whether the device has failed)
ROWS: list[tuple[Mkv2castdError, Means, bool, int, Next, bool]] = [
    # lost: with the decoder under suspicion first, then alone
    (ffmpeg(VANISHED), BOTH, True, 0, Next.STEP, False),
    (ffmpeg(VANISHED), ENCODE, False, 0, Next.ELSEWHERE, True),
    (ffmpeg(NOT_OPENED), BOTH, True, 0, Next.ELSEWHERE, True),
    (STALLED, BOTH, True, 1, Next.ELSEWHERE, True),
    (STALLED, ENCODE, False, 0, Next.ELSEWHERE, True),
    # full: of our own encodes it is told to wait; of somebody else's it is left
    (ffmpeg(FULL), BOTH, True, 2, Next.AGAIN, False),
    (ffmpeg(FULL), ENCODE, False, 1, Next.AGAIN, False),
    (ffmpeg(FULL), ENCODE, False, 0, Next.ELSEWHERE, True),
    # unsupported: nobody's fault
    (ffmpeg(NO_SETUP), BOTH, True, 0, Next.STEP, False),
    (ffmpeg(NO_PROFILE), ENCODE, False, 0, Next.ELSEWHERE, False),
    # unknown, and an output that is wrong: decoding is left out first, then it is the device
    (ffmpeg(ODD), BOTH, True, 0, Next.STEP, False),
    (ffmpeg(ODD), ENCODE, False, 0, Next.ELSEWHERE, True),
    (REFUTED, BOTH, True, 0, Next.STEP, False),
    (REFUTED, ENCODE, False, 0, Next.ELSEWHERE, True),
    # a broken film, as far as the device's decoder says
    (broken(), BOTH, True, 0, Next.STEP, False),
    # the encoder failed, whatever the last line says
    (broken(VANISHED + CUT), ENCODE, False, 0, Next.ELSEWHERE, True),
]


@pytest.mark.parametrize(("error", "means", "further", "beside", "follows", "own"), ROWS)
def test_what_follows_a_failure_with_a_device(
    error: Mkv2castdError, means: Means, further: bool, beside: int, follows: Next, own: bool
) -> None:
    setback = on_device(error, means, last=not further, beside=beside)
    assert setback is not None
    assert (setback.next, setback.own) == (follows, own)


@pytest.mark.parametrize(
    ("error", "means"),
    [
        # the processor, the disk, and a film that the processor could not decode either
        (ffmpeg(ODD), ON_CPU),
        (STALLED, ON_CPU),
        (DeviceError(ErrorCode.NO_SPACE, "full", VANISHED), ENCODE),
        (MediaError(ErrorCode.SOURCE_CHANGED, "changed"), BOTH),
        (MediaError(ErrorCode.INTERNAL_ERROR, "a mistake"), BOTH),
        (broken(), ENCODE),
    ],
)
def test_what_is_not_about_the_device_is_decided_without_it(error: Mkv2castdError, means: Means) -> None:
    assert on_device(error, means, last=not means.decode, beside=0) is None


def test_what_fails_before_the_encoding_begins_is_no_devices_fault() -> None:
    assert on_device(STALLED, BOTH, last=False, beside=0, encoding=False) is None
    assert on_device(broken(), BOTH, last=False, beside=0, encoding=False) is None
    setback = on_device(UNFIT, BOTH, last=False, beside=0, encoding=False)
    assert setback is not None
    assert (setback.next, setback.own) == (Next.ELSEWHERE, False)


def test_the_record_says_what_the_device_did_not_what_ffmpeg_exited_with() -> None:
    setback = on_device(ffmpeg(VANISHED), ENCODE, last=True, beside=0)
    assert setback is not None
    assert isinstance(setback.error, DeviceError)
    assert (setback.error.code, setback.error.exit_code) == (ErrorCode.DEVICE_LOST, 1)
    assert "dmesg" in setback.error.message
    assert setback.error.details == VANISHED


FAILED = Attempt(1, "cpu", 0.0, Outcome.FAILED)


@pytest.mark.parametrize(
    ("failed", "retries", "expected"),
    [
        (1, 2, Next.RETRY),
        (2, 2, Next.RETRY),
        (3, 2, Next.FAIL),
        (1, 0, Next.FAIL),
        # after a retry that a person asked for, a new round begins
        (4, 2, Next.RETRY),
        (6, 2, Next.FAIL),
    ],
)
def test_a_fault_that_is_not_the_films_is_tried_again_as_often_as_configured(
    failed: int, retries: int, expected: Next
) -> None:
    error = DeviceError(ErrorCode.FFMPEG_ERROR, "no")
    attempts = [replace(FAILED, outcome=Outcome.INTERRUPTED)]
    attempts += [replace(FAILED, number=number + 2) for number in range(failed)]
    assert after_failure(error, attempts, retries) is expected


def test_what_devices_spoilt_does_not_count_against_the_job() -> None:
    spoilt = [replace(FAILED, number=number, device=GPU.id, spared=True) for number in range(1, 6)]
    error = DeviceError(ErrorCode.FFMPEG_ERROR, "no")
    assert after_failure(error, [*spoilt, replace(FAILED, number=6)], 1) is Next.RETRY
    assert after_failure(error, [*spoilt, replace(FAILED, number=6), replace(FAILED, number=7)], 1) is Next.FAIL


def test_a_fault_of_the_film_is_final() -> None:
    assert after_failure(broken(), [FAILED], 5) is Next.FAIL
