"""What is asked about jobs, devices and folders, and the answers, as values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

from mkv2castd.model import Job, JobStatus


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Which jobs, newest first. Empty `statuses`: all. text: part of the file's name, ASCII case ignored.
    id: how the job's id begins.

    offset ≥ 0; 1 ≤ limit ≤ 500.
    """

    statuses: tuple[JobStatus, ...] = ()
    folder: str | None = None
    text: str | None = None
    id: str | None = None
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of an answer; `total` counts all jobs that match."""

    jobs: tuple[Job, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs are in these states at the moment."""

    processing: int
    queued: int
    failed: int


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """A configured folder, and how it stands.

    output: where its outputs go; None: beside each film. state: "starting", "online" or "offline", as
    model.FolderState has them. problem: a sentence with its remedy. watching: "inotify", "poll", or "none" while it
    is not watched. files: films that are known to be there; pending: those of them that are not complete yet.
    """

    name: str
    path: Path
    output: Path | None
    profile: tuple[str, ...]
    state: str
    problem: str | None
    watching: str
    files: int
    pending: int


@dataclass(frozen=True, slots=True)
class Health:
    """Is the daemon able to do its work? `problems`: a sentence with its remedy each."""

    ok: bool
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """listed: by Google; else it plays in practice. video, audio: the codecs that play in it."""

    name: str
    listed: bool
    video: tuple[str, ...]
    audio: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LimitFacts:
    """A picture of at most width × height at most `rate` times a second."""

    width: int
    height: int
    rate: float


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """A picture has to fit one of `limits`. level: the highest, as "5.1"; None: none but the limits."""

    codec: str
    limits: tuple[LimitFacts, ...]
    profiles: tuple[str, ...]
    level: str | None
    ten_bit: bool
    hdr: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """max_rate in Hz."""

    codec: str
    max_rate: int
    max_bits: int


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """What plays on a device, or on all of several that go by one name. builtin: not of the configuration."""

    id: str
    title: str
    builtin: bool
    containers: tuple[ContainerFacts, ...]
    video: tuple[PictureFacts, ...]
    audio: tuple[SoundFacts, ...]


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What encodes, or copies, and how it is at the moment.

    id: as mkv2castd.device names it. vendor, driver: of GPUs only, the driver None where it is not known. encoders:
    codecs that it has proved, "hevc-10bit" for those in 10 bits. slots: jobs at once. enabled: nobody has switched it
    off. healthy: false where it gets no work although it is enabled; problem then says why, with the remedy. running:
    the jobs that it works on; queued: how many wait for it.
    """

    id: str
    name: str
    kind: Literal["gpu", "cpu", "remux"]
    encoders: tuple[str, ...]
    slots: int
    vendor: str | None = None
    driver: str | None = None
    enabled: bool = True
    healthy: bool = True
    problem: str | None = None
    running: tuple[UUID, ...] = ()
    queued: int = 0
