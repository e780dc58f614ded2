"""What is said over D-Bus, as values: interfaces and their members, who calls, and how a fault is named.

Nothing here knows a library: `bus` makes the one from the other. Signatures are D-Bus's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

ERROR_PREFIX = "org.mkv2cast.Daemon1.Error."
DBUS = "org.freedesktop.DBus"
DBUS_PATH = "/org/freedesktop/DBus"


class Variant(NamedTuple):
    """A value together with its type: what stands for `v` in the body of a message."""

    signature: str
    value: Any


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    signature: str


@dataclass(frozen=True, slots=True)
class Method:
    """doc: what programmers are told of it."""

    name: str
    takes: tuple[Argument, ...]
    gives: tuple[Argument, ...]
    doc: str

    @property
    def signature(self) -> str:
        return "".join(argument.signature for argument in self.takes)


@dataclass(frozen=True, slots=True)
class Signal:
    name: str
    carries: tuple[Argument, ...]
    doc: str

    @property
    def signature(self) -> str:
        return "".join(argument.signature for argument in self.carries)


@dataclass(frozen=True, slots=True)
class Property:
    """To be read only. constant: it never changes while the object is there; else each change is told."""

    name: str
    signature: str
    doc: str
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Interface:
    name: str
    doc: str
    methods: tuple[Method, ...] = ()
    signals: tuple[Signal, ...] = ()
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who called a method: its unique name on the bus. interactive: it allows that a person is asked for leave."""

    unique_name: str
    interactive: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of a caller, as the bus has them from the kernel."""

    uid: int
    groups: frozenset[int]


Handler = Callable[..., Awaitable[Sequence[object]]]  # (Caller, the arguments …) → the values that go back


@dataclass(frozen=True, slots=True)
class Served:
    """An interface of one object, with what is behind it: each method's handler and each property's value now; None
    where it is not known, which is told apart from every value: the property is left out."""

    interface: Interface
    methods: Mapping[str, Handler]
    properties: Mapping[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Match:
    """Which signals are meant. sender: a name on the bus; what others send in its name is not heard. None: any."""

    sender: str
    path: str | None = None
    interface: str | None = None
    member: str | None = None
    arg0: str | None = None

    @property
    def rule(self) -> str:
        """As the bus takes it."""
        keys = {
            "sender": self.sender,
            "path": self.path,
            "interface": self.interface,
            "member": self.member,
            "arg0": self.arg0,
        }
        said = [f"{key}='{value}'" for key, value in keys.items() if value is not None]
        return ",".join(["type='signal'", *said])


class BusError(Exception):
    """The bus, or somebody on it, did not do what was asked. name: the D-Bus error's, None where none came back
    (no connection, no answer in time)."""

    def __init__(self, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.name = name


def clean(text: str) -> str:
    """The text without what no D-Bus message may carry, on pain of being cut off: NUL and lone surrogates become
    U+FFFD."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
