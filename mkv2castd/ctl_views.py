"""What mkv2castctl shows beside jobs: objects on D-Bus → their JSON. A text that is empty there is null here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mkv2castd.api.folder_views import FolderView


class StatusView(Struct, frozen=True, kw_only=True):
    """`bus`: where the daemon is. `pause_reason`: what holds the queue; null: nothing does."""

    version: str
    bus: str
    paused: bool
    pause_reason: str | None
    processing: int
    queued: int
    failed: int


class DeviceView(Struct, frozen=True, kw_only=True):
    """`running`: ids of the jobs that it works on; `queued`: how many wait for it."""

    id: str
    name: str
    vendor: str | None
    kind: str
    encoders: list[str]
    slots: int
    enabled: bool
    healthy: bool
    problem: str | None
    running: list[str]
    queued: int


def status_view(bus: str, values: Mapping[str, Any]) -> StatusView:
    return StatusView(
        version=values["Version"],
        bus=bus,
        paused=values["Paused"],
        pause_reason=values["PauseReason"] or None,
        processing=values["Processing"],
        queued=values["Queued"],
        failed=values["Failed"],
    )


def device_view(values: Mapping[str, Any]) -> DeviceView:
    return DeviceView(
        id=values["Id"],
        name=values["Name"],
        vendor=values["Vendor"] or None,
        kind=values["Kind"],
        encoders=values["Encoders"],
        slots=values["Slots"],
        enabled=values["Enabled"],
        healthy=values["Healthy"],
        problem=values["Problem"] or None,
        running=[_job_id(path) for path in values["Running"]],
        queued=values["Queued"],
    )


def folder_view(values: Mapping[str, Any]) -> FolderView:
    return FolderView(
        name=values["Name"],
        path=values["Path"],
        output=values["Output"] or None,
        profile=values["Profile"],
        state=values["State"],
        problem=values["Problem"] or None,
        watching=values["Watching"],
        files=values["Files"],
        pending=values["Pending"],
    )


def _job_id(path: str) -> str:
    return path.rpartition("/")[2].replace("_", "-")
