"""Where the server listens: addresses → listening sockets, loopback and unix sockets only."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mkv2castd.config_checks import listen_address
from mkv2castd.errors import ConfigError

BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Bound:
    """One address that is listened on. `name`: what its Host header may say beside loopback names."""

    address: str
    sockets: tuple[socket.socket, ...]
    name: str | None = None
    path: Path | None = None

    def close(self) -> None:
        """Closes the sockets and removes the file of a unix socket."""
        for sock in self.sockets:
            sock.close()
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink()


def bind(listen: Sequence[str]) -> list[Bound]:
    """Listens on every address, "host:port" or "unix:/path"; port 0 takes a free one. Blocks for a name's look-up.

    Raises ConfigError: malformed, not loopback, taken, not allowed. Nothing stays bound then.
    """
    bound: list[Bound] = []
    try:
        for address in listen:
            bound.append(_bind(address))
    except ConfigError:
        for one in bound:
            one.close()
        raise
    return bound


def _bind(address: str) -> Bound:
    try:
        place = listen_address(address)
    except ValueError as error:
        raise ConfigError(f"http.listen: {error}") from error
    return _bind_unix(address, place) if isinstance(place, Path) else _bind_tcp(address, *place)


def _bind_tcp(address: str, host: str, port: int) -> Bound:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"http.listen: {address!r}: the name {host!r} is not known here: {error}") from error
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, ip in dict.fromkeys((family, str(place[0])) for family, _, _, _, place in found):
            try:
                sockets.append(_listening(family, ip, port))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                missing = error  # localhost means ::1 too, also where there is no IPv6
            else:
                port = sockets[-1].getsockname()[1]
        if not sockets and missing is not None:
            raise missing
    except OSError as error:
        _close(sockets)
        raise _refused(address, error, f"port {port} on {host}") from error
    return Bound(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", tuple(sockets), name=host)


def _bind_unix(address: str, path: Path) -> Bound:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path, address)
        sock.bind(str(path))
        path.chmod(0o660)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _refused(address, error, str(path)) from error
    except ConfigError:
        sock.close()
        raise
    sock.setblocking(False)
    return Bound(address, (sock,), path=path)


def _listening(family: int, ip: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((ip, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _remove_stale(path: Path, address: str) -> None:
    """A socket's file that nobody answers on is left from a killed daemon."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ConfigError(f"http.listen: {address!r}: the file is there and is no socket: choose another path")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        else:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _refused(address: str, error: OSError, where: str) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        remedy = "is taken by another program: stop it, or listen elsewhere with --listen HOST:PORT (http.listen)"
        return ConfigError(f"{where} {remedy}")
    if error.errno in (errno.EACCES, errno.EPERM):
        return ConfigError(
            f"http.listen: {address!r}: not allowed to listen there: choose a port above 1023 or a folder of your own"
        )
    return ConfigError(f"http.listen: {address!r}: cannot listen on {where}: {error.strerror or error}")


def _close(sockets: Sequence[socket.socket]) -> None:
    for sock in sockets:
        sock.close()
