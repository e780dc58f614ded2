"""Messages and objects of `wire` → D-Bus's a{sv}: the same names, the same values.

Text is `s`, a whole number `x`, any other number `d`, yes or no `b`; lists are arrays, objects a{sv}. D-Bus has no
null: what is not known is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mkv2castd.api.bus_interface import Variant

ABSENT = "absent"  # in what has changed: the names of those fields that the job has no longer
_SIMPLE: Mapping[type, str] = MappingProxyType({bool: "b", int: "x", float: "d"})
OBJECT = "a{sv}"


def dictionary(struct: Struct) -> dict[str, Variant]:
    """The struct's fields that have a value."""
    found = {}
    for name, kind in _kinds(type(struct)):
        value = getattr(struct, name)
        if value is not None and value is not UNSET:
            found[name] = _variant(value, kind)
    return found


def changed(before: Struct, after: Struct) -> dict[str, Variant]:
    """The fields that are different now; under "absent", as `as`, the names of those that have no value any more."""
    old, new = dictionary(before), dictionary(after)
    found = {name: value for name, value in new.items() if old.get(name) != value}
    absent = sorted(set(old) - set(new))
    return {**found, ABSENT: Variant("as", absent)} if absent else found


def _variant(value: Any, kind: Any) -> Variant:
    if isinstance(value, Struct):
        return Variant(OBJECT, dictionary(value))
    if isinstance(value, list):
        if value and isinstance(value[0], Struct):
            return Variant(f"a{OBJECT}", [dictionary(one) for one in value])
        return Variant(_list_of(kind), [str(one) for one in value])
    if isinstance(value, str):
        return Variant("s", str(value))
    if kind is float:
        return Variant("d", float(value))
    return Variant(_SIMPLE[type(value)], value)


def _list_of(kind: Any) -> str:
    (inner,) = get_args(kind)
    return f"a{OBJECT}" if isinstance(inner, type) and issubclass(inner, Struct) else "as"


@cache
def _kinds(struct: type[Struct]) -> tuple[tuple[str, Any], ...]:
    """Each field with its type, without null and absence; of several, the one that is no text."""
    hints = get_type_hints(struct)
    return tuple((field.name, _plain(hints[field.name])) for field in msgspec.structs.fields(struct))


def _plain(hint: Any) -> Any:
    if get_origin(hint) not in (Union, UnionType):
        return hint
    kinds = [one for one in get_args(hint) if one not in (type(None), UnsetType)]
    return next((one for one in kinds if one is not str), str)
