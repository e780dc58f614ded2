"""Answers of REST that are on no socket."""

from __future__ import annotations

from msgspec import Struct

from mkv2castd.api.folder_views import FolderView
from mkv2castd.model import printable
from mkv2castd.queries import Counts, FolderFacts


class LogView(Struct, frozen=True):
    id: str
    log: str


class HealthView(Struct, frozen=True):
    ok: bool
    problems: list[str]


class QueueView(Struct, frozen=True):
    paused: bool


class StatsView(Struct, frozen=True):
    """The answer of GET /api/stats/. `pause_reason`: "requested", "battery", "hours", or null: nothing holds encoding
    back."""

    processing: int
    queued: int
    failed: int
    pause_reason: str | None


def stats_view(counts: Counts, pause_reason: str | None) -> StatsView:
    return StatsView(counts.processing, counts.queued, counts.failed, pause_reason)


def folder_view(facts: FolderFacts) -> FolderView:
    return FolderView(
        name=facts.name,
        path=printable(facts.path),
        output=printable(facts.output) if facts.output is not None else None,
        profile=list(facts.profile),
        state=facts.state,
        problem=facts.problem,
        watching=facts.watching,
        files=facts.files,
        pending=facts.pending,
    )
