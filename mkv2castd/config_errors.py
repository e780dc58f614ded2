"""msgspec's validation errors in the words of the configuration: key, what is wrong, what is allowed."""

from __future__ import annotations

import re
from enum import EnumType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

_PATH = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>[^`]*)`")
_STEP = re.compile(r"([^.\[\]]+)|\[(?:\d+|\.\.\.)\]")


def explain(error: msgspec.ValidationError, root: type) -> str:
    """One line: the key's path, the fault, and the allowed keys or values where these can be listed."""
    match = _PATH.match(str(error))
    assert match is not None, "the pattern matches every text"
    what, path = match["what"], match["path"] or ""
    at = _type_at(root, path)
    if unknown := _UNKNOWN.match(what):
        key = f"{path}.{unknown['field']}" if path else unknown["field"]
        return f"{key}: unknown key; allowed here: {', '.join(_fields(at))}"
    allowed = _values(at)
    text = f"{path}: {what[:1].lower()}{what[1:]}" if path else what
    return f"{text}; allowed: {allowed}" if allowed else text


def _type_at(root: type, path: str) -> Any:
    kind: Any = root
    for step in _STEP.finditer(path):
        kind = _bare(kind)
        name = step.group(1)
        if name is None:
            kind = get_args(kind)[0]
        else:
            kind = get_type_hints(kind, include_extras=True)[name]
    return _bare(kind)


def _bare(kind: Any) -> Any:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def _fields(kind: Any) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind)]


def _values(kind: Any) -> str:
    if isinstance(kind, EnumType):
        return ", ".join(str(member.value) for member in kind)  # type: ignore[var-annotated]
    if get_origin(kind) is Literal:
        return ", ".join(map(str, get_args(kind)))
    return ""
