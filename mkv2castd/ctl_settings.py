"""Words of the command line → what goes over D-Bus: absolute paths, wishes for a film, settings of a folder."""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Sequence

from mkv2castd.api.bus_interface import Variant
from mkv2castd.ctl_errors import USAGE, CtlError
from mkv2castd.model import printable

# keys of [[folder]] that hold text or several words; of all others the value is what it looks like
_TEXTS = frozenset({"name", "output", "container", "suffix", "watch", "source", "subtitles"})
_LISTS = frozenset({"profile", "include", "exclude"})


def absolute(path: str) -> str:
    """Raises CtlError where D-Bus cannot carry the name."""
    found = os.path.abspath(path)
    if printable(found) != found:
        raise CtlError(
            f"{printable(path)}: its name is not UTF-8, and D-Bus takes no other: rename it, or let it be found in a "
            "watched folder",
            USAGE,
        )
    return found


def wishes(options: argparse.Namespace) -> dict[str, Variant]:
    """Those of --profile and --container that were given."""
    found = {}
    if options.profile:
        found["profile"] = Variant("as", list(dict.fromkeys(options.profile)))
    if options.container is not None:
        found["container"] = Variant("s", options.container)
    return found


def submission(options: argparse.Namespace) -> dict[str, Variant]:
    """Those of `add`."""
    found = wishes(options)
    if options.priority is not None:
        found["priority"] = Variant("i", options.priority)
    if options.device is not None:
        found["device"] = Variant("s", options.device)
    return found


def settings(pairs: Sequence[str]) -> dict[str, Variant]:
    """KEY=VALUE … → settings of a folder. Raises CtlError for what is no such pair; the daemon knows which keys and
    values there are."""
    found = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        key = key.strip()
        if not separator or not key:
            raise CtlError(f"{pair}: is not of the form KEY=VALUE", USAGE)
        found[key] = _setting(key, text)
    return found


def _setting(key: str, text: str) -> Variant:
    value = _read(text)
    if key in _LISTS:
        words = value if isinstance(value, list) else [word.strip() for word in text.split(",") if word.strip()]
        return Variant("as", words)
    if key in _TEXTS or not isinstance(value, bool | int | float):
        plain = value if isinstance(value, str) else text
        return Variant("s", absolute(plain) if key == "output" and plain else plain)
    if isinstance(value, bool):
        return Variant("b", value)
    return Variant("x", value) if isinstance(value, int) else Variant("d", value)


def _read(text: str) -> str | bool | int | float | list[str]:
    """As TOML has it; what is no TOML is text."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    if isinstance(value, list):
        return [str(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return text
    return value if isinstance(value, str | bool | int | float) else text
