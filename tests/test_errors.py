"""The error tree and the table that maps every code to every surface."""

from __future__ import annotations

import re

import pytest

from mkv2castd.errors import (
    SURFACES,
    ConfigError,
    DeviceError,
    ErrorCode,
    MediaError,
    Mkv2castdError,
    RequestError,
    Surface,
)

# interfaces: "Exit codes of both", "D-Bus: Errors", "Job: Error codes"
EXIT_CODES = {1, 2, 3, 4, 5}
DBUS_NAMES = {
    *("NoSuchJob", "NoSuchFolder", "NoSuchDevice", "InvalidState", "InvalidPath", "InvalidArgument"),
    *("NotAuthorized", "Failed"),
}
JOB_CODES = [
    "source_unreadable",
    "source_changed",
    "unsupported_media",
    "ffmpeg_error",
    "stalled",
    "no_space",
    "device_lost",
    "verify_failed",
    "output_exists",
    "cancelled",
    "internal_error",
]


def test_every_code_has_its_surface_and_nothing_else_has() -> None:
    assert set(SURFACES) == set(ErrorCode)


@pytest.mark.parametrize("code", ErrorCode)
def test_a_surface_uses_only_what_is_promised(code: ErrorCode) -> None:
    surface = SURFACES[code]
    assert 400 <= surface.http <= 599
    assert surface.exit in EXIT_CODES
    assert surface.dbus in DBUS_NAMES


def test_every_dbus_error_can_be_reached() -> None:
    assert {surface.dbus for surface in SURFACES.values()} == DBUS_NAMES


def test_the_codes_of_a_job_are_those_of_the_wire() -> None:
    assert [code.value for code in ErrorCode][: len(JOB_CODES)] == JOB_CODES


@pytest.mark.parametrize(
    ("code", "http", "exit_code"),
    [
        (ErrorCode.NO_SUCH_JOB, 404, 4),
        (ErrorCode.NO_SUCH_FOLDER, 404, 4),
        (ErrorCode.NO_SUCH_DEVICE, 404, 4),
        (ErrorCode.NOT_AUTHORIZED, 403, 5),
        (ErrorCode.INVALID_REQUEST, 400, 2),
        (ErrorCode.INVALID_STATE, 409, 1),
        (ErrorCode.INVALID_CONFIG, 500, 2),
    ],
)
def test_callers_can_tell_their_mistakes_apart(code: ErrorCode, http: int, exit_code: int) -> None:
    assert (SURFACES[code].http, SURFACES[code].exit) == (http, exit_code)


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        SURFACES[ErrorCode.STALLED] = Surface(200, 0, "Fine")  # type: ignore[index]


def test_the_four_errors_are_one_family() -> None:
    for kind in (ConfigError, RequestError, MediaError, DeviceError):
        assert issubclass(kind, Mkv2castdError)
        assert [
            other for other in (ConfigError, RequestError, MediaError, DeviceError) if issubclass(kind, other)
        ] == [kind]


def test_an_error_reads_as_its_message_and_carries_the_rest() -> None:
    error = DeviceError(ErrorCode.FFMPEG_ERROR, "ffmpeg failed", "the end of stderr", exit_code=187)
    assert str(error) == error.message == "ffmpeg failed"
    assert (error.code, error.details, error.exit_code) == (ErrorCode.FFMPEG_ERROR, "the end of stderr", 187)
    assert MediaError(ErrorCode.UNSUPPORTED_MEDIA, "no").details is None
    assert ConfigError("no").code is ErrorCode.INVALID_CONFIG


def test_the_drawn_tree_names_every_error() -> None:
    from mkv2castd import errors

    drawn = set(re.findall(r"\w+Error\b", errors.__doc__ or ""))
    assert drawn == {"Mkv2castdError", "ConfigError", "RequestError", "MediaError", "DeviceError"}
    classes = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert classes == drawn
