"""The daemon's place on D-Bus: which bus it is, who may change something there, and what keeps it going.

Whatever happens to the bus, or to what is shown on it, the work goes on.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from mkv2castd.api.bus_places import Setting, Which, address_of, chosen
from mkv2castd.api.permission import Allow, OwnerOnly
from mkv2castd.api.polkit import Polkit
from mkv2castd.api.verbs import Verbs
from mkv2castd.supervise import supervise


async def serve_on_bus(setting: Setting, verbs: Verbs, on_bus: asyncio.Event) -> None:
    """Until cancelled; returns at once where there is to be no bus. on_bus: is set once the name is ours, or where no
    bus is to be waited for."""
    which = chosen(setting, os.environ, os.getpid())
    if which is None:
        on_bus.set()
        return
    await _serve(which, verbs, on_bus, expected=setting != "auto", environment=os.environ)


async def _serve(
    which: Which, verbs: Verbs, on_bus: asyncio.Event, *, expected: bool, environment: Mapping[str, str]
) -> None:
    # loaded only where there is a bus: 1.8 MB
    from mkv2castd.api.bus import Bus
    from mkv2castd.api.dbus import present
    from mkv2castd.api.dbus_values import NAME, ROOT

    bus = Bus(lambda: address_of(which, environment), title=f"{which} bus", name=NAME, root=ROOT, expected=expected)
    allow: Allow = Polkit(bus) if which == "system" else OwnerOnly(bus)

    async def tell() -> None:
        await bus.until_up()
        on_bus.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(tell())
        group.create_task(supervise("D-Bus", bus.serve))
        group.create_task(supervise("what is shown on D-Bus", lambda: present(verbs, bus, allow)))
