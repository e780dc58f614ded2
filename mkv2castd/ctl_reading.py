"""D-Bus's a{sv} → messages and objects of `wire`: the way back from `api.variants`.

What is left out there is null here, where it may be null.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from mkv2castd.api import wire
from mkv2castd.ctl_errors import FAILED, CtlError

View = TypeVar("View", bound=Struct)
_ABSENT = "absent"  # in what has changed: the names of those fields that have no value any more


def view(values: Mapping[str, Any], kind: type[View]) -> View:
    """Raises CtlError where the daemon speaks of what this program does not know."""
    try:
        return msgspec.convert(_filled(values, kind), kind)
    except msgspec.ValidationError as error:
        raise CtlError(f"mkv2castd is of another version than mkv2castctl: {error}", FAILED) from error


def changed(before: wire.JobView, fields: Mapping[str, Any]) -> wire.JobView:
    """The job after a JobChanged. Raises CtlError as `view` does."""
    values = {**msgspec.to_builtins(before), **fields}
    for name in values.pop(_ABSENT, ()):
        values.pop(name, None)
    return view(values, wire.JobView)


def _filled(value: Any, hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        inner = [one for one in get_args(hint) if get_origin(one) is list or _is_struct(one)]
        return _filled(value, inner[0]) if inner and value is not None else value
    if get_origin(hint) is list and isinstance(value, list):
        (inner_hint,) = get_args(hint)
        return [_filled(one, inner_hint) for one in value]
    if _is_struct(hint) and isinstance(value, Mapping):
        return {
            name: _filled(value[name], kind) if name in value else None
            for name, kind, required in _fields(hint)
            if required or name in value
        }
    return value


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Struct)


@cache
def _fields(kind: type[Struct]) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, hints[field.name], field.required) for field in msgspec.structs.fields(kind))
