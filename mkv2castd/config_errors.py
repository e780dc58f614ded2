"""msgspec's validation errors in the words of the configuration: key, what is wrong, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import EnumType
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

_PLACED = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>.*)`$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<field>.*)`$", re.DOTALL)
_WRONG_TYPE = re.compile(r"Expected `[^`]*`, got `(?P<got>[^`]*)`$")
_NO_CHOICE = re.compile(r"Invalid enum value (?P<got>.*)$", re.DOTALL)
# how msgspec speaks of a value in a table whose names are the user's own
_ANY_NAME = "[...]"
_NUMBER = re.compile(r"\[[^\]]*\]")
_STEP = re.compile(r"([^.\[\]]+)|\[(?:\d+|\.\.\.)\]")
# msgspec's names of types in TOML's words
_GOT: Mapping[str, str] = MappingProxyType(
    {
        "str": "a text",
        "int": "a whole number",
        "float": "a number with a fraction",
        "bool": "true or false",
        "array": "a list",
        "object": "a table",
    }
)


def explain(error: msgspec.ValidationError, root: type) -> str:
    """One line: the key's path, the fault, and what is allowed there."""
    placed = _PLACED.match(str(error))
    assert placed is not None, "the pattern matches every text"
    what, path = placed["what"], placed["path"] or ""
    within = path.endswith(_ANY_NAME)
    path = path.removesuffix(_ANY_NAME)
    kind = _type_at(root, path)
    if unknown := _UNKNOWN.match(what):
        return f"{_joined(path, unknown['field'])}: unknown key; allowed here: {', '.join(_fields(kind))}"
    if missing := _MISSING.match(what):
        return f"{_joined(path, missing['field'])}: missing; it has no default"
    if wrong := _WRONG_TYPE.match(what):
        fault = f"is {_GOT.get(wrong['got'], wrong['got'])}"
    elif choice := _NO_CHOICE.match(what):
        fault = f"{choice['got']} is no possible value"
    else:
        fault = "is out of range"
    if within:
        fault = f"one of its values {fault}"
    return f"{path or 'the file'}: {fault}; allowed: {allowed(kind, re.sub(_NUMBER, '', path))}"


def allowed(kind: Any, key: str = "") -> str:
    """What a key of this type may be, for people: `a whole number from 0 to 100`. key: how tables are headed."""
    bare = _bare(kind)
    if isinstance(bare, EnumType):
        members: Iterator[Any] = iter(bare)
        return ", ".join(str(member.value) for member in members)
    if get_origin(bare) is Literal:
        return ", ".join(map(str, get_args(bare)))
    if get_origin(bare) is tuple:
        item = _bare(get_args(bare)[0])
        if _is_table(item):
            return f"tables, each headed with its name in double brackets, as in [[{key}]]"
        least = "at least one text" if any(meta.min_length for meta in _metas(kind)) else "texts"
        return f'a list of {least}, as in ["…"]'
    if get_origin(bare) is Mapping:
        return f'a table with {allowed(get_args(bare)[1])} for each name, as in {{"…" = 1}}'
    if bare is bool:
        return "true or false"
    if bare in (int, float):
        return ("a whole number" if bare is int else "a number") + _range(kind)
    return "a table" if _is_table(bare) else "a text in quotes"


def _range(kind: Any) -> str:
    """` from 0 to 100`; every number of the configuration is bounded on both sides."""
    text = ""
    for meta in _metas(kind):
        text += f" from {meta.ge}" if meta.ge is not None else ""
        text += f" above {meta.gt}" if meta.gt is not None else ""
        text += f" to {meta.le}" if meta.le is not None else ""
    return text


def _type_at(root: type, path: str) -> Any:
    kind: Any = root
    for step in _STEP.finditer(path):
        kind, name = _bare(kind), step.group(1)
        kind = get_args(kind)[0] if name is None else get_type_hints(kind, include_extras=True)[name]
    return kind


def _bare(kind: Any) -> Any:
    kind = _given(kind)
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _given(kind: Any) -> Any:
    """What a key is when it is given: TOML has no way to write None, which stands for a key that is left out."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    return kind


def _metas(kind: Any) -> list[msgspec.Meta]:
    return [meta for meta in getattr(_given(kind), "__metadata__", ()) if isinstance(meta, msgspec.Meta)]


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _fields(kind: Any) -> list[str]:
    return [field.name for field in msgspec.structs.fields(_bare(kind))]


def _joined(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field
