"""Errors on D-Bus → exit codes, and what people are told of them."""

from __future__ import annotations

import pytest

from mkv2castd.api.bus_interface import ERROR_PREFIX, BusError
from mkv2castd.api.dbus_interfaces import MANAGER
from mkv2castd.ctl_client import LEAVE
from mkv2castd.ctl_errors import EXITS, complaint
from mkv2castd.errors import SURFACES

_BUS = "org.freedesktop.DBus.Error."


def test_each_error_of_the_daemon_has_the_exit_code_that_it_has_in_the_other_command() -> None:
    for surface in SURFACES.values():
        ours = [one.exit for one in SURFACES.values() if one.dbus == surface.dbus]
        assert EXITS[ERROR_PREFIX + surface.dbus] == ours[0]


@pytest.mark.parametrize(
    ("name", "exit_code"),
    [
        (None, 3),
        (f"{_BUS}ServiceUnknown", 3),
        (f"{_BUS}NoReply", 3),
        (f"{_BUS}AccessDenied", 5),
        (f"{_BUS}InvalidArgs", 2),
        (f"{_BUS}UnknownMethod", 1),
        (f"{ERROR_PREFIX}NoSuchFolder", 4),
        (f"{ERROR_PREFIX}InvalidState", 1),
        (f"{ERROR_PREFIX}OfLaterVersions", 1),
        ("org.example.Anything", 1),
    ],
)
def test_errors_of_the_bus_have_theirs(name: str | None, exit_code: int) -> None:
    assert complaint(BusError("why", name), "", None).exit_code == exit_code


def test_only_what_the_daemon_has_said_is_told() -> None:
    called = "org.mkv2cast.Daemon1.Manager.Cancel of org.mkv2cast.Daemon1: "
    error = BusError(f"{called}there is no job x", f"{ERROR_PREFIX}NoSuchJob")
    assert complaint(error, called, None).message == "there is no job x"


def test_who_is_not_allowed_is_told_of_the_group_and_the_action() -> None:
    error = BusError("polkit does not allow it", f"{ERROR_PREFIX}NotAuthorized")
    said = complaint(error, "", "org.mkv2cast.Daemon1.manage-jobs").message
    assert "org.mkv2cast.Daemon1.manage-jobs" in said
    assert "usermod -aG mkv2cast" in said


def test_the_actions_that_guard_the_methods_are_those_of_the_daemon() -> None:
    documented = {
        method.name: f"org.mkv2cast.Daemon1.manage-{kind}"
        for method in MANAGER.methods
        for kind, words in (("jobs", "manage jobs"), ("folders", "manage folders"), ("daemon", "manage the daemon"))
        if f"leave to {words}" in method.doc
    }
    assert documented == dict(LEAVE)
