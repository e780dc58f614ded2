"""What is derived from mkv2castd.api.dbus_interfaces: one XML file an interface, and docs/dbus.md's reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mkv2castd.api.bus_interface import ERROR_PREFIX, Argument, Interface
from mkv2castd.api.dbus_interfaces import ALL
from mkv2castd.api.introspection import node
from mkv2castd.errors import SURFACES

ROOT = Path(__file__).parent.parent
XML = Path("packaging/dbus/interfaces")
REFERENCE = Path("docs/dbus.md")
MARK = "<!-- From here on written by scripts/dbus-docs. -->\n"


def written() -> dict[Path, str]:
    """Each file, by its path in the repository, as it has to be."""
    files = {XML / f"{interface.name}.xml": node([interface]) for interface in ALL}
    own, _, _ = (ROOT / REFERENCE).read_text(encoding="utf-8").partition(MARK)
    files[REFERENCE] = own + MARK + "".join(f"{line}\n" for line in _reference())
    return files


def _reference() -> Iterator[str]:
    yield from _errors()
    for interface in ALL:
        yield from _interface(interface)


def _errors() -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for code, surface in SURFACES.items():
        names.setdefault(surface.dbus, []).append(code.value)
    yield from ("", "## Errors", "", f"| `{ERROR_PREFIX}…` | for |", "|---|---|")
    for name in sorted(names):
        yield f"| `{name}` | {', '.join(f'`{code}`' for code in names[name])} |"


def _interface(interface: Interface) -> Iterator[str]:
    yield from ("", f"## {interface.name}", "", interface.doc)
    if interface.methods:
        yield from ("", "| method | in | out | |", "|---|---|---|---|")
        for method in interface.methods:
            yield f"| `{method.name}` | {_arguments(method.takes)} | {_arguments(method.gives)} | {method.doc} |"
    if interface.signals:
        yield from ("", "| signal | carries | |", "|---|---|---|")
        for signal in interface.signals:
            yield f"| `{signal.name}` | {_arguments(signal.carries)} | {signal.doc} |"
    if interface.properties:
        yield from ("", "| property | type | |", "|---|---|---|")
        for prop in interface.properties:
            yield f"| `{prop.name}` | `{prop.signature}` | {prop.doc} |"


def _arguments(arguments: tuple[Argument, ...]) -> str:
    return ", ".join(f"`{argument.signature}` {argument.name}" for argument in arguments)


if __name__ == "__main__":
    for path, text in written().items():
        (ROOT / path).write_text(text, encoding="utf-8")
