"""What ffmpeg's stderr says about whose fault a failure is: one table, read from top to bottom."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mkv2castd.errors import DeviceError, ErrorCode, MediaError, Mkv2castdError


@dataclass(frozen=True, slots=True)
class _Row:
    pattern: re.Pattern[str]
    code: ErrorCode
    message: str
    of_the_film: bool


def _row(pattern: str, code: ErrorCode, message: str, of_the_film: bool = False) -> _Row:
    return _Row(re.compile(pattern, re.IGNORECASE), code, message, of_the_film)


# Messages as ffmpeg 5.1 and 7.1 print them (libavutil/error.c, libavformat, fftools).
TABLE: tuple[_Row, ...] = (
    _row(
        "No space left on device|Disk quota exceeded",
        ErrorCode.NO_SPACE,
        "the disk filled up while encoding: make room, or set [queue] min_free_gib higher",
    ),
    _row(
        "Cannot allocate memory",
        ErrorCode.FFMPEG_ERROR,
        "ffmpeg ran out of memory: free some, or lower [devices] cpu_slots",
    ),
    _row(
        "moov atom not found|EBML header parsing failed"
        "|Invalid data found when processing input\\s*(Last message repeated \\d+ times\\s*)?$",
        ErrorCode.SOURCE_UNREADABLE,
        "the film cannot be read to its end: it is damaged or no film; copy it again from where it came",
        of_the_film=True,
    ),
    _row(
        "Decoder \\(codec .*\\) not found|Decoding requested, but no decoder found",
        ErrorCode.UNSUPPORTED_MEDIA,
        "this ffmpeg has no decoder for a stream of the film: install an ffmpeg that has it",
        of_the_film=True,
    ),
    _row(
        "Cannot determine format of input stream \\S+ after EOF|Sample rate \\d+ invalid",
        ErrorCode.SOURCE_UNREADABLE,
        "not one frame of a picture or sound track can be decoded: the film is damaged; copy it again from where it "
        "came",
        of_the_film=True,
    ),
    _row(
        "Input/output error|Stale file handle|Transport endpoint is not connected",
        ErrorCode.FFMPEG_ERROR,
        "the storage failed while the film was read or written: check disk, cable or network share",
    ),
)

# ffmpeg's exit code once more than two thirds of a stream could not be decoded (its option -max_error_rate).
_UNDECODABLE = 69


def classify(exit_code: int, stderr_tail: str) -> Mkv2castdError:
    """The error for an ffmpeg that ended with `exit_code` ≠ 0: MediaError where the film is to blame, else
    DeviceError. `details` is the end of its stderr."""
    for row in TABLE:
        if row.pattern.search(stderr_tail):
            if row.of_the_film:
                return MediaError(row.code, row.message, stderr_tail)
            return DeviceError(row.code, row.message, stderr_tail, exit_code)
    if exit_code == _UNDECODABLE:
        said = "most of a picture or sound track cannot be decoded: copy the film again from where it came"
        return MediaError(ErrorCode.SOURCE_UNREADABLE, said, stderr_tail)
    ended = f"was ended by signal {-exit_code}" if exit_code < 0 else f"exited with code {exit_code}"
    return DeviceError(ErrorCode.FFMPEG_ERROR, f"FFmpeg process {ended}", stderr_tail, exit_code)
