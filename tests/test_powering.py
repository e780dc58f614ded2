"""What power management is asked for, by what is being worked on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from mkv2castd.model import Job, JobStatus, Stage
from mkv2castd.powering import Doings, Need

JOB = Job(uuid4(), "films", Path("/films/film.mkv"), None, JobStatus.PROCESSING, 0.0, lane="cpu")
OTHER = replace(JOB, id=uuid4(), lane="remux")


def nothing_stands(lane: str) -> bool:
    return False


def encodes_stand(lane: str) -> bool:
    return lane != "remux"


def test_the_machine_stays_awake_while_a_film_is_worked_on() -> None:
    doings = Doings()
    assert doings.needs(nothing_stands) == set()
    doings.changed(replace(JOB, status=JobStatus.QUEUED))
    assert doings.needs(nothing_stands) == set()
    doings.changed(JOB)
    doings.changed(OTHER)
    assert doings.needs(nothing_stands) == {Need.AWAKE}
    doings.changed(replace(OTHER, status=JobStatus.COMPLETED))
    assert doings.needs(nothing_stands) == {Need.AWAKE}
    doings.changed(replace(JOB, status=JobStatus.FAILED))
    assert doings.needs(nothing_stands) == set()


def test_what_stands_still_may_sleep() -> None:
    doings = Doings()
    doings.changed(JOB)
    assert doings.needs(encodes_stand) == set()
    doings.changed(OTHER)
    assert doings.needs(encodes_stand) == {Need.AWAKE}
    doings.changed(replace(OTHER, paused=True))
    assert doings.needs(encodes_stand) == set()
    assert doings.needs(nothing_stands) == {Need.AWAKE}


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.QUEUED, JobStatus.CANCELLED])
def test_a_shutdown_waits_while_an_output_is_put_in_place(status: JobStatus) -> None:
    doings = Doings()
    doings.changed(JOB)
    doings.progressed(JOB.id, Stage.VERIFYING)
    assert Need.PLACING not in doings.needs(nothing_stands)
    doings.progressed(JOB.id, Stage.FINALIZING)
    assert doings.needs(nothing_stands) == {Need.AWAKE, Need.PLACING}
    doings.changed(replace(JOB, status=status))
    assert doings.needs(nothing_stands) == set()


def test_an_output_that_was_not_put_in_place_is_waited_for_no_longer() -> None:
    doings = Doings()
    doings.progressed(JOB.id, Stage.FINALIZING)
    doings.progressed(JOB.id, Stage.TRANSCODING)
    assert doings.needs(nothing_stands) == set()
