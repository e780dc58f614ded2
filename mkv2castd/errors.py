"""Four errors by who must act, and the one table that turns each into a code for every surface.

    Mkv2castdError
    ├── ConfigError    the admin: configuration, environment, state folder
    ├── RequestError   the caller: a verb that cannot be carried out
    ├── MediaError     this film: trying again would not help
    └── DeviceError    this try: an encoder, a disk or a hang; worth another attempt

Each carries a stable code, a sentence for people that says what to do, and `details`: the command and the end
of its stderr, or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class ErrorCode(StrEnum):
    """Every code on any wire. The first block is a job's (interfaces, "Job"), the second a request's."""

    SOURCE_UNREADABLE = "source_unreadable"
    SOURCE_CHANGED = "source_changed"
    UNSUPPORTED_MEDIA = "unsupported_media"
    FFMPEG_ERROR = "ffmpeg_error"
    STALLED = "stalled"
    NO_SPACE = "no_space"
    DEVICE_LOST = "device_lost"
    VERIFY_FAILED = "verify_failed"
    OUTPUT_EXISTS = "output_exists"
    CANCELLED = "cancelled"
    INTERNAL_ERROR = "internal_error"

    INVALID_REQUEST = "invalid_request"
    INVALID_ARGUMENT = "invalid_argument"
    INVALID_PATH = "invalid_path"
    INVALID_STATE = "invalid_state"
    NO_SUCH_JOB = "no_such_job"
    NO_SUCH_FOLDER = "no_such_folder"
    NO_SUCH_DEVICE = "no_such_device"
    NOT_AUTHORIZED = "not_authorized"
    INVALID_CONFIG = "invalid_config"


@dataclass(frozen=True, slots=True)
class Surface:
    """How one code looks outside: HTTP status, exit code of both commands, D-Bus error name's last part."""

    http: int
    exit: int
    dbus: str


_FAILED = Surface(500, 1, "Failed")
SURFACES: Mapping[ErrorCode, Surface] = MappingProxyType(
    {
        ErrorCode.SOURCE_UNREADABLE: Surface(422, 1, "Failed"),
        ErrorCode.SOURCE_CHANGED: Surface(409, 1, "Failed"),
        ErrorCode.UNSUPPORTED_MEDIA: Surface(422, 1, "Failed"),
        ErrorCode.FFMPEG_ERROR: _FAILED,
        ErrorCode.STALLED: _FAILED,
        ErrorCode.NO_SPACE: Surface(507, 1, "Failed"),
        ErrorCode.DEVICE_LOST: _FAILED,
        ErrorCode.VERIFY_FAILED: _FAILED,
        ErrorCode.OUTPUT_EXISTS: Surface(409, 1, "Failed"),
        ErrorCode.CANCELLED: Surface(409, 1, "Failed"),
        ErrorCode.INTERNAL_ERROR: _FAILED,
        ErrorCode.INVALID_REQUEST: Surface(400, 2, "InvalidArgument"),
        ErrorCode.INVALID_ARGUMENT: Surface(400, 2, "InvalidArgument"),
        ErrorCode.INVALID_PATH: Surface(400, 2, "InvalidPath"),
        ErrorCode.INVALID_STATE: Surface(409, 1, "InvalidState"),
        ErrorCode.NO_SUCH_JOB: Surface(404, 4, "NoSuchJob"),
        ErrorCode.NO_SUCH_FOLDER: Surface(404, 4, "NoSuchFolder"),
        ErrorCode.NO_SUCH_DEVICE: Surface(404, 4, "NoSuchDevice"),
        ErrorCode.NOT_AUTHORIZED: Surface(403, 5, "NotAuthorized"),
        ErrorCode.INVALID_CONFIG: Surface(500, 2, "Failed"),
    }
)


class Mkv2castdError(Exception):
    """Root of the tree; never raised itself."""

    def __init__(self, code: ErrorCode, message: str, details: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class ConfigError(Mkv2castdError):
    """The admin must act: names file and key, or the part of the environment, and what is allowed."""

    def __init__(self, message: str, details: str | None = None) -> None:
        super().__init__(ErrorCode.INVALID_CONFIG, message, details)


class RequestError(Mkv2castdError):
    """The caller asked for something that cannot be done as asked."""


class MediaError(Mkv2castdError):
    """This film cannot be converted; a retry would end the same way."""


class DeviceError(Mkv2castdError):
    """This attempt failed for reasons outside the film; another attempt may succeed."""

    def __init__(
        self, code: ErrorCode, message: str, details: str | None = None, exit_code: int | None = None
    ) -> None:
        super().__init__(code, message, details)
        self.exit_code = exit_code
