"""Jobs, devices and folders as people see them: which words stand where, and what is left out."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import msgspec
import pytest

from mkv2castd import ctl_tables as tables
from mkv2castd.api import dbus_values, render
from mkv2castd.api.encoder_views import device_view as of_http
from mkv2castd.ctl_views import device_view, folder_view, status_view
from mkv2castd.model import JobStatus
from mkv2castd.queries import Counts
from tests.api.fakes import ANALYSIS, DEVICES, FOLDERS, PROFILES, FakeDaemon


def rows(table: tables.Table) -> list[tuple[str, ...]]:
    assert {len(row) for row in table.rows} <= {len(table.heads or table.rows[0])}
    return list(table.rows)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (None, "working"),
        ("battery", "held: this machine runs on its battery"),
        ("hours", "held: these are not the hours of [queue] hours"),
        ("something new", "held: something new"),
    ],
)
def test_what_holds_the_queue_is_said(reason: str | None, shown: str) -> None:
    view = status_view("system", dbus_values.manager_values("1.2", reason is not None, reason, Counts(1, 2, 3)))
    told = dict(rows(tables.status(view)))
    assert told == {
        "mkv2castd": "1.2 on the system bus",
        "queue": shown,
        "processing": "1",
        "queued": "2",
        "failed": "3",
    }


async def test_a_job_s_row_tells_how_far_it_is_only_while_it_is_worked_on() -> None:
    daemon = FakeDaemon()
    job = daemon.start(daemon.add(priority=3, paused=True, lane="cpu").id)
    daemon.report(job.id, 99.9, eta=None)
    queued = daemon.add(skipped=True)
    views = [render.job_view(one, daemon.progress(one.id)) for one in (job, queued)]
    first, second = rows(tables.jobs(views, UTC))
    assert first[1:] == ("processing, paused", "99 %", "cpu", "3", "2023-11-14 22:13:20", "movie.mkv")
    assert second[1:5] == ("skipped", "", "", "")


async def test_a_job_is_told_with_all_that_is_known_of_it_and_nothing_else() -> None:
    daemon = FakeDaemon()
    new = render.job_view(daemon.add(), None)
    assert [name for name, _ in rows(tables.job(new, UTC))] == ["id", "film", "status", "folder", "added"]
    done = daemon.complete(daemon.start(daemon.add(profile=("tv",), priority=1, lane_reason="fast").id).id)
    told = dict(rows(tables.job(render.job_view(done, None), UTC)))
    assert (told["size"], told["took"], told["profile"], told["why there"]) == ("900.0 MiB", "15:00", "tv", "fast")
    failed = daemon.fail(daemon.start(daemon.add().id).id)
    view = render.job_view(failed, None, await daemon.attempts(failed.id))
    assert dict(rows(tables.job(view, UTC)))["error"] == "ffmpeg_error"
    assert isinstance(view.attempts, list)
    (attempt,) = rows(tables.attempts(view.attempts, UTC))
    assert attempt == ("1", "cpu", "failed", "2023-11-14 22:15:00", "FFmpeg process exited with code 1")


def test_devices_are_usable_or_disabled_or_have_a_problem() -> None:
    views = [device_view(dbus_values.device_values(facts)) for facts in DEVICES]
    off = msgspec.structs.replace(views[0], enabled=False)
    table = tables.devices([*views, off])
    assert [row[2] for row in rows(table)] == ["yes", "no", "yes", "yes", "disabled"]
    assert table.rows[0][-1] == "h264, hevc 10-bit"
    assert table.notes == ["GPU-eaf23aa1: its driver is not loaded: modprobe nvidia"]


def test_a_device_s_json_is_that_of_the_http_interface_but_for_its_driver() -> None:
    for facts in DEVICES:
        ours: dict[str, Any] = msgspec.to_builtins(device_view(dbus_values.device_values(facts)))
        theirs: dict[str, Any] = msgspec.to_builtins(of_http(facts))
        theirs.pop("driver")
        assert ours == theirs


def test_folders_and_profiles_have_a_row_each() -> None:
    table = tables.folders([folder_view(dbus_values.folder_values(facts)) for facts in FOLDERS])
    first, second = rows(table)
    assert (first[-1], second[-1], second[1]) == ("/srv/media/cast", "", "offline")
    assert len(table.notes) == 1
    (profile,) = rows(tables.profiles([render.profile_view(facts) for facts in PROFILES]))
    assert profile == ("tv", "Television", "mkv", "hevc", "aac")


def test_an_analysis_tells_streams_in_their_order_and_every_device_s_verdict() -> None:
    title, streams, verdicts = tables.analysis("/srv/a\n.mkv", render.analysis_view(ANALYSIS))
    assert title == "/srv/a\\n.mkv: → mkv"
    assert [row[0].split()[0] for row in rows(streams)] == [f"#{number}" for number in range(6)]
    assert streams.rows[2][:4] == ("#2 audio (fre)", "aac", "copy", "")
    assert [row[0] for row in rows(verdicts)] == ["no", "yes"]
    bare = msgspec.structs.replace(
        render.analysis_view(ANALYSIS),
        streams=msgspec.structs.replace(render.analysis_view(ANALYSIS).streams, video=None),
        lane=None,
        skipped=True,
        reason="it plays",
    )
    title, streams, _ = tables.analysis("a.mkv", bare)
    assert (title, streams.notes) == ("a.mkv: nothing to do: it plays", [])


def test_every_state_that_is_coloured_is_a_word_that_stands_in_a_table() -> None:
    words = {*JobStatus, "copy", "transcode", "convert", "drop", "offline", "yes", "no", "disabled"}
    assert set(tables.STYLES) <= words
