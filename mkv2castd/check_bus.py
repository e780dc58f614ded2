"""Can the bus be reached that the daemon would be on?"""

from __future__ import annotations

import os

from mkv2castd.api.bus_interface import BusError
from mkv2castd.api.bus_places import Setting, address_of, chosen
from mkv2castd.finding import Finding, ok, warning


async def bus_findings(setting: Setting) -> list[Finding]:
    """Nothing where there is to be no bus. Takes some seconds at most; the name is not asked for."""
    which = chosen(setting, os.environ, os.getpid())
    if which is None:
        return []
    # not above: the daemon imports this module too, and needs dbus-next only where it is on a bus
    from mkv2castd.api.bus_connection import connected

    address = address_of(which, os.environ)
    try:
        if address is None:
            raise BusError("the environment names none")
        async with connected(address, lambda *_: None):
            return [ok(f"the {which} bus can be reached")]
    except BusError as error:
        if setting == "auto":
            return [ok(f"no {which} bus ({error.message}): the daemon works without D-Bus")]
        remedy = (
            "start dbus (apt-get install dbus)" if which == "system" else "log in, or start one: dbus-run-session"
        )
        return [warning(f"no {which} bus: {error.message}", f"{remedy}, or set [dbus] bus to auto")]
