"""One method call → its reply. Whatever goes wrong, the caller gets an error with a sentence, never a traceback."""

from __future__ import annotations

from mkv2castd.api.bus_body import inward, outward
from mkv2castd.api.bus_interface import ERROR_PREFIX, BusError, Caller, clean
from mkv2castd.api.bus_library import Message, MessageFlag
from mkv2castd.api.bus_objects import Objects
from mkv2castd.api.bus_writer import Unfit, marshalled
from mkv2castd.boundary import contained
from mkv2castd.errors import SURFACES, ErrorCode, Mkv2castdError, RequestError

FAILED = "org.freedesktop.DBus.Error.Failed"
_INVALID_ARGS = "org.freedesktop.DBus.Error.InvalidArgs"
_OUR_MISTAKE = "the daemon made a mistake; its log says which"


async def answered(objects: Objects, call: Message, serial: int) -> bytes | None:
    """The reply, ready to be sent under that serial number; None where the caller wants none."""
    silent = bool(call.flags & MessageFlag.NO_REPLY_EXPECTED)
    called = f"{call.interface}.{call.member} over D-Bus"
    mistake = RequestError(ErrorCode.INTERNAL_ERROR, _OUR_MISTAKE)
    try:
        with contained(called, mistake, (Mkv2castdError, BusError)):
            target = objects.find(call.path, call.interface, call.member)
            if call.signature != target.takes:
                raise BusError(f"{call.member} takes {target.takes!r}, not {call.signature!r}", _INVALID_ARGS)
            caller = Caller(call.sender, bool(call.flags & MessageFlag.ALLOW_INTERACTIVE_AUTHORIZATION))
            given = await target.handler(caller, *inward(call))
            reply = Message.new_method_return(call, target.gives, outward(given))
    except Mkv2castdError as error:
        reply = refusal(call, ERROR_PREFIX + SURFACES[error.code].dbus, error.message)
    except BusError as error:
        reply = refusal(call, error.name if error.name is not None else FAILED, error.message)
    if silent:
        return None
    reply.serial = serial
    try:
        return marshalled(reply)
    except Unfit:
        reply = refusal(call, ERROR_PREFIX + SURFACES[mistake.code].dbus, mistake.message)
        reply.serial = serial
        return marshalled(reply)


def refusal(call: Message, name: str, text: str) -> Message:
    return Message.new_error(call, name, clean(text))
