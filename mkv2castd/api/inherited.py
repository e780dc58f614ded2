"""Sockets that systemd has opened for us (socket activation, sd_listen_fds(3))."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import MutableMapping

from mkv2castd.api.listen import Bound
from mkv2castd.errors import ConfigError

_FIRST = 3


def inherited(environment: MutableMapping[str, str], pid: int) -> list[Bound]:
    """The sockets that were handed over to this process; what tells of them is taken out of the environment, since no
    child of ours is meant.

    Raises ConfigError: one is no listening stream, or can be reached from outside this machine. None stays open then.
    """
    count, meant = environment.pop("LISTEN_FDS", "0"), environment.pop("LISTEN_PID", "")
    environment.pop("LISTEN_FDNAMES", None)
    if meant != str(pid) or not count.isascii() or not count.isdigit():
        return []
    sockets = [socket.socket(fileno=descriptor) for descriptor in range(_FIRST, _FIRST + int(count))]
    try:
        return [_bound(sock) for sock in sockets]
    except ConfigError:
        for sock in sockets:
            sock.close()
        raise


def _bound(sock: socket.socket) -> Bound:
    os.set_inheritable(sock.fileno(), False)
    sock.setblocking(False)
    if sock.type != socket.SOCK_STREAM or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise ConfigError("mkv2castd.socket: only ListenStream= with Accept=no can be served: change the socket unit")
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        # whoever made its file removes it
        return Bound(f"unix:{os.fsdecode(name)}", (sock,))
    host, port = name[0], name[1]
    if not ipaddress.ip_address(host).is_loopback:
        raise ConfigError(
            f"mkv2castd.socket: {host} can be reached from other machines, and this version serves its own only: "
            "change ListenStream= to 127.0.0.1:PORT"
        )
    return Bound(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", (sock,), name=host)
