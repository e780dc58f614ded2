"""What goes on, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

_PAUSED = MappingProxyType(
    {
        "requested": "paused",
        "hours": "paused until the hours of [queue] begin",
        "battery": "paused while on battery",
    }
)


def status_text(processing: int, queued: int, pause_reason: str | None, troubles: Sequence[str] = ()) -> str:
    """As "2 converting, 14 waiting; paused". pause_reason: None where nothing holds the queue. troubles: what keeps a
    part of the daemon from its work, one sentence each; the first is told."""
    work = [f"{count} {word}" for count, word in ((processing, "converting"), (queued, "waiting")) if count]
    parts = [", ".join(work) or "nothing to convert"]
    if pause_reason is not None:
        parts.append(_PAUSED.get(pause_reason, f"paused ({pause_reason})"))
    if troubles:
        more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
        parts.append(f"{troubles[0]}{more}")
    return "; ".join(parts)
