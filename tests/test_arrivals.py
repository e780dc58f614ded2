"""What sightings mean, over a real database and real identities."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mkv2castd.arrivals import Arrivals
from mkv2castd.config import FolderConfig
from mkv2castd.encoder.books import journal
from mkv2castd.encoder.commit import Commit
from mkv2castd.encoder.effects import Effects, Stop
from mkv2castd.errors import ErrorCode
from mkv2castd.ledger import KnownFile, Ledger
from mkv2castd.model import Failure, Identity, Job, JobStatus, Sighting, advance
from mkv2castd.queries import JobQuery
from mkv2castd.schema import migrate

FIRST = Identity(1, 100, 5000, 10)
SECOND = Identity(1, 100, 9000, 20)
FILM = Path("/films/film.mkv")


@dataclass
class Desk:
    """A ledger in memory with two folders of the same profile and one of another."""

    ledger: Ledger
    present: set[Path] = field(default_factory=set)

    def sight(
        self, path: Path, identity: Identity = FIRST, *, complete: bool = True, folder: str = "films"
    ) -> Effects:
        self.present.add(path)
        return self._tell(folder, lambda arrivals: arrivals.sight(Sighting(path, identity, complete)))

    def vanish(self, path: Path, folder: str = "films") -> Effects:
        self.present.discard(path)
        return self._tell(folder, lambda arrivals: arrivals.vanish(path))

    def _tell(self, folder: str, what: Callable[[Arrivals], None]) -> Effects:
        effects = Effects()
        config = FolderConfig(path=f"/{folder}", name=folder, priority=7)
        what(Arrivals(self.ledger, config, 50.0, self.present.__contains__, _same, effects))
        return effects

    def jobs(self) -> list[Job]:
        return list(self.ledger.page(JobQuery()).jobs)

    def only_job(self) -> Job:
        (job,) = self.jobs()
        return job

    def to(self, *statuses: JobStatus, failure: Failure | None = None) -> Job:
        """Leads the only job along."""
        job = self.only_job()
        for status in statuses:
            job = self.ledger.save(advance(job, status, failure=failure))
        return job


def _same(one: str, other: str) -> bool:
    return one == other or {one, other} == {"films", "more"}


@pytest.fixture
def desk() -> Desk:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    migrate(connection)
    return Desk(Ledger(connection))


def test_a_complete_film_becomes_a_job_that_is_analysed_at_once(desk: Desk) -> None:
    effects = desk.sight(FILM)
    job = desk.only_job()
    assert (job.status, job.folder, job.source, job.identity) == (JobStatus.ANALYZING, "films", FILM, FIRST)
    assert job.priority == 7
    assert effects.analyze == [job]


def test_a_growing_film_waits_as_pending_and_is_one_job_all_the_time(desk: Desk) -> None:
    assert desk.sight(FILM, FIRST, complete=False).analyze == []
    assert desk.only_job().status is JobStatus.PENDING
    assert desk.sight(FILM, SECOND, complete=False).analyze == []
    (analysed,) = desk.sight(FILM, SECOND).analyze
    assert analysed.id == desk.only_job().id
    assert (analysed.status, analysed.identity) == (JobStatus.ANALYZING, SECOND)


def test_telling_the_same_again_changes_nothing(desk: Desk) -> None:
    desk.sight(FILM)
    before = desk.jobs()
    for _ in range(3):
        assert desk.sight(FILM) == Effects()
    desk.to(JobStatus.QUEUED, JobStatus.PROCESSING, JobStatus.COMPLETED)
    assert desk.sight(FILM) == Effects()
    assert len(desk.jobs()) == len(before) == 1


def test_our_own_output_is_no_film(desk: Desk) -> None:
    output = Path("/films/film_chromecast.mkv")
    desk.ledger.remember(KnownFile(output, "films", SECOND, "output", None, FILM))
    assert desk.sight(output, SECOND) == Effects()
    assert desk.jobs() == []


def test_our_output_under_a_new_name_is_still_no_film(desk: Desk) -> None:
    output, renamed = Path("/films/film_chromecast.mkv"), Path("/films/nice name.mkv")
    desk.ledger.remember(KnownFile(output, "films", SECOND, "output", None, FILM))
    desk.sight(renamed, SECOND)
    assert desk.jobs() == []
    assert desk.sight(renamed, SECOND) == Effects()


def test_a_newer_version_of_a_finished_film_is_a_new_job(desk: Desk) -> None:
    desk.sight(FILM)
    desk.to(JobStatus.QUEUED, JobStatus.PROCESSING, JobStatus.COMPLETED)
    (fresh,) = desk.sight(FILM, SECOND).analyze
    assert fresh.identity == SECOND
    assert len(desk.jobs()) == 2


@pytest.mark.parametrize("complete", [True, False])
def test_a_film_that_changes_while_it_waits_goes_back(desk: Desk, complete: bool) -> None:
    desk.sight(FILM)
    job = desk.to(JobStatus.QUEUED)
    effects = desk.sight(FILM, SECOND, complete=complete)
    assert effects.discard == [job.id]
    now = desk.only_job()
    assert now.identity == SECOND
    assert now.status is (JobStatus.ANALYZING if complete else JobStatus.PENDING)
    assert [one.id for one in effects.analyze] == ([job.id] if complete else [])


def test_a_film_that_changes_while_it_is_encoded_begins_anew(desk: Desk) -> None:
    desk.sight(FILM)
    job = desk.to(JobStatus.QUEUED, JobStatus.PROCESSING)
    assert desk.sight(FILM, SECOND).stop == [(job.id, Stop.RESTART)]
    assert len(desk.jobs()) == 1


@pytest.mark.parametrize("told_first", ["gone", "there"])
def test_a_finished_film_that_moves_is_not_converted_again(desk: Desk, told_first: str) -> None:
    desk.sight(FILM)
    desk.to(JobStatus.QUEUED, JobStatus.PROCESSING, JobStatus.COMPLETED)
    moved = Path("/more/elsewhere.mkv")
    desk.present.discard(FILM)
    if told_first == "gone":
        desk.vanish(FILM)
    assert desk.sight(moved, folder="more").analyze == []
    if told_first == "there":
        desk.vanish(FILM)
    assert len(desk.jobs()) == 1
    assert desk.sight(moved, folder="more") == Effects()


@pytest.mark.parametrize("told_first", ["gone", "there"])
def test_a_waiting_film_that_moves_keeps_its_job(desk: Desk, told_first: str) -> None:
    desk.sight(FILM)
    job = desk.to(JobStatus.QUEUED)
    moved = Path("/more/elsewhere.mkv")
    desk.present.discard(FILM)
    if told_first == "gone":
        desk.vanish(FILM)
        assert desk.only_job().status is JobStatus.CANCELLED
    effects = desk.sight(moved, folder="more")
    now = desk.only_job()
    assert (now.id, now.source, now.folder, now.status) == (job.id, moved, "more", JobStatus.ANALYZING)
    assert effects.analyze == [now]
    desk.vanish(FILM)
    assert desk.only_job().status is JobStatus.ANALYZING


def test_a_film_that_moves_while_it_is_encoded_begins_anew_at_its_new_place(desk: Desk) -> None:
    desk.sight(FILM)
    job = desk.to(JobStatus.QUEUED, JobStatus.PROCESSING)
    desk.present.discard(FILM)
    effects = desk.sight(Path("/films/new.mkv"))
    assert effects.stop == [(job.id, Stop.RESTART)]
    assert desk.only_job().source == Path("/films/new.mkv")


def test_an_output_follows_its_film_to_the_new_name(desk: Desk) -> None:
    output = Path("/films/film_chromecast.mkv")
    desk.sight(FILM)
    desk.to(JobStatus.QUEUED, JobStatus.PROCESSING, JobStatus.COMPLETED)
    desk.ledger.remember(KnownFile(output, "films", SECOND, "output", None, FILM))
    desk.present.discard(FILM)
    desk.sight(Path("/films/new.mkv"))
    known = desk.ledger.file_at(output)
    assert known is not None
    assert known.origin == Path("/films/new.mkv")


def test_a_hard_link_is_the_same_film(desk: Desk) -> None:
    desk.sight(FILM)
    assert desk.sight(Path("/films/linked.mkv")) == Effects()
    assert len(desk.jobs()) == 1


def test_a_folder_that_wants_something_else_of_it_gets_a_job_of_its_own(desk: Desk) -> None:
    desk.sight(FILM)
    desk.sight(Path("/phone/film.mkv"), folder="phone")
    assert [job.folder for job in desk.jobs()] == ["phone", "films"]


def test_a_copy_is_another_film(desk: Desk) -> None:
    desk.sight(FILM)
    desk.sight(Path("/films/copy.mkv"), Identity(1, 101, 5000, 10))
    assert len(desk.jobs()) == 2


def test_a_deleted_film_gives_up_its_place_and_says_why(desk: Desk) -> None:
    desk.sight(FILM)
    job = desk.to(JobStatus.QUEUED)
    assert desk.vanish(FILM).discard == [job.id]
    now = desk.only_job()
    assert now.status is JobStatus.CANCELLED
    assert now.failure is not None
    assert now.failure.code is ErrorCode.SOURCE_UNREADABLE


def test_a_film_deleted_in_mid_encode_ends_the_attempt(desk: Desk) -> None:
    desk.sight(FILM)
    job = desk.to(JobStatus.QUEUED, JobStatus.PROCESSING)
    assert desk.vanish(FILM).stop == [(job.id, Stop.GONE)]


def test_a_film_that_comes_back_unchanged_is_taken_up_again_where_it_was_given_up(desk: Desk) -> None:
    desk.sight(FILM)
    job = desk.to(JobStatus.QUEUED)
    desk.vanish(FILM)
    (again,) = desk.sight(FILM).analyze
    assert again.id == job.id
    assert desk.only_job().status is JobStatus.ANALYZING


def test_a_film_that_somebody_cancelled_stays_cancelled_when_it_moves(desk: Desk) -> None:
    desk.sight(FILM)
    desk.to(JobStatus.CANCELLED, failure=Failure(ErrorCode.CANCELLED, "cancelled on request"))
    desk.vanish(FILM)
    assert desk.sight(Path("/films/new.mkv")).analyze == []
    assert desk.only_job().status is JobStatus.CANCELLED


def test_a_finished_film_that_goes_and_comes_back_is_not_converted_again(desk: Desk) -> None:
    desk.sight(FILM)
    desk.to(JobStatus.QUEUED, JobStatus.PROCESSING, JobStatus.COMPLETED)
    desk.vanish(FILM)
    assert desk.sight(FILM) == Effects()
    known = desk.ledger.file_at(FILM)
    assert known is not None
    assert known.gone_at is None


def test_a_disk_that_was_plugged_in_again_holds_the_same_films(desk: Desk) -> None:
    replugged = Identity(2, FIRST.inode, FIRST.size, FIRST.mtime_ns)
    desk.sight(FILM)
    assert desk.sight(FILM, replugged) == Effects()
    desk.to(JobStatus.QUEUED, JobStatus.PROCESSING, JobStatus.COMPLETED)
    assert desk.sight(FILM, replugged) == Effects()
    assert len(desk.jobs()) == 1


def test_a_film_whose_place_its_output_is_taking_is_seen_as_neither_new_nor_changed(desk: Desk) -> None:
    desk.sight(FILM)
    job = desk.to(JobStatus.QUEUED, JobStatus.PROCESSING)
    commit = Commit(
        job.id, Path("/films/.part"), FILM, SECOND, FILM, FIRST, "replace", Path("/films/.trash/film.mkv")
    )
    journal(desk.ledger, job, commit)
    for identity in (FIRST, SECOND, FIRST):
        assert desk.sight(FILM, identity) == Effects()
    known = desk.ledger.file_at(FILM)
    assert known is not None
    assert (known.kind, known.identity) == ("output", SECOND)
    assert desk.sight(FILM, Identity(1, 999, 1, 1)).stop == [(job.id, Stop.RESTART)]


def test_what_was_never_seen_may_vanish(desk: Desk) -> None:
    assert desk.vanish(Path("/films/unknown.mkv")) == Effects()


@pytest.mark.parametrize("status", [JobStatus.ANALYZING, JobStatus.QUEUED])
def test_a_waiting_film_whose_folder_has_another_name_now_is_looked_at_under_its_settings(
    desk: Desk, status: JobStatus
) -> None:
    desk.sight(FILM, folder="old name")
    job = desk.only_job() if status is JobStatus.ANALYZING else desk.to(status)
    effects = desk.sight(FILM)
    now = desk.only_job()
    assert (now.id, now.folder, now.status) == (job.id, "films", JobStatus.ANALYZING)
    assert effects.analyze == [now]
    assert desk.sight(FILM) == Effects()


def test_a_growing_film_goes_over_to_the_folder_that_it_is_in_now(desk: Desk) -> None:
    desk.sight(FILM, folder="old name", complete=False)
    desk.sight(FILM, complete=False)
    assert (desk.only_job().folder, desk.only_job().status) == ("films", JobStatus.PENDING)
