"""Where the buses are, and which of them is ours. Decided from the environment, which is given in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import unquote

Setting = Literal["auto", "system", "session", "none"]
Which = Literal["system", "session"]
_SYSTEM = "unix:path=/run/dbus/system_bus_socket"


def chosen(setting: Setting, environment: Mapping[str, str], pid: int) -> Which | None:
    """The bus that `[dbus] bus` means. auto: the system bus for a service of systemd's system manager, else the
    session bus."""
    match setting:
        case "none":
            return None
        case "auto":
            return "system" if is_system_service(environment, pid) else "session"
        case _:
            return setting


def is_system_service(environment: Mapping[str, str], pid: int) -> bool:
    """systemd gives each service INVOCATION_ID, and its own process SYSTEMD_EXEC_PID, which tells it from what is
    started inside one; a user's manager adds MANAGERPID."""
    started = environment.get("SYSTEMD_EXEC_PID", str(pid)) == str(pid)
    return started and "INVOCATION_ID" in environment and "MANAGERPID" not in environment


def address_of(which: Which, environment: Mapping[str, str]) -> str | None:
    """The bus's address as D-Bus writes it, or None where there can be no such bus."""
    if which == "system":
        return environment.get("DBUS_SYSTEM_BUS_ADDRESS") or _SYSTEM
    if given := environment.get("DBUS_SESSION_BUS_ADDRESS"):
        return given
    runtime = environment.get("XDG_RUNTIME_DIR")
    return f"unix:path={runtime}/bus" if runtime else None


def sockets(address: str, environment: Mapping[str, str]) -> Iterator[str]:
    """The unix sockets of an address, in its order; a name that begins with NUL is an abstract one. Other kinds of
    addresses are passed over."""
    for one in address.split(";"):
        kind, _, options = one.partition(":")
        if kind != "unix":
            continue
        pairs = (option.partition("=") for option in options.split(","))
        known = {key: unquote(value) for key, _, value in pairs}
        if "path" in known:
            yield known["path"]
        elif "abstract" in known:
            yield "\0" + known["abstract"]
        elif known.get("runtime") == "yes" and (runtime := environment.get("XDG_RUNTIME_DIR")):
            yield f"{runtime}/bus"
