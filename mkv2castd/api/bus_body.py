"""Values → what dbus-next marshals, and back: variants, text that the bus takes, file descriptors."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from mkv2castd.api.bus_interface import Variant, clean
from mkv2castd.api.bus_library import LibraryVariant, Message, SignatureTree


def outward(values: Sequence[object]) -> list[Any]:
    """The body of a message, checked where there are variants in it only; the rest is when it is put into bytes."""
    return [_outward(value) for value in values]


def body(signature: str, values: Sequence[object]) -> list[Any]:
    """The body of a message, checked against its signature. Raises what dbus-next raises where it does not fit."""
    made = outward(values)
    SignatureTree._get(signature).verify(made)
    return made


def variant(signature: str, value: object) -> LibraryVariant:
    return LibraryVariant(signature, _outward(value))


def inward(message: Message) -> list[Any]:
    """The body as plain values: variants are unwrapped, and for an index of a file descriptor stands the descriptor,
    which is the caller's to close from now on (None where it did not come along)."""
    kinds = message.signature_tree.types
    return [_inward(value, kind.signature, message.unix_fds) for value, kind in zip(message.body, kinds, strict=True)]


def close_descriptors(message: Message) -> None:
    """Nobody has asked for those that came with it."""
    for descriptor in message.unix_fds:
        os.close(descriptor)
    message.unix_fds = []


def _outward(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Variant):
        return LibraryVariant(value.signature, _outward(value.value))
    if isinstance(value, dict):
        return {_outward(key): _outward(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_outward(inner) for inner in value]
    return value


def _inward(value: Any, signature: str, descriptors: Sequence[int]) -> Any:
    if signature == "h":
        return descriptors[value] if value < len(descriptors) else None
    match value:
        case LibraryVariant():
            return _inward(value.value, value.signature, descriptors)
        case dict():
            return {key: _inward(inner, "", descriptors) for key, inner in value.items()}
        case list():
            return [_inward(inner, "", descriptors) for inner in value]
        case _:
            return value
