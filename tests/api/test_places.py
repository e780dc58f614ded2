"""Which bus is ours, and where it is."""

from __future__ import annotations

import pytest

from mkv2castd.api.bus_places import address_of, chosen, sockets

SYSTEM_SERVICE = {"INVOCATION_ID": "5", "SYSTEMD_EXEC_PID": "7"}


@pytest.mark.parametrize(
    ("environment", "bus"),
    [
        (SYSTEM_SERVICE, "system"),
        ({"INVOCATION_ID": "5"}, "system"),  # before systemd 248
        ({**SYSTEM_SERVICE, "MANAGERPID": "6"}, "session"),  # a service of a user's own manager
        ({**SYSTEM_SERVICE, "SYSTEMD_EXEC_PID": "6"}, "session"),  # started by hand inside of a service
        ({}, "session"),
    ],
)
def test_auto_is_the_system_bus_for_services_of_the_system_only(environment: dict[str, str], bus: str) -> None:
    assert chosen("auto", environment, 7) == bus


def test_what_is_asked_for_holds() -> None:
    assert chosen("session", SYSTEM_SERVICE, 7) == "session"
    assert chosen("system", {}, 7) == "system"
    assert chosen("none", SYSTEM_SERVICE, 7) is None


def test_the_addresses_are_those_of_the_environment_or_the_usual_ones() -> None:
    assert address_of("system", {}) == "unix:path=/run/dbus/system_bus_socket"
    assert address_of("system", {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/a"}) == "unix:path=/a"
    assert address_of("session", {"XDG_RUNTIME_DIR": "/run/user/5"}) == "unix:path=/run/user/5/bus"
    assert (
        address_of("session", {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/b", "XDG_RUNTIME_DIR": "/c"}) == "unix:path=/b"
    )
    assert address_of("session", {}) is None


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("unix:path=/run/a%20bus,guid=5", ["/run/a bus"]),
        ("unix:abstract=/tmp/x", ["\0/tmp/x"]),
        ("tcp:host=a;unix:path=/a;unix:runtime=yes", ["/a", "/run/user/5/bus"]),
        ("unix:tmpdir=/tmp", []),
        ("nonsense", []),
    ],
)
def test_an_address_is_read_as_dbus_writes_it(address: str, found: list[str]) -> None:
    assert list(sockets(address, {"XDG_RUNTIME_DIR": "/run/user/5"})) == found
