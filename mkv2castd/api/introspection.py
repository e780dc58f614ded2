"""Interfaces → the XML by which they introduce themselves, with their documentation in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from mkv2castd.api.bus_interface import Argument, Interface, Method, Property, Signal

DOCTYPE = (
    '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"\n'
    ' "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">\n'
)
_DOC = "org.gtk.GDBus.DocString"
_EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"


def node(interfaces: Iterable[Interface], children: Iterable[str] = ()) -> str:
    """One object, or one whole file: its interfaces, and the names of the objects directly below it."""
    lines = [line for interface in interfaces for line in _interface(interface)]
    lines += [f" <node name={quoteattr(child)}/>" for child in children]
    return "\n".join([f"{DOCTYPE}<node>", *lines, "</node>", ""])


def _interface(interface: Interface) -> Iterator[str]:
    yield f" <interface name={quoteattr(interface.name)}>"
    yield from _doc(interface.doc, "  ")
    for method in interface.methods:
        yield from _method(method)
    for signal in interface.signals:
        yield from _signal(signal)
    for prop in interface.properties:
        yield from _property(prop)
    yield " </interface>"


def _method(method: Method) -> Iterator[str]:
    yield f"  <method name={quoteattr(method.name)}>"
    yield from _doc(method.doc, "   ")
    yield from (_argument(argument, ' direction="in"') for argument in method.takes)
    yield from (_argument(argument, ' direction="out"') for argument in method.gives)
    yield "  </method>"


def _signal(signal: Signal) -> Iterator[str]:
    yield f"  <signal name={quoteattr(signal.name)}>"
    yield from _doc(signal.doc, "   ")
    yield from (_argument(argument, "") for argument in signal.carries)
    yield "  </signal>"


def _property(prop: Property) -> Iterator[str]:
    yield f'  <property name={quoteattr(prop.name)} type={quoteattr(prop.signature)} access="read">'
    yield from _doc(prop.doc, "   ")
    if prop.constant:
        yield f'   <annotation name="{_EMITS}" value="const"/>'
    yield "  </property>"


def _argument(argument: Argument, direction: str) -> str:
    return f"   <arg name={quoteattr(argument.name)} type={quoteattr(argument.signature)}{direction}/>"


def _doc(text: str, indent: str) -> Iterator[str]:
    if text:
        yield f'{indent}<annotation name="{_DOC}" value="{escape(text, {chr(34): "&quot;"})}"/>'
