"""What ends a command of mkv2castctl: a sentence for people and an exit code; the one table from D-Bus's errors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mkv2castd.api.bus_interface import DBUS, ERROR_PREFIX, BusError
from mkv2castd.errors import SURFACES, ErrorCode

FAILED = 1
USAGE = 2
UNREACHABLE = 3
NO_SUCH_JOB = SURFACES[ErrorCode.NO_SUCH_JOB].exit
NOT_ALLOWED = SURFACES[ErrorCode.NOT_AUTHORIZED].exit
INTERRUPTED = 130
_BUS = f"{DBUS}.Error."
HOW_TO_START = (
    "start it with `sudo systemctl start mkv2castd`, or for yourself alone with `mkv2castd run FOLDER`; "
    "why a service does not run is told by `systemctl status mkv2castd`"
)

EXITS: Mapping[str, int] = MappingProxyType(
    {
        # of several codes that have one name, the first
        **{ERROR_PREFIX + surface.dbus: surface.exit for surface in reversed(tuple(SURFACES.values()))},
        **dict.fromkeys(
            (f"{_BUS}ServiceUnknown", f"{_BUS}NameHasNoOwner", f"{_BUS}NoReply", f"{_BUS}Disconnected"), UNREACHABLE
        ),
        **dict.fromkeys(
            (f"{_BUS}NoServer", f"{_BUS}Timeout", f"{_BUS}TimedOut", f"{_BUS}LimitsExceeded"), UNREACHABLE
        ),
        **dict.fromkeys(
            (f"{_BUS}AccessDenied", f"{_BUS}AuthFailed", f"{_BUS}InteractiveAuthorizationRequired"), NOT_ALLOWED
        ),
        f"{_BUS}InvalidArgs": USAGE,
    }
)
_GONE = frozenset(f"{_BUS}{name}" for name in ("ServiceUnknown", "NameHasNoOwner", "Disconnected"))
_UNKNOWN = frozenset(
    f"{_BUS}Unknown{what}" for what in ("Method", "Object", "Interface", "Property")
)  # by a daemon of another version


class CtlError(Exception):
    """A command cannot be carried out. message: says what to do about it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


def complaint(error: BusError, called: str, leave: str | None) -> CtlError:
    """What the caller is told. called: what BusError.message begins with. leave: the polkit action that guards what
    was asked for; None: none does."""
    text = error.message.removeprefix(called)
    if error.name is None:
        return CtlError(text, UNREACHABLE)
    if error.name in _GONE:
        return CtlError(f"mkv2castd has left the bus: {HOW_TO_START}", UNREACHABLE)
    if error.name in _UNKNOWN:
        return CtlError(f"{text}: this mkv2castd is older than mkv2castctl; restart it", FAILED)
    code = EXITS.get(error.name, FAILED)
    if code == NOT_ALLOWED and leave is not None:
        text = f"{text}\n{_how_to_be_allowed(leave)}"
    return CtlError(text, code)


def _how_to_be_allowed(leave: str) -> str:
    return (
        f"It takes polkit's leave for {leave}, which root and the group mkv2cast have: "
        "`sudo usermod -aG mkv2cast $USER`, then log in again."
    )
