"""The objects that are there, and what can be asked of each: properties, introspection, what is below the manager.

Independent of any connection: a bus that comes back finds them all here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mkv2castd.api import introspection
from mkv2castd.api.bus_body import variant
from mkv2castd.api.bus_interface import BusError, Handler, Interface, Property, Served
from mkv2castd.api.bus_library import LibraryVariant
from mkv2castd.api.bus_standard import INTROSPECTABLE, OBJECT_MANAGER, PEER, PROPERTIES
from mkv2castd.boundary import contained

_ERROR = "org.freedesktop.DBus.Error."
_MACHINE_ID = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_STANDARD = MappingProxyType({one.name: one for one in (INTROSPECTABLE, OBJECT_MANAGER, PEER, PROPERTIES)})


class _Unknown(Exception):
    """A property's value cannot be told: a mistake of ours, which is logged."""


@dataclass(frozen=True, slots=True)
class Target:
    """A method found: what is to be called, and the signature of what it gives back."""

    handler: Handler
    takes: str
    gives: str


class Objects:
    """root: the path of the object that is the ObjectManager of all the others."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._objects: dict[str, dict[str, Served]] = {}

    def add(self, path: str, interfaces: Iterable[Served]) -> None:
        assert path not in self._objects, f"{path} is there already"
        self._objects[path] = {served.interface.name: served for served in interfaces}

    def remove(self, path: str) -> tuple[str, ...]:
        """Returns the names of the interfaces that it had."""
        return tuple(self._objects.pop(path))

    def __contains__(self, path: str) -> bool:
        return path in self._objects

    def find(self, path: str, interface: str | None, member: str) -> Target:
        """Raises BusError, by the name that D-Bus has for it."""
        if path not in self._objects and not self._below(path):
            raise BusError(f"there is no object {path}", f"{_ERROR}UnknownObject")
        own = self._objects.get(path, {})
        served = [own[interface]] if interface in own else [*own.values(), *self._standard(path)]
        if interface is not None:
            served = [one for one in served if one.interface.name == interface]
            if not served:
                raise BusError(f"{path} has no interface {interface}", f"{_ERROR}UnknownInterface")
        for one in served:
            for method in one.interface.methods:
                if method.name == member:
                    gives = "".join(argument.signature for argument in method.gives)
                    return Target(one.methods[member], method.signature, gives)
        raise BusError(f"{path} has no method {member}", f"{_ERROR}UnknownMethod")

    def signal(self, path: str, interface: str, member: str) -> str:
        """The signature of a signal that an object sends."""
        own = self._objects[path].get(interface)
        known = own.interface if own is not None else _STANDARD[interface]
        return next(signal.signature for signal in known.signals if signal.name == member)

    def values(self, path: str, interface: str, names: Iterable[str] | None = None) -> dict[str, LibraryVariant]:
        """The properties that can be told now; one that cannot does not take the others along. names: only these."""
        served = self._objects[path][interface]
        wanted = None if names is None else frozenset(names)
        found = {}
        for prop in served.interface.properties:
            if wanted is None or prop.name in wanted:
                try:
                    value = _value(served, prop)
                except _Unknown:
                    continue
                if value is not None:
                    found[prop.name] = value
        return found

    def interfaces(self, path: str) -> dict[str, dict[str, LibraryVariant]]:
        return {name: self.values(path, name) for name in self._objects[path]}

    def managed(self) -> dict[str, dict[str, dict[str, LibraryVariant]]]:
        """Every object below the root."""
        return {path: self.interfaces(path) for path in self._objects if path.startswith(f"{self.root}/")}

    def _below(self, path: str) -> list[str]:
        """The names of what is directly below a path."""
        start = path.rstrip("/") + "/"
        return sorted({other[len(start) :].partition("/")[0] for other in self._objects if other.startswith(start)})

    def _standard(self, path: str) -> list[Served]:
        async def introspect(_: object) -> tuple[object, ...]:
            interfaces: list[Interface] = [one.interface for one in self._objects.get(path, {}).values()]
            standard = [one.interface for one in self._standard(path)]
            return (introspection.node([*interfaces, *standard], self._below(path)),)

        async def ping(_: object) -> tuple[object, ...]:
            return ()

        async def machine_id(_: object) -> tuple[object, ...]:
            found = next((file for file in _MACHINE_ID if file.exists()), None)
            if found is None:
                raise BusError("this machine has no id", f"{_ERROR}FileNotFound")
            return (found.read_text(encoding="ascii").strip(),)

        async def managed(_: object) -> tuple[object, ...]:
            return (self.managed(),)

        served = [
            Served(INTROSPECTABLE, {"Introspect": introspect}, {}),
            Served(PEER, {"Ping": ping, "GetMachineId": machine_id}, {}),
        ]
        if path in self._objects:
            served.append(Served(PROPERTIES, self._properties(path), {}))
        if path == self.root:
            served.append(Served(OBJECT_MANAGER, {"GetManagedObjects": managed}, {}))
        return served

    def _properties(self, path: str) -> Mapping[str, Handler]:
        interfaces = self._objects[path]

        async def get(_: object, interface: str, name: str) -> tuple[object, ...]:
            self._require(path, interface, name)
            found = self.values(path, interface, [name])
            if name not in found:
                raise BusError(f"{name} is not known now", f"{_ERROR}Failed")
            return (found[name],)

        async def get_all(_: object, interface: str) -> tuple[object, ...]:
            if interface not in interfaces and interface in _STANDARD:
                return ({},)
            self._require(path, interface)
            return (self.values(path, interface),)

        async def put(_: object, interface: str, name: str, value: object) -> tuple[object, ...]:
            self._require(path, interface, name)
            raise BusError(f"{name} can only be read", f"{_ERROR}PropertyReadOnly")

        return {"Get": get, "GetAll": get_all, "Set": put}

    def _require(self, path: str, interface: str, name: str | None = None) -> None:
        if interface not in self._objects[path]:
            raise BusError(f"{path} has no interface {interface}", f"{_ERROR}UnknownInterface")
        properties = self._objects[path][interface].interface.properties
        if name is not None and name not in {prop.name for prop in properties}:
            raise BusError(f"{interface} has no property {name}", f"{_ERROR}UnknownProperty")


def _value(served: Served, prop: Property) -> LibraryVariant | None:
    """Raises _Unknown also for what does not fit the property's type, or the message as a whole would be lost."""
    with contained(f"{served.interface.name}.{prop.name}", _Unknown(), ()):
        value = served.properties[prop.name]()
        return None if value is None else variant(prop.signature, value)
