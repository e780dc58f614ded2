"""When a film is complete."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.model import Identity
from mkv2castd.watch.settle import EMPTY, PATIENT, Settling, Verdict, Writer

FILM = b"/films/a.mkv"
SMALL = Identity(1, 2, 100, 5)
LARGE = replace(SMALL, size=200, mtime_ns=6)


def test_a_film_without_a_writer_is_complete_at_once() -> None:
    settling = Settling(10)
    assert settling.observe(FILM, SMALL, Writer.NONE, 0) is Verdict.COMPLETE
    assert len(settling) == 0


def test_a_film_with_a_writer_is_not_complete_however_long_it_rests() -> None:
    settling = Settling(10)
    assert settling.observe(FILM, SMALL, Writer.ACTIVE, 0) is Verdict.FIRST
    assert settling.observe(FILM, SMALL, Writer.ACTIVE, 1e6) is Verdict.WAITING
    assert settling.observe(FILM, SMALL, Writer.NONE, 1e6) is Verdict.COMPLETE


def test_where_writers_cannot_be_seen_a_film_has_to_rest() -> None:
    settling = Settling(10)
    assert settling.observe(FILM, SMALL, Writer.UNKNOWN, 0) is Verdict.FIRST
    assert settling.next_due() == 10
    assert settling.observe(FILM, LARGE, Writer.UNKNOWN, 9) is Verdict.WAITING
    assert settling.observe(FILM, LARGE, Writer.UNKNOWN, 18.9) is Verdict.WAITING
    assert settling.due(18.9, 10) == []
    assert settling.due(19, 10) == [FILM]
    assert settling.observe(FILM, LARGE, Writer.UNKNOWN, 19) is Verdict.COMPLETE


def test_rest_counts_from_when_the_last_writer_was_seen() -> None:
    settling = Settling(10)
    settling.observe(FILM, SMALL, Writer.ACTIVE, 0)
    assert settling.observe(FILM, SMALL, Writer.UNKNOWN, 10) is Verdict.COMPLETE
    settling.observe(FILM, SMALL, Writer.ACTIVE, 20)
    settling.observe(FILM, SMALL, Writer.ACTIVE, 29)
    assert settling.observe(FILM, SMALL, Writer.UNKNOWN, 31) is Verdict.WAITING


def test_a_film_renamed_into_place_is_complete_unless_it_has_a_writer() -> None:
    settling = Settling(10)
    assert settling.observe(FILM, SMALL, Writer.UNKNOWN, 0, in_place=True) is Verdict.COMPLETE
    assert settling.observe(FILM, SMALL, Writer.ACTIVE, 0, in_place=True) is Verdict.FIRST


def test_times_of_the_file_in_the_future_or_the_past_do_not_matter() -> None:
    settling = Settling(10)
    future = replace(SMALL, mtime_ns=2**62)
    assert settling.observe(FILM, future, Writer.UNKNOWN, 0) is Verdict.FIRST
    assert settling.observe(FILM, future, Writer.UNKNOWN, 10) is Verdict.COMPLETE


def test_another_file_of_the_same_name_starts_anew() -> None:
    settling = Settling(10)
    settling.observe(FILM, SMALL, Writer.UNKNOWN, 0)
    assert settling.observe(FILM, replace(SMALL, inode=3), Writer.UNKNOWN, 10) is Verdict.WAITING
    assert settling.observe(FILM, replace(SMALL, inode=3), Writer.UNKNOWN, 20) is Verdict.COMPLETE


def test_an_empty_file_is_never_complete() -> None:
    settling = Settling(0)
    empty = replace(SMALL, size=0)
    for moment, writer in enumerate(Writer):
        assert settling.observe(FILM, empty, writer, moment, in_place=True) is not Verdict.COMPLETE
    assert settling.observe(FILM, SMALL, Writer.NONE, 10) is Verdict.COMPLETE


def test_looks_at_an_unchanged_file_become_rare() -> None:
    settling = Settling(10)
    pauses = {Writer.ACTIVE: PATIENT, Writer.NONE: EMPTY}
    for writer, patience in pauses.items():
        identity = SMALL if writer is Writer.ACTIVE else replace(SMALL, size=0)
        now = 0.0
        for _ in range(40):
            settling.observe(FILM, identity, writer, now)
            due = settling.next_due()
            assert due is not None
            assert now < due <= now + patience
            now = due
        assert due - now <= 0
        assert settling.due(now, 1) == [FILM]
        settling.observe(FILM, identity, writer, now)
        assert settling.next_due() == now + patience
        assert settling.forget(FILM)


def test_what_is_forgotten_is_not_waited_for() -> None:
    settling = Settling(10)
    settling.observe(FILM, SMALL, Writer.UNKNOWN, 0)
    assert FILM in settling
    assert settling.forget(FILM)
    assert not settling.forget(FILM)
    assert settling.next_due() is None
    assert settling.due(1000, 10) == []


@given(
    st.lists(
        st.tuples(st.sampled_from((SMALL, LARGE)), st.sampled_from(Writer), st.floats(0.01, 20)),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_is_observed_completeness_has_a_reason(looks: list[tuple[Identity, Writer, float]]) -> None:
    settling = Settling(10)
    now, since, last = 0.0, 0.0, None
    for identity, writer, pause in looks:
        now += pause
        if identity != last or writer is Writer.ACTIVE:
            since = now
        verdict = settling.observe(FILM, identity, writer, now)
        if verdict is Verdict.COMPLETE:
            assert writer is Writer.NONE or (writer is Writer.UNKNOWN and now - since >= 10)
            last = None
        else:
            assert writer is not Writer.NONE
            last = identity
            assert settling.next_due() is not None
