"""Signals → messages about the jobs that somebody watches, and these in words."""

from __future__ import annotations

from typing import Any

import pytest

from mkv2castd.api import render, variants
from mkv2castd.api.wire import JobRemoved, JobUpdate, JobView, Progress
from mkv2castd.ctl_following import Following, Told
from mkv2castd.ctl_sentences import Steps, end
from mkv2castd.model import Job, JobStatus, Stage
from tests.api.fakes import FakeDaemon
from tests.test_ctl_reading import plain


def seen(daemon: FakeDaemon, job: Job) -> JobView:
    return render.job_view(job, daemon.progress(job.id))


def fields(view: JobView) -> Any:
    return plain(variants.dictionary(view))


def progress(daemon: FakeDaemon, job: Job, percent: float, **more: Any) -> Told:
    daemon.report(job.id, percent, **more)
    message = render.progress_message(job, daemon.told[job.id])
    return Told("JobProgress", [str(job.id), plain(variants.dictionary(message))])


@pytest.fixture
def daemon() -> FakeDaemon:
    return FakeDaemon()


class TestFollowing:
    def test_a_job_that_is_wanted_is_followed_to_its_end(self, daemon: FakeDaemon) -> None:
        job = daemon.add()
        state = Following(frozenset([str(job.id)]))
        assert not state.over
        before = seen(daemon, job)
        assert state.learn(before) == [JobUpdate(before)]
        assert state.learn(before) == [], "nothing new"
        running = seen(daemon, daemon.start(job.id))
        changes = plain(variants.changed(before, running))
        assert state.take(Told("JobChanged", [str(job.id), changes])) == [JobUpdate(running)]
        (told,) = state.take(progress(daemon, daemon.known[job.id], 45.5))
        assert isinstance(told, Progress)
        assert told.progress == 45.5
        done = seen(daemon, daemon.complete(job.id))
        assert state.take(Told("JobFinished", [str(job.id), "completed", fields(done)])) == [JobUpdate(done)]
        assert (state.over, state.completed) == (True, True)

    def test_others_are_not_told_of(self, daemon: FakeDaemon) -> None:
        wanted, other = daemon.add(), daemon.add()
        state = Following(frozenset([str(wanted.id)]))
        for told in (
            Told("JobAdded", [str(other.id), fields(seen(daemon, other))]),
            Told("JobChanged", [str(other.id), {"paused": True}]),
            Told("JobFinished", [str(other.id), "failed", fields(seen(daemon, other))]),
            Told("JobRemoved", [str(other.id)]),
        ):
            assert state.take(told) == []

    def test_what_is_not_known_yet_has_to_be_asked_for(self, daemon: FakeDaemon) -> None:
        job = daemon.add()
        assert Following(None).take(Told("JobChanged", [str(job.id), {"paused": True}])) == str(job.id)
        assert Following(None).take(Told("JobFinished", [str(job.id), "failed", fields(seen(daemon, job))])) == []

    def test_a_removed_job_has_not_been_completed(self, daemon: FakeDaemon) -> None:
        job = daemon.add()
        state = Following(frozenset([str(job.id)]))
        state.learn(seen(daemon, job))
        assert state.take(Told("JobRemoved", [str(job.id)])) == [JobRemoved(str(job.id))]
        assert state.forget(str(job.id)) == []
        assert (state.over, state.completed) == (True, False)

    def test_a_completed_job_that_is_removed_has_been_completed_all_the_same(self, daemon: FakeDaemon) -> None:
        cleared, other = daemon.add(), daemon.add()
        state = Following(frozenset([str(cleared.id), str(other.id)]))
        state.learn(seen(daemon, daemon.complete(daemon.start(cleared.id).id)))
        assert state.forget(str(cleared.id)) == [JobRemoved(str(cleared.id))]
        assert (state.over, state.completed) == (False, False)
        state.learn(seen(daemon, daemon.complete(daemon.start(other.id).id)))
        assert (state.over, state.completed) == (True, True)

    def test_a_failed_job_that_is_removed_has_failed_all_the_same(self, daemon: FakeDaemon) -> None:
        job = daemon.add()
        state = Following(frozenset([str(job.id)]))
        state.learn(seen(daemon, daemon.fail(job.id)))
        state.forget(str(job.id))
        assert (state.over, state.completed) == (True, False)

    def test_only_jobs_whose_end_is_not_known_have_to_be_asked_for(self, daemon: FakeDaemon) -> None:
        done, removed, unheard_of, running = (daemon.add() for _ in range(4))
        state = Following(frozenset(str(job.id) for job in (done, removed, unheard_of, running)))
        state.learn(seen(daemon, daemon.complete(daemon.start(done.id).id)))
        state.forget(str(removed.id))
        state.learn(seen(daemon, daemon.start(running.id)))
        assert state.missing([]) == sorted([str(unheard_of.id), str(running.id)])

    def test_who_watches_all_keeps_only_what_is_not_finished(self, daemon: FakeDaemon) -> None:
        first, second = daemon.add(), daemon.add()
        state = Following(None)
        state.take(Told("JobAdded", [str(first.id), fields(seen(daemon, first))]))
        state.learn(seen(daemon, second))
        assert state.missing([seen(daemon, second)]) == [str(first.id)]
        state.learn(seen(daemon, daemon.fail(daemon.start(first.id).id)))
        assert state.missing([seen(daemon, second)]) == []
        assert state.forget(str(second.id)) == [JobRemoved(str(second.id))]
        assert not state.over

    def test_signals_of_later_versions_are_passed_over(self, daemon: FakeDaemon) -> None:
        job = daemon.add()
        state = Following(None)
        state.learn(seen(daemon, job))
        assert state.take(Told("JobSung", [str(job.id), "la"])) == []


class TestSentences:
    def test_each_state_is_told_once_and_progress_by_twentieths(self, daemon: FakeDaemon) -> None:
        steps, state = Steps(), Following(None)
        job = daemon.add("film.mkv")
        short = str(job.id)[:8]
        said = [*steps.lines(JobUpdate(seen(daemon, job))), *steps.lines(JobUpdate(seen(daemon, job)))]
        assert said == [f"  {short} film.mkv: queued"]
        job = daemon.start(job.id)
        state.learn(seen(daemon, job))
        assert steps.lines(JobUpdate(seen(daemon, job))) == [f"  {short} film.mkv: processing"]
        told = []
        for percent in (1.0, 5.0, 6.0, 9.9, 10.0, 99.9):
            for message in state.take(progress(daemon, job, percent, speed=None, eta=None, stage=Stage.REMUXING)):
                assert not isinstance(message, str)
                told += steps.lines(message)
        assert told == [f"  {short} film.mkv: {percent} %" for percent in (5, 10, 99)]
        (message,) = state.take(progress(daemon, job, 45.5))
        assert not isinstance(message, str)
        assert Steps().lines(message) == [], "of a job that is not known nothing can be said"

    def test_ends_are_told_with_what_was_made_or_why_not(self, daemon: FakeDaemon) -> None:
        done = daemon.complete(daemon.start(daemon.add("a.mkv").id).id)
        assert end(seen(daemon, done)).endswith("a.mkv → /srv/media/incoming/a_chromecast.mkv (900.0 MiB) in 15:00")
        partly = daemon.add("b.mkv", JobStatus.COMPLETED, reason="one subtitle is left out")
        assert end(seen(daemon, partly)).endswith("; one subtitle is left out")
        plays = daemon.add("c.mkv", JobStatus.COMPLETED, skipped=True, reason="it plays")
        assert end(seen(daemon, plays)).endswith("c.mkv: nothing to do: it plays")
        failed = daemon.fail(daemon.start(daemon.add("d\x1b.mkv").id).id)
        assert end(seen(daemon, failed)).endswith("d\\x1b.mkv: failed: FFmpeg process exited with code 1")
        assert end(seen(daemon, daemon.add("e.mkv", JobStatus.CANCELLED))).endswith("e.mkv: cancelled")

    def test_a_removed_job_is_told_where_it_was_known(self, daemon: FakeDaemon) -> None:
        steps = Steps()
        job = daemon.add("film.mkv")
        assert steps.lines(JobRemoved(str(job.id))) == []
        steps.lines(JobUpdate(seen(daemon, job)))
        assert steps.lines(JobRemoved(str(job.id)))[0].endswith("film.mkv: removed")
