"""The messages as types: what is sent decodes by its own schema, and text is always JSON that anybody can read."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.api import render, rest_views, wire
from mkv2castd.api.hub import changes
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.model import JobStatus, Progress, Stage
from tests.api.fakes import ANALYSIS, FAILURE, PROGRESS, FakeDaemon

decode = msgspec.json.Decoder(wire.Message, strict=True).decode


def everything_that_is_told(ui: bool) -> list[wire.Message]:
    daemon = FakeDaemon()
    queued = daemon.add()
    working = daemon.start(queued.id)
    failed = daemon.fail(queued.id)
    refused = RequestError(ErrorCode.INVALID_STATE, "too late")
    return [
        render.status_message(queued, None, ui),
        render.progress_message(working, PROGRESS, ui),
        render.analysis_message(working, ANALYSIS, PROGRESS, ui),
        render.failure_message(failed, ui),
        render.cancel_response(failed, None, refused, ui),
        render.complaint("what?", working, PROGRESS, ui),
        render.complaint("what?", None, None, ui),
        render.refusal(ErrorCode.NO_SUCH_JOB, "there is no job x", "x", ui),
        render.refusal(ErrorCode.NOT_AUTHORIZED, "foreign", None, ui),
        wire.JobUpdate(render.job_view(working, PROGRESS)),
        wire.JobsList([render.job_view(failed, None)], paused=True),
        wire.JobRemoved(str(queued.id)),
        wire.Queue(paused=False),
    ]


@pytest.mark.parametrize("ui", [False, True])
def test_every_message_is_what_its_type_says(ui: bool) -> None:
    for message in everything_that_is_told(ui):
        assert decode(wire.encode(message)) == message


def test_facts_that_are_not_known_are_null_and_never_missing() -> None:
    daemon = FakeDaemon()
    job = daemon.start(daemon.add().id)
    nothing = Progress(stage=Stage.TRANSCODING, percent=0.0)
    told = json.loads(wire.encode(render.progress_message(job, nothing)))
    for name in ("eta_seconds", "eta", "speed", "frame", "fps", "size", "time", "bitrate", "error"):
        assert told[name] is None
    unknown = replace(ANALYSIS.streams[0], codec=None, width=None, height=None, duration=None, bitrate=None)
    video = json.loads(wire.encode(render.analysis_view(replace(ANALYSIS, streams=(unknown,)))))["streams"]["video"]
    assert {video[name] for name in ("codec", "width", "height", "duration", "bitrate")} == {None}


def test_a_film_without_picture_has_no_video() -> None:
    sound = replace(ANALYSIS, streams=ANALYSIS.streams[1:3], skip="nothing to do")
    view = render.analysis_view(sound)
    assert (view.streams.video, len(view.streams.audio), view.streams.other) == (None, 2, [])
    assert (view.skipped, view.reason) == (True, "nothing to do")


def test_the_picture_of_a_film_is_the_one_that_is_kept() -> None:
    cover = replace(ANALYSIS.streams[4], index=0)
    view = render.analysis_view(replace(ANALYSIS, streams=(cover, ANALYSIS.streams[0])))
    assert view.streams.video is not None
    assert view.streams.video.codec == "hevc"
    assert [other.codec for other in view.streams.other] == ["mjpeg"]


@pytest.mark.parametrize(
    ("speed", "said"), [(2.5, "2.5x"), (1.0, "1x"), (0.876, "0.88x"), (100.0, "100x"), (12.25, "12.25x"), (0.0, "0x")]
)
def test_speed_is_said_as_ffmpeg_says_it(speed: float, said: str) -> None:
    job = FakeDaemon().add(status=JobStatus.PROCESSING)
    assert render.progress_message(job, replace(PROGRESS, speed=speed)).speed == said


@pytest.mark.parametrize(
    ("position", "said"),
    [
        (330.0, "00:05:30.00"),
        (0.0, "00:00:00.00"),
        (3599.999, "01:00:00.00"),
        (360000.5, "100:00:00.50"),
        (-1, "00:00:00.00"),
    ],
)
def test_the_position_is_a_clock(position: float, said: str) -> None:
    job = FakeDaemon().add(status=JobStatus.PROCESSING)
    assert render.progress_message(job, replace(PROGRESS, position=position)).time == said


@pytest.mark.parametrize("status", list(JobStatus))
def test_only_a_running_job_has_speed_and_time_left(status: JobStatus) -> None:
    job = FakeDaemon().add(status=status)
    view = render.job_view(job, PROGRESS)
    working = status is JobStatus.PROCESSING
    assert (view.speed, view.eta_seconds) == (("2.5x", 120) if working else (None, None))
    assert view.progress == (100.0 if status is JobStatus.COMPLETED else 45.5 if working else 0.0)


@given(st.text(alphabet=st.characters(), max_size=30))
def test_any_text_becomes_json(text: str) -> None:
    told = json.loads(wire.encode(rest_views.LogView("x", text)))["log"]
    assert told == text or "�" in told


def test_a_job_tells_everything_that_is_for_others() -> None:
    daemon = FakeDaemon()
    inner = {"source", "identity", "sequence", "failure", "analysis", "output", "revision", "work"}
    shown = {field.name for field in fields(daemon.add())} - inner
    assert shown <= {field.name for field in msgspec.structs.fields(wire.JobView)}


def test_a_stored_change_that_nobody_can_see_is_not_told() -> None:
    job = FakeDaemon().add()
    assert changes(replace(job, revision=1), job, None, ui=False) == []


def test_an_error_is_told_once_and_not_again_with_each_change_of_a_failed_job() -> None:
    failed = FakeDaemon().add(status=JobStatus.FAILED, failure=FAILURE)
    assert [type(one) for one in changes(failed, None, None, ui=False)] == [wire.Status, wire.Error]
    assert [type(one) for one in changes(replace(failed, priority=3), failed, None, ui=False)] == [wire.Status]
