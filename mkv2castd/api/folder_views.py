"""Folders as programs are told of them."""

from __future__ import annotations

from msgspec import Struct


class FolderView(Struct, frozen=True, kw_only=True):
    """One of the answer of GET /api/folders/, and of `mkv2castctl folders --json`. `output`: null where outputs go
    beside their films; `state`: "starting", "online" or "offline"; `watching`: "inotify", "poll" or "none"; `files`:
    films that are there, `pending` of them not complete yet."""

    name: str
    path: str
    output: str | None
    profile: list[str]
    state: str
    problem: str | None
    watching: str
    files: int
    pending: int
