"""The nouns: what a job may become, and names that are no UTF-8."""

from __future__ import annotations

import dataclasses
import os
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest

from mkv2castd import model
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.model import TRANSITIONS, Identity, Job, JobStatus, Stage, advance, printable

P, A, Q, W = JobStatus.PENDING, JobStatus.ANALYZING, JobStatus.QUEUED, JobStatus.PROCESSING
DONE, FAILED, CANCELLED = JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED

# written out a second time on purpose: a change of the table must be meant
ALLOWED = {
    *((P, A), (P, FAILED), (P, CANCELLED)),
    *((A, P), (A, Q), (A, DONE), (A, FAILED), (A, CANCELLED)),
    *((Q, P), (Q, A), (Q, W), (Q, FAILED), (Q, CANCELLED)),
    *((W, Q), (W, DONE), (W, FAILED), (W, CANCELLED)),
    *((FAILED, Q), (CANCELLED, Q)),
}


def job(status: JobStatus = P) -> Job:
    return Job(UUID(int=1), "films", Path("/films/a.mkv"), None, status, created_at=1.0)


@pytest.mark.parametrize(("old", "new"), list(product(JobStatus, JobStatus)), ids=lambda status: status.value)
def test_a_job_moves_only_along_the_table(old: JobStatus, new: JobStatus) -> None:
    before = job(old)
    if (old, new) in ALLOWED:
        after = advance(before, new, stage=Stage.WAITING)
        assert (after.status, after.stage, after.id) == (new, Stage.WAITING, before.id)
    else:
        with pytest.raises(RequestError, match=f"{old.value} cannot become {new.value}") as caught:
            advance(before, new)
        assert caught.value.code is ErrorCode.INVALID_STATE
    assert before == job(old)


def test_the_table_knows_every_state_and_cannot_be_changed() -> None:
    assert set(TRANSITIONS) == set(JobStatus)
    with pytest.raises(TypeError):
        TRANSITIONS[DONE] = frozenset(JobStatus)  # type: ignore[index]


def test_the_seven_states_are_those_of_the_wire() -> None:
    assert [status.value for status in JobStatus] == [
        *("pending", "analyzing", "queued", "processing", "completed", "failed", "cancelled")
    ]


def test_a_finished_job_goes_on_only_by_a_retry() -> None:
    finished = {status for status in JobStatus if status.finished}
    assert finished == {DONE, FAILED, CANCELLED}
    for status in finished:
        assert TRANSITIONS[status] <= {Q}


def test_every_state_can_be_left_or_is_an_end_that_was_meant() -> None:
    assert {status for status in JobStatus if not TRANSITIONS[status]} == {DONE}


def test_every_state_can_be_reached_from_the_first() -> None:
    reached, fresh = {P}, [P]
    while fresh:
        for status in TRANSITIONS[fresh.pop()] - reached:
            reached.add(status)
            fresh.append(status)
    assert reached == set(JobStatus)


def test_the_nouns_are_frozen_and_slotted() -> None:
    nouns = [kind for kind in vars(model).values() if dataclasses.is_dataclass(kind) and isinstance(kind, type)]
    assert len(nouns) > 8
    for noun in nouns:
        assert noun.__dataclass_params__.frozen, noun  # type: ignore[attr-defined]
        assert "__slots__" in vars(noun), noun


def test_an_identity_changes_with_the_content(tmp_path: Path) -> None:
    file = tmp_path / "a.mkv"
    file.write_bytes(b"1")
    first = Identity.of(file.stat())
    assert Identity.of(file.stat()) == first
    os.utime(file, ns=(0, first.mtime_ns + 1))
    assert Identity.of(file.stat()) != first
    file.write_bytes(b"12")
    assert Identity.of(file.stat()).size == 2


def test_a_renamed_file_keeps_its_identity(tmp_path: Path) -> None:
    file = tmp_path / "a.mkv"
    file.write_bytes(b"1")
    before = Identity.of(file.stat())
    assert Identity.of(file.rename(tmp_path / "b.mkv").stat()) == before


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"/a/film.mkv", "/a/film.mkv"),
        ("/a/映画 é.mkv".encode(), "/a/映画 é.mkv"),
        (b"/a/caf\xe9.mkv", "/a/caf\ufffd.mkv"),
        (b"/a/\xff\xfe", "/a/\ufffd\ufffd"),
    ],
)
def test_a_name_for_people_is_always_utf_8(raw: bytes, shown: str) -> None:
    assert printable(os.fsdecode(raw)) == shown
    assert printable(Path(os.fsdecode(raw))) == shown
    shown.encode()
