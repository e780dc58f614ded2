"""Who may speak to a server that listens on loopback only: pages of this machine, and programs.

Two attacks of a foreign web page are kept out: connecting from its own origin (the Origin header tells), and DNS
rebinding, where its name suddenly means 127.0.0.1 (the Host header tells).
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit


def refused(host: str | None, origin: str | None, names: Collection[str], unix: bool = False) -> str | None:
    """Why a request must be refused, or None. `names`: further host names that the server listens on.

    A request over a unix socket (`unix`) may name any host: no browser gets there but through a proxy. Without a
    Host header it is no browser's.
    """
    own = _hostname(f"//{host}") if host is not None else None
    if host is not None and not unix and not _local(own, names):
        return f"the Host header names {host!r}, which is not this machine: use http://127.0.0.1 with the port"
    if origin is None:
        return None
    caller = _hostname(origin)
    if _local(caller, names) or (caller is not None and caller == own):
        return None
    return f"pages of {origin!r} may not talk to this daemon: only pages of this machine may"


def is_loopback(name: str) -> bool:
    """Does this name or literal address mean this machine, whoever is asked? `*.localhost` does (RFC 6761)."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _local(name: str | None, names: Collection[str]) -> bool:
    return name is not None and (is_loopback(name) or name in names)


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
