"""Devices, folders and jobs → the properties of their D-Bus objects, and where these objects are.

A text that there is none of is empty; a number that is not known is None, and its property is left out.
"""

from __future__ import annotations

import re
from uuid import UUID

from mkv2castd.api import render
from mkv2castd.model import Job, Progress, printable
from mkv2castd.queries import Counts, DeviceFacts, FolderFacts

NAME = "org.mkv2cast.Daemon1"
ROOT = "/org/mkv2cast/Daemon1"
NOWHERE = "/"  # the path that stands for no object
_OTHER = re.compile(rb"[^A-Za-z0-9]")

Values = dict[str, object]


def label(name: str) -> str:
    """A name as one part of an object's path: what is no letter or digit of ASCII, and a digit that comes first,
    becomes _ and two hexadecimal digits a byte. As sd_bus_path_encode does, so that sd_bus_path_decode reads it."""
    raw = name.encode("utf-8", "surrogateescape")
    if not raw:
        return "_"
    made = _OTHER.sub(lambda byte: b"_%02x" % byte[0][0], raw[1:])
    first = raw[:1]
    return ((b"_%02x" % first[0]) if _OTHER.match(first) or first.isdigit() else first).decode() + made.decode()


def device_path(device_id: str) -> str:
    return f"{ROOT}/devices/{label(device_id)}"


def folder_path(name: str) -> str:
    return f"{ROOT}/folders/{label(name)}"


def job_path(job_id: UUID) -> str:
    return f"{ROOT}/jobs/{str(job_id).replace('-', '_')}"


def manager_values(version: str, paused: bool, reason: str | None, counts: Counts) -> Values:
    return {
        "Version": version,
        "Paused": paused,
        "PauseReason": reason if reason is not None else "",
        "Processing": counts.processing,
        "Queued": counts.queued,
        "Failed": counts.failed,
    }


def device_values(facts: DeviceFacts) -> Values:
    return {
        "Id": facts.id,
        "Name": facts.name,
        "Vendor": facts.vendor if facts.vendor is not None else "",
        "Kind": facts.kind,
        "Encoders": list(facts.encoders),
        "Slots": facts.slots,
        "Enabled": facts.enabled,
        "Healthy": facts.healthy,
        "Problem": facts.problem if facts.problem is not None else "",
        "Running": [job_path(job_id) for job_id in facts.running],
        "Queued": facts.queued,
    }


def folder_values(facts: FolderFacts) -> Values:
    return {
        "Name": facts.name,
        "Path": printable(facts.path),
        "Output": printable(facts.output) if facts.output is not None else "",
        "Profile": list(facts.profile),
        "State": facts.state,
        "Problem": facts.problem if facts.problem is not None else "",
        "Watching": facts.watching,
        "Files": facts.files,
        "Pending": facts.pending,
    }


def job_values(job: Job, progress: Progress | None, attempt: int | None) -> Values:
    """attempt: the number of the one under way; None until it is known."""
    stage = progress.stage if progress is not None else job.stage
    return {
        "Id": str(job.id),
        "Path": printable(job.source),
        "Output": printable(job.output) if job.output is not None else "",
        "Status": job.status.value,
        "Stage": stage.value if stage is not None else "",
        "Progress": render.percent(job, progress),
        "EtaSeconds": round(progress.eta) if progress is not None and progress.eta is not None else None,
        "Speed": progress.speed if progress is not None else None,
        "Fps": progress.fps if progress is not None else None,
        "Device": device_path(job.lane) if job.lane is not None else NOWHERE,
        "Attempt": attempt,
        "Paused": job.paused,
    }
