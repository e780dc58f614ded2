"""Answers of REST that are on no socket."""

from __future__ import annotations

from msgspec import Struct


class LogView(Struct, frozen=True):
    id: str
    log: str


class HealthView(Struct, frozen=True):
    ok: bool
    problems: list[str]


class QueueView(Struct, frozen=True):
    paused: bool
