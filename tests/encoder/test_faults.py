"""Whose fault it was, told from what ffmpeg really prints."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mkv2castd.encoder.faults import classify
from mkv2castd.errors import DeviceError, ErrorCode, MediaError


@pytest.mark.parametrize(
    ("stderr", "kind", "code"),
    [
        ("av_interleaved_write_frame(): No space left on device", DeviceError, ErrorCode.NO_SPACE),
        ("[matroska] EBML header parsing failed", MediaError, ErrorCode.SOURCE_UNREADABLE),
        (
            "[mov] moov atom not found\nfile:x.mp4: Invalid data found when processing input",
            MediaError,
            ErrorCode.SOURCE_UNREADABLE,
        ),
        (
            "Error while decoding stream #0:0: Invalid data found when processing input\n"
            "    Last message repeated 2 times\n",
            MediaError,
            ErrorCode.SOURCE_UNREADABLE,
        ),
        (
            "[vp9 @ 0x55aabd249740] Not all references are available\n"
            "Cannot determine format of input stream 0:0 after EOF\nError marking filters as finished\n",
            MediaError,
            ErrorCode.SOURCE_UNREADABLE,
        ),
        (
            "[ac3 @ 0x56472c31f340] Sample rate 0 invalid\nError while processing the decoded data for stream #0:1\n",
            MediaError,
            ErrorCode.SOURCE_UNREADABLE,
        ),
        ("Decoder (codec vvc) not found for input stream #0:0", MediaError, ErrorCode.UNSUPPORTED_MEDIA),
        ("file:x.mkv: Input/output error", DeviceError, ErrorCode.FFMPEG_ERROR),
        ("something nobody has seen before", DeviceError, ErrorCode.FFMPEG_ERROR),
        ("", DeviceError, ErrorCode.FFMPEG_ERROR),
    ],
)
def test_the_table_tells_film_from_surroundings(stderr: str, kind: type, code: ErrorCode) -> None:
    error = classify(1, stderr)
    assert type(error) is kind
    assert error.code is code
    assert error.details == stderr


def test_exit_code_and_signal_are_named() -> None:
    assert classify(1, "x").message == "FFmpeg process exited with code 1"
    killed = classify(-9, "x")
    assert killed.message == "FFmpeg process was ended by signal 9"
    assert isinstance(killed, DeviceError)
    assert killed.exit_code == -9


def test_an_ffmpeg_that_gave_up_decoding_blames_the_film() -> None:
    error = classify(69, "[vist#0:0/vp8 @ 0x1] Decode error rate 1 exceeds maximum 0.666667")
    assert type(error) is MediaError
    assert error.code is ErrorCode.SOURCE_UNREADABLE


def test_real_ffmpeg_on_random_bytes_blames_the_film(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(range(256)) * 64)
    ended = subprocess.run(
        ["ffmpeg", "-v", "warning", "-nostdin", "-i", film, "-f", "null", "-"],
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert isinstance(classify(ended.returncode, ended.stderr), MediaError)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_real_ffmpeg_on_a_full_disk_blames_the_disk() -> None:
    ended = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "warning",
            "-nostdin",
            "-y",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=d=1",
            "-f",
            "rawvideo",
            "/dev/full",
        ],
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert ended.returncode != 0
    assert classify(ended.returncode, ended.stderr).code is ErrorCode.NO_SPACE
