"""The daemon's verbs in memory: the real event hub, jobs in a dict, every event in the order that a test wants."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from mkv2castd.config import Config
from mkv2castd.config_loading import folder_from
from mkv2castd.errors import ConfigError, ErrorCode, RequestError
from mkv2castd.events import (
    DeviceChanged,
    FolderChanged,
    FolderRemoved,
    Hub,
    JobChanged,
    JobProgressed,
    JobRemoved,
    QueueChanged,
)
from mkv2castd.model import (
    Action,
    Analysis,
    Attempt,
    Container,
    DeviceVerdict,
    Failure,
    FolderState,
    FolderStatus,
    Job,
    JobStatus,
    Outcome,
    Progress,
    Stage,
    StreamDecision,
    StreamKind,
    advance,
)
from mkv2castd.queries import (
    ContainerFacts,
    Counts,
    DeviceFacts,
    FolderFacts,
    Health,
    JobPage,
    JobQuery,
    LimitFacts,
    PictureFacts,
    ProfileFacts,
    SoundFacts,
)
from mkv2castd.wishes import Reader, check_switch

ANALYSIS = Analysis(
    streams=(
        StreamDecision(
            *(0, StreamKind.VIDEO, "hevc", Action.TRANSCODE, "HEVC does not play", "h264"),
            width=1920,
            height=1080,
            duration=7200.0,
            bitrate=8_000_000,
        ),
        StreamDecision(
            *(1, StreamKind.AUDIO, "dts", Action.TRANSCODE, "DTS does not play", "aac"), channels=6, sample_rate=48000
        ),
        StreamDecision(
            2, StreamKind.AUDIO, "aac", Action.COPY, "plays", channels=2, sample_rate=48000, language="fre"
        ),
        StreamDecision(3, StreamKind.SUBTITLE, "subrip", Action.COPY, "text", language="eng", title="SDH"),
        StreamDecision(4, StreamKind.VIDEO, "mjpeg", Action.DROP, "cover art"),
        StreamDecision(5, StreamKind.ATTACHMENT, "ttf", Action.COPY, "a font"),
    ),
    profile=("chromecast",),
    container=Container.MKV,
    duration=7200.0,
    lane="cpu",
    devices=(
        DeviceVerdict("chromecast", "every Chromecast ever sold", False, ("the devices do not play this codec",)),
        DeviceVerdict("chromecast-ultra", "Chromecast Ultra", True),
    ),
)
PROFILES = (
    ProfileFacts(
        "tv",
        "Television",
        False,
        (ContainerFacts("mkv", False, ("hevc",), ("aac",)),),
        (PictureFacts("hevc", (LimitFacts(3840, 2160, 60.0),), ("Main", "Main 10"), "5.1", True, ("hdr10", "hlg")),),
        (SoundFacts("aac", 96000, 24),),
    ),
)
DEVICES = (
    DeviceFacts(
        "pci-0000_03_00_0",
        "Arc A380",
        "gpu",
        ("h264", "hevc-10bit"),
        slots=2,
        vendor="intel",
        driver="i915",
        running=(UUID(int=7),),
        queued=3,
    ),
    DeviceFacts(
        *("GPU-eaf23aa1", "GeForce GTX 1070", "gpu", (), 0),
        vendor="nvidia",
        healthy=False,
        problem="its driver is not loaded: modprobe nvidia",
    ),
    DeviceFacts("cpu", "the processor", "cpu", ("h264",), 1),
    DeviceFacts("remux", "copying", "remux", (), 2),
)
FOLDERS = (
    FolderFacts(
        *("incoming", Path("/srv/media/incoming"), Path("/srv/media/cast"), ("chromecast",)),
        state="online",
        problem=None,
        watching="inotify",
        files=12,
        pending=1,
    ),
    FolderFacts(
        *("usb", Path("/mnt/usb"), None, ("chromecast-ultra", "nest-hub")),
        state="offline",
        problem="/mnt/usb: No such file or directory: mount or create it; it is tried all the time",
        watching="none",
        files=3,
        pending=0,
    ),
)
PROGRESS = Progress(
    stage=Stage.TRANSCODING,
    percent=45.5,
    eta=120.4,
    speed=2.5,
    frame=12345,
    fps=45.2,
    size=524288000,
    position=330.0,
    bitrate_kbps=8000.0,
)
FAILURE = Failure(
    ErrorCode.FFMPEG_ERROR, "FFmpeg process exited with code 1", "Error during encoding: No VAAPI device available"
)


class FakeDaemon:
    """`api.verbs.Verbs`, kept in memory. `gate`: while it is cleared, reading a job or the overview waits after the
    state was read."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.queue_paused = False
        self.pause_reason: str | None = None
        self.watched = {facts.name: facts for facts in FOLDERS}
        self.scanned: list[str] = []
        self.reloads = 0
        self.fault: ConfigError | None = None
        self.known: dict[UUID, Job] = {}
        self.told: dict[UUID, Progress] = {}
        self.well = Health(ok=True)
        self.gate = asyncio.Event()
        self.gate.set()
        self.reading = asyncio.Event()
        self.submitted: dict[str, Any] = {}
        self.broken = False
        self.hardware = {device.id: device for device in DEVICES}

    # what the daemon does by itself

    def add(self, name: str | Path = "movie.mkv", status: JobStatus = JobStatus.QUEUED, **fields: Any) -> Job:
        job = Job(
            id=uuid4(),
            folder="incoming",
            source=Path("/srv/media/incoming") / name,
            identity=None,
            status=status,
            created_at=1_700_000_000.25 + len(self.known),
            **fields,
        )
        self.known[job.id] = job
        self.hub.publish(JobChanged(job, None))
        return job

    def change(self, job_id: UUID, status: JobStatus | None = None, **fields: Any) -> Job:
        previous = self.known[job_id]
        fields["revision"] = previous.revision + 1
        job = replace(previous, **fields) if status is None else advance(previous, status, **fields)
        self.known[job_id] = job
        if job.status is not JobStatus.PROCESSING:
            self.told.pop(job_id, None)
        self.hub.publish(JobChanged(job, previous))
        return job

    def report(self, job_id: UUID, percent: float = 45.5, **fields: Any) -> None:
        progress = replace(PROGRESS, percent=percent, **fields)
        self.told[job_id] = progress
        self.hub.publish(JobProgressed(job_id, progress))

    def start(self, job_id: UUID) -> Job:
        return self.change(
            job_id, JobStatus.PROCESSING, stage=Stage.TRANSCODING, analysis=ANALYSIS, started_at=1_700_000_100.0
        )

    def complete(self, job_id: UUID) -> Job:
        source = self.known[job_id].source
        return self.change(
            job_id,
            JobStatus.COMPLETED,
            stage=None,
            output=source.with_name(f"{source.stem}_chromecast.mkv"),
            output_size=943718400,
            finished_at=1_700_001_000.0,
        )

    def fail(self, job_id: UUID) -> Job:
        return self.change(job_id, JobStatus.FAILED, stage=None, failure=FAILURE, finished_at=1_700_000_500.0)

    # Verbs

    async def job(self, job_id: UUID) -> Job:
        found = self.known.get(job_id)
        await self._read()
        if found is None:
            raise RequestError(ErrorCode.NO_SUCH_JOB, f"there is no job {job_id}")
        return found

    async def attempts(self, job_id: UUID) -> tuple[Attempt, ...]:
        return (Attempt(1, "cpu", 1_700_000_100.0, Outcome.FAILED, 1_700_000_500.0, FAILURE, 1),)

    def progress(self, job_id: UUID) -> Progress | None:
        return self.told.get(job_id)

    async def jobs(self, query: JobQuery) -> JobPage:
        found = [job for job in reversed(self.known.values()) if not query.statuses or job.status in query.statuses]
        found = [job for job in found if query.folder in (None, job.folder) and (query.text or "") in job.source.name]
        found = [job for job in found if str(job.id).startswith(query.id or "")]
        return JobPage(tuple(found[query.offset : query.offset + query.limit]), len(found))

    async def overview(self) -> list[Job]:
        found = list(self.known.values())
        await self._read()
        return found

    async def submit(self, path: Path, **wishes: Any) -> Job:
        self.submitted = {"path": path, **wishes}
        if path.suffix == ".txt":
            raise RequestError(ErrorCode.INVALID_PATH, f"{path}: is no film")
        return self.add(path)

    async def cancel(self, job_id: UUID) -> Job:
        await self.job(job_id)
        return self.change(job_id, JobStatus.CANCELLED, stage=None)

    async def pause(self, job_id: UUID) -> Job:
        await self.job(job_id)
        return self.change(job_id, paused=True)

    async def resume(self, job_id: UUID) -> Job:
        await self.job(job_id)
        return self.change(job_id, paused=False)

    async def retry(self, job_id: UUID) -> Job:
        await self.job(job_id)
        return self.change(job_id, JobStatus.QUEUED, failure=None, started_at=None, finished_at=None)

    async def set_priority(self, job_id: UUID, priority: int) -> Job:
        await self.job(job_id)
        return self.change(job_id, priority=priority)

    async def remove(self, job_id: UUID) -> None:
        await self.job(job_id)
        del self.known[job_id]
        self.hub.publish(JobRemoved(job_id))

    async def log(self, job_id: UUID) -> str:
        return f"ffmpeg of {(await self.job(job_id)).source.name}\n"

    async def pause_queue(self) -> None:
        self.queue_paused, self.pause_reason = True, "requested"
        self.hub.publish(QueueChanged(True, "requested"))

    async def resume_queue(self) -> None:
        self.queue_paused, self.pause_reason = False, None
        self.hub.publish(QueueChanged(False, None))

    async def counts(self) -> Counts:
        of = Counter(job.status for job in self.known.values())
        return Counts(of[JobStatus.PROCESSING], of[JobStatus.QUEUED], of[JobStatus.FAILED])

    def folders(self) -> tuple[FolderFacts, ...]:
        return tuple(self.watched.values())

    async def add_folder(self, path: Path, settings: Mapping[str, object]) -> FolderFacts:
        folder = folder_from({"path": str(path), **settings}, Config())
        if folder.name in self.watched:
            raise RequestError(ErrorCode.INVALID_STATE, f"there is a folder {folder.name!r} already")
        facts = FolderFacts(
            *(folder.name, folder.root, folder.output_root, folder.profile, "starting", None, "none", 0, 0)
        )
        self.watched[folder.name] = facts
        self.hub.publish(FolderChanged(FolderStatus(folder.name, folder.root, FolderState.STARTING)))
        return facts

    async def remove_folder(self, name: str) -> None:
        self._require_folder(name)
        del self.watched[name]
        self.hub.publish(FolderRemoved(name))

    async def scan_folder(self, name: str) -> None:
        self._require_folder(name)
        self.scanned.append(name)

    def _require_folder(self, name: str) -> None:
        if name not in self.watched:
            raise RequestError(ErrorCode.NO_SUCH_FOLDER, f"there is no folder {name!r}")

    async def reload(self) -> None:
        if self.fault is not None:
            raise self.fault
        self.reloads += 1

    async def analyze(
        self,
        path: Path,
        *,
        profile: tuple[str, ...] | None = None,
        container: Container | None = None,
        reader: Reader | None = None,
    ) -> Analysis:
        if not path.exists():
            raise RequestError(ErrorCode.INVALID_PATH, f"{path}: is not there")
        return replace(ANALYSIS, container=container or ANALYSIS.container)

    def devices(self) -> tuple[DeviceFacts, ...]:
        return tuple(self.hardware.values())

    async def enable_device(self, device_id: str) -> DeviceFacts:
        return self._switch(device_id, True)

    async def disable_device(self, device_id: str) -> DeviceFacts:
        return self._switch(device_id, False)

    def _switch(self, device_id: str, enabled: bool) -> DeviceFacts:
        check_switch(device_id, self.devices())
        self.hardware[device_id] = replace(self.hardware[device_id], enabled=enabled)
        self.hub.publish(DeviceChanged(device_id))
        return self.hardware[device_id]

    def profiles(self) -> tuple[ProfileFacts, ...]:
        return PROFILES

    def health(self) -> Health:
        if self.broken:
            raise RuntimeError("a fault of ours")
        return self.well

    async def _read(self) -> None:
        self.reading.set()
        await self.gate.wait()
