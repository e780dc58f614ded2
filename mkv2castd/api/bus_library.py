"""dbus-next, imported so that it also works where Python has moved on. The rest of the `bus` modules mends it.

`typing.no_type_check_decorator`, which it imports, is gone from Python 3.15 on; and it would load GLib's Python
binding where that is installed, which nobody here uses.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_GONE = "no_type_check_decorator"


def _stand_in(decorator: Callable[..., Any]) -> Callable[..., Any]:
    return decorator


@contextmanager
def _as_it_expects() -> Iterator[None]:
    lent = not hasattr(typing, _GONE)
    hidden = "gi" not in sys.modules
    if lent:
        setattr(typing, _GONE, _stand_in)
    if hidden:
        sys.modules["gi"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if lent:
            delattr(typing, _GONE)
        if hidden:
            del sys.modules["gi"]


with _as_it_expects():
    from dbus_next._private.unmarshaller import MarshallerStreamEndError as EndOfStream
    from dbus_next._private.unmarshaller import Unmarshaller
    from dbus_next.aio.message_bus import MessageBus
    from dbus_next.constants import MessageFlag, MessageType
    from dbus_next.errors import AuthError
    from dbus_next.message import Message
    from dbus_next.signature import SignatureTree
    from dbus_next.signature import Variant as LibraryVariant

__all__ = [
    "AuthError",
    "EndOfStream",
    "LibraryVariant",
    "Message",
    "MessageBus",
    "MessageFlag",
    "MessageType",
    "SignatureTree",
    "Unmarshaller",
]
