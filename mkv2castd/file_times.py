"""Files' times in nanoseconds, as far as a database holds them."""

from __future__ import annotations

_LATEST = 2**63 - 1  # in the year 2262


def storable_time(ns: int) -> int:
    """Within 64 bits with a sign. File systems know times beyond, and whoever may write there may set them: a film
    that is dated later counts as of 2262."""
    return max(-_LATEST - 1, min(ns, _LATEST))
