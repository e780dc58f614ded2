"""What a value of the configuration must be beyond its type: each function names the fault, or returns None."""

from __future__ import annotations

import ipaddress
import os.path
from collections.abc import Collection
from pathlib import Path

from mkv2castd.device import CPU, REMUX
from mkv2castd.encoder.languages import known
from mkv2castd.hours import parse
from mkv2castd.model import printable

SUFFIX_BYTES = 100
LEAST_HEIGHT = 16


def path_fault(value: str) -> str | None:
    """A folder's path must be absolute, since a daemon has no meaningful folder of its own to count from."""
    if not value:
        return "is empty: name a folder, as in /srv/media/incoming"
    if "\0" in value:
        return f"{value!r} contains a NUL character, which no path can"
    if not value.startswith("/"):
        return f"{value!r} is not absolute: it must begin with /"
    return None


def node_fault(value: str) -> str | None:
    """A device's node must be absolute as well."""
    return path_fault(value) if value else "is empty: name a render node, as in /dev/dri/renderD129"


def name_fault(value: str) -> str | None:
    """A folder's name stands in URLs and log fields. Empty: the last part of its path."""
    if "/" in value or not value.isprintable() or value in (".", ".."):
        return f"{value!r} must be printable, without / and not . or .."
    return None


def normal_path(path: str) -> str:
    """The one spelling of an absolute path; links are not followed."""
    # POSIX lets exactly two slashes at the beginning mean something else, Linux does not
    return "/" + os.path.normpath(path).lstrip("/")


def default_name(path: str) -> str:
    """What a folder is called that was given no name: the last part of its path."""
    name = printable(Path(path).name) or "root"
    return "".join(character if character.isprintable() else "\ufffd" for character in name)


def profile_fault(name: str, known: Collection[str]) -> str | None:
    if name in known:
        return None
    return f"no such profile {name!r}; allowed: {', '.join(sorted(known))}"


def suffix_fault(suffix: str, beside_source: bool, replaces: bool) -> str | None:
    """The suffix is what tells an output from its source where both are in one folder."""
    if "/" in suffix or "\0" in suffix:
        return f"{suffix!r} must be part of a file name, without / and NUL"
    if len(suffix.encode()) > SUFFIX_BYTES:
        return f"is longer than {SUFFIX_BYTES} bytes: the rest of the name would have no room"
    if not suffix and beside_source and not replaces:
        return (
            'is empty, so that outputs would be named like their sources: allowed with `output` or source = "replace"'
        )
    return None


def height_fault(value: int) -> str | None:
    if 0 < value < LEAST_HEIGHT:
        return (
            f"{value} is too small; allowed: 0 (no limit of its own), or a whole number from {LEAST_HEIGHT} to 4320"
        )
    return None


def gpu_fault(device: str) -> str | None:
    """Which GPUs there are is seen later; the others are no GPUs."""
    if device in (CPU, REMUX):
        return f"{device!r} cannot be disabled: what no GPU can do is done there; allowed: ids of GPUs"
    return None


def slots_fault(device: str) -> str | None:
    if device in (CPU, REMUX):
        return f"{device!r} has a key of its own, {device}_slots; allowed: ids of GPUs"
    return None


def language_fault(code: str) -> str | None:
    if known(code):
        return None
    return f"{code!r} is no language of ISO 639; allowed: codes of two or three letters, as in de, deu or ger"


def hours_fault(text: str) -> str | None:
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return None


def listen_address(text: str) -> tuple[str, int] | Path:
    """Where to listen: `127.0.0.1:8080` or `[::1]:8080` → host and port (0: any free one), `unix:/path` → path.

    Raises ValueError with a sentence for people.
    """
    if text.startswith("unix:"):
        fault = path_fault(text.removeprefix("unix:"))
        if fault is not None:
            raise ValueError(f"{text!r}: the path after unix: {fault}")
        return Path(text.removeprefix("unix:"))
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:
        raise ValueError(f"{text!r} must be HOST:PORT with a port from 0 to 65535, or unix:/path")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{text!r}: an IPv6 address must be in brackets, as in [::1]:8080")
    if not _is_loopback(host):
        raise ValueError(
            f"{text!r} could be reached from other machines, and there is no access control yet; "
            "allowed: 127.0.0.1, [::1], localhost, unix:/path"
        )
    return host, int(port)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
