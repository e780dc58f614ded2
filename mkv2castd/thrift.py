"""Two ways for the daemon to stay small while it waits: 2.3 MB of 47."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_M_ARENA_MAX = -8  # <malloc.h>
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def one_arena() -> None:
    """Has all threads share one heap: glibc gives each of them its own, of which none is given back. Call it before
    the first thread starts. Elsewhere than on glibc nothing happens."""
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(_M_ARENA_MAX, 1)


@contextmanager
def without_authorities() -> Iterator[None]:
    """For importing aiohttp: its client reads all certificate authorities of the system at once, which takes 60 ms
    and 2 MB, and the daemon only serves.

    An HTTPS client in the daemon has to bring its own `ssl.create_default_context()`, made outside of this block;
    aiohttp's default one would refuse every server. Changes the environment for the length of the block: no child
    may be started in it.
    """
    before = {name: os.environ.get(name) for name in _AUTHORITIES}
    os.environ.update(dict.fromkeys(_AUTHORITIES, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
