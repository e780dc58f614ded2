"""One object of the daemon on the bus: the values that were told of it last, and the telling of those that differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from mkv2castd.api.bus import Bus
from mkv2castd.api.bus_interface import Handler, Interface, Served
from mkv2castd.api.dbus_values import Values


class Shown:
    """Exported as soon as it is made, with these values. methods: behind those of the interface."""

    def __init__(
        self, bus: Bus, path: str, interface: Interface, values: Values, methods: Mapping[str, Handler]
    ) -> None:
        self.path = path
        self._bus = bus
        self._interface = interface
        self._values = dict(values)
        self._untold: set[str] = set()
        getters = {prop.name: partial(self._values.get, prop.name) for prop in interface.properties}
        bus.export(path, [Served(interface, methods, getters)])

    def take(self, values: Values) -> None:
        """From now on these are the values, for whoever asks."""
        self._untold |= {name for name, value in values.items() if self._values[name] != value}
        self._values.update(values)

    def tell(self) -> None:
        """Tells those that have been different since the last telling."""
        if self._untold:
            self._bus.changed(self.path, self._interface.name, sorted(self._untold))
            self._untold.clear()

    def withdraw(self) -> None:
        self._bus.withdraw(self.path)


class Shelf:
    """Objects of one kind, by their path: what comes is exported, what goes is withdrawn."""

    def __init__(self, bus: Bus, interface: Interface) -> None:
        self._bus = bus
        self._interface = interface
        self._shown: dict[str, Shown] = {}

    def show(self, path: str, values: Values, methods: Mapping[str, Handler]) -> None:
        """What is different is told by `tell`; an object that is new tells of itself."""
        if path in self._shown:
            self._shown[path].take(values)
        else:
            self._shown[path] = Shown(self._bus, path, self._interface, values, methods)

    def tell(self, path: str) -> None:
        self._shown[path].tell()

    def shows(self, path: str) -> bool:
        return path in self._shown

    def drop(self, path: str) -> None:
        if (shown := self._shown.pop(path, None)) is not None:
            shown.withdraw()

    def keep(self, paths: Collection[str]) -> None:
        """Drops all others."""
        for path in [path for path in self._shown if path not in paths]:
            self.drop(path)
