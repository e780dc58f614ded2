"""The interfaces that D-Bus itself defines, and that every object of ours has."""

from __future__ import annotations

from mkv2castd.api.bus_interface import Argument, Interface, Method, Signal

_VALUES = Argument("values", "a{sv}")
_INTERFACE = Argument("interface", "s")
_NAME = Argument("name", "s")

PROPERTIES = Interface(
    "org.freedesktop.DBus.Properties",
    "",
    (
        Method("Get", (_INTERFACE, _NAME), (Argument("value", "v"),), ""),
        Method("GetAll", (_INTERFACE,), (_VALUES,), ""),
        Method("Set", (_INTERFACE, _NAME, Argument("value", "v")), (), ""),
    ),
    (Signal("PropertiesChanged", (_INTERFACE, Argument("changed", "a{sv}"), Argument("invalidated", "as")), ""),),
)
INTROSPECTABLE = Interface(
    "org.freedesktop.DBus.Introspectable", "", (Method("Introspect", (), (Argument("xml", "s"),), ""),)
)
PEER = Interface(
    "org.freedesktop.DBus.Peer",
    "",
    (Method("Ping", (), (), ""), Method("GetMachineId", (), (Argument("machine_id", "s"),), "")),
)
OBJECT_MANAGER = Interface(
    "org.freedesktop.DBus.ObjectManager",
    "",
    (Method("GetManagedObjects", (), (Argument("objects", "a{oa{sa{sv}}}"),), ""),),
    (
        Signal("InterfacesAdded", (Argument("object", "o"), Argument("interfaces", "a{sa{sv}}")), ""),
        Signal("InterfacesRemoved", (Argument("object", "o"), Argument("interfaces", "as")), ""),
    ),
)
