"""Answers of REST that are on no socket."""

from __future__ import annotations

from msgspec import Struct

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


class FolderView(Struct, frozen=True, kw_only=True):
    """One of the answer of GET /api/folders/. `output`: null where outputs go beside their films; `state`:
    "starting", "online" or "offline"; `watching`: "inotify", "poll" or "none"; `files`: films that are there,
    `pending` of them not complete yet."""

    name: str
    path: str
    output: str | None
    profile: list[str]
    state: str
    problem: str | None
    watching: str
    files: int
    pending: int


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
