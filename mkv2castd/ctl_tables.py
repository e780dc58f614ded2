"""Jobs, devices, folders and profiles → tables for people, as values; `ctl_output` puts them on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType

from mkv2castd.api.device_views import ProfileView
from mkv2castd.api.folder_views import FolderView
from mkv2castd.api.wire import AnalysisView, AttemptView, JobView, StreamView
from mkv2castd.ctl_text import length, local_time, safe, short_ids, size
from mkv2castd.ctl_views import DeviceView, StatusView
from mkv2castd.model import JobStatus, StreamKind

Row = tuple[str, ...]

STYLES: Mapping[str, str] = MappingProxyType(
    {
        JobStatus.PROCESSING.value: "cyan",
        JobStatus.COMPLETED.value: "green",
        JobStatus.FAILED.value: "red",
        "copy": "green",
        "transcode": "yellow",
        "convert": "cyan",
        "drop": "red",
        "offline": "red",
        "yes": "green",
        "no": "red",
        "disabled": "yellow",
    }
)  # of cells that are one of these words


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are safe to print. heads: None where the first column tells what the others are. right: the columns that
    hold numbers. notes: lines below it."""

    heads: Row | None
    rows: Sequence[Row]
    right: frozenset[int] = frozenset()
    notes: Sequence[str] = ()


def status(view: StatusView) -> Table:
    queue = "working" if view.pause_reason is None else f"held: {_PAUSES.get(view.pause_reason, view.pause_reason)}"
    rows = (
        ("mkv2castd", f"{safe(view.version)} on the {view.bus} bus"),
        ("queue", queue),
        *((name, str(count)) for name, count in _counts(view)),
    )
    return Table(None, rows)


_PAUSES: Mapping[str, str] = MappingProxyType(
    {
        "requested": "somebody has paused it; `mkv2castctl resume --all` ends that",
        "hours": "these are not the hours of [queue] hours",
        "battery": "this machine runs on its battery",
    }
)


def _counts(view: StatusView) -> Iterable[tuple[str, int]]:
    return (("processing", view.processing), ("queued", view.queued), ("failed", view.failed))


def jobs(views: Sequence[JobView], zone: tzinfo | None = None) -> Table:
    ids = short_ids(view.id for view in views)
    rows = [
        (
            ids[view.id],
            state(view),
            how_far(view),
            safe(view.device) if view.device is not None else "",
            str(view.priority) if view.priority else "",
            local_time(view.created_at, zone),
            safe(view.filename),
        )
        for view in views
    ]
    return Table(("id", "status", "done", "device", "prio", "since", "film"), rows, frozenset({2, 4}))


def state(view: JobView) -> str:
    """The status in a word or three: a skipped film is told from one that was made."""
    if view.skipped:
        return "skipped"
    return f"{view.status.value}, paused" if view.paused else view.status.value


def how_far(view: JobView) -> str:
    """Of what is being worked on: its percentage, and how long it will still take; else nothing."""
    if view.status is not JobStatus.PROCESSING:
        return ""
    rest = f" ({length(view.eta_seconds)} left)" if view.eta_seconds is not None else ""
    return f"{int(view.progress)} %{rest}"  # never 100 before its time


def job(view: JobView, zone: tzinfo | None = None) -> Table:
    """Everything that is known of one job; what is not known is left out."""
    rows: list[Row] = [
        ("id", view.id),
        ("film", safe(view.path)),
        ("status", state(view)),
        ("folder", safe(view.folder)),
    ]
    optional: tuple[tuple[str, str | None], ...] = (
        ("stage", view.stage.value if view.stage is not None else None),
        ("done", how_far(view) or None),
        ("speed", view.speed),
        ("priority", str(view.priority) if view.priority else None),
        ("profile", ", ".join(view.profile) if view.profile is not None else None),
        ("container", view.container.value if view.container is not None else None),
        ("device", view.device),
        ("why there", view.lane_reason),
        ("output", view.output_path),
        ("size", size(view.output_size) if view.output_size is not None else None),
        ("why", view.reason),
        ("error", view.error.value if view.error is not None else None),
        ("message", view.message),
        ("added", local_time(view.created_at, zone)),
        ("started", local_time(view.started_at, zone) if view.started_at is not None else None),
        ("ended", local_time(view.finished_at, zone) if view.finished_at is not None else None),
        ("took", length(view.duration) if view.duration is not None else None),
    )
    rows += [(name, safe(text)) for name, text in optional if text is not None]
    return Table(None, rows)


def attempts(views: Sequence[AttemptView], zone: tzinfo | None = None) -> Table:
    rows = [
        (
            str(view.number),
            safe(view.device),
            view.outcome.value,
            local_time(view.started_at, zone),
            safe("; ".join(text for text in (view.means, view.why, view.message) if text)),
        )
        for view in views
    ]
    return Table(("attempt", "device", "outcome", "started", "how and why"), rows, frozenset({0}))


def devices(views: Sequence[DeviceView]) -> Table:
    rows = [
        (
            safe(view.id),
            safe(view.name),
            _health(view),
            str(len(view.running)),
            str(view.queued),
            str(view.slots),
            safe(", ".join(view.encoders).replace("-10bit", " 10-bit")),
        )
        for view in views
    ]
    notes = [f"{safe(view.id)}: {safe(view.problem)}" for view in views if view.problem is not None]
    heads = ("id", "name", "usable", "runs", "waits", "at once", "encodes")
    return Table(heads, rows, frozenset({3, 4, 5}), notes)


def _health(view: DeviceView) -> str:
    if not view.enabled:
        return "disabled"
    return "yes" if view.healthy else "no"


def folders(views: Sequence[FolderView]) -> Table:
    rows = [
        (
            safe(view.name),
            safe(view.state),
            str(view.files),
            str(view.pending),
            safe(view.watching),
            safe(", ".join(view.profile)),
            safe(view.path),
            safe(view.output) if view.output is not None else "",
        )
        for view in views
    ]
    notes = [f"{safe(view.name)}: {safe(view.problem)}" for view in views if view.problem is not None]
    heads = ("name", "state", "films", "incomplete", "watched by", "plays on", "path", "output")
    return Table(heads, rows, frozenset({2, 3}), notes)


def profiles(views: Sequence[ProfileView]) -> Table:
    rows = [
        (
            safe(view.id),
            safe(view.title),
            safe(", ".join(container.name for container in view.containers)),
            safe(", ".join(codec.codec for codec in view.video)),
            safe(", ".join(codec.codec for codec in view.audio)),
        )
        for view in views
    ]
    return Table(("id", "name", "containers", "video", "sound"), rows)


def analysis(path: str, view: AnalysisView) -> tuple[str, Table, Table]:
    """What is to be done, stream by stream, and on which devices the film plays as it is."""
    done = f"nothing to do: {safe(view.reason or '')}" if view.skipped else f"→ {view.container.value}"
    streams: list[tuple[StreamKind, StreamView]] = [
        *([(StreamKind.VIDEO, view.streams.video)] if view.streams.video is not None else []),
        *((StreamKind.AUDIO, one) for one in view.streams.audio),
        *((StreamKind.SUBTITLE, one) for one in view.streams.subtitle),
        *((one.kind, one) for one in view.streams.other),
    ]
    rows = [_stream(kind, one) for kind, one in sorted(streams, key=lambda pair: pair[1].index)]
    notes = [f"on {safe(view.lane)}: {safe(view.lane_reason or '')}"] if view.lane is not None else []
    verdicts = [
        ("yes" if one.plays else "no", safe(one.id), safe("; ".join(one.reasons)) if one.reasons else "as it is")
        for one in view.devices
    ]
    return (
        f"{safe(path)}: {done}",
        Table(("stream", "codec", "", "becomes", "why"), rows, notes=notes),
        Table(("plays", "on", "why"), verdicts),
    )


def _stream(kind: StreamKind, view: StreamView) -> Row:
    language = f" ({safe(view.language)})" if view.language else ""
    return (
        f"#{view.index} {kind.value}{language}",
        safe(view.codec) if view.codec is not None else "unknown",
        view.action.value,
        safe(view.target_codec) if isinstance(view.target_codec, str) else "",
        safe(view.reason),
    )
