"""Order in the plain queue."""

from __future__ import annotations

import time
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.encoder.turns import Turn, TurnQueue


def turn(sequence: int, priority: int = 0, folder: str = "films", job_id: UUID | None = None) -> Turn:
    return Turn(-priority, sequence, job_id if job_id is not None else uuid4(), folder)


def drain(queue: TurnQueue, blocked: tuple[str, ...] = ()) -> list[int]:
    found = []
    while (one := queue.take(blocked)) is not None:
        found.append(one.sequence)
    return found


def test_within_one_priority_the_first_come_is_the_first_served() -> None:
    queue = TurnQueue()
    for sequence in (3, 1, 2):
        queue.put(turn(sequence))
    assert drain(queue) == [1, 2, 3]


def test_a_higher_priority_goes_first() -> None:
    queue = TurnQueue()
    for sequence, priority in ((1, 0), (2, -5), (3, 100)):
        queue.put(turn(sequence, priority))
    assert drain(queue) == [3, 1, 2]


def test_putting_a_job_again_moves_it() -> None:
    queue, job_id = TurnQueue(), uuid4()
    queue.put(turn(1, 0, job_id=job_id))
    queue.put(turn(2))
    queue.put(turn(1, -10, job_id=job_id))
    assert len(queue) == 2
    assert drain(queue) == [2, 1]


def test_a_discarded_job_never_gets_its_turn() -> None:
    queue, one = TurnQueue(), turn(1)
    queue.put(one)
    assert queue.discard(one.job_id)
    assert not queue.discard(one.job_id)
    assert one.job_id not in queue
    assert queue.take(()) is None


def test_a_blocked_folders_jobs_are_passed_over_and_keep_their_place() -> None:
    queue = TurnQueue()
    queue.put(turn(1, folder="away"))
    queue.put(turn(2))
    queue.put(turn(3, folder="away"))
    assert drain(queue, ("away",)) == [2]
    queue.put(turn(4))
    assert len(queue) == 3
    assert drain(queue) == [1, 3, 4]


@given(st.lists(st.tuples(st.integers(-3, 3), st.sampled_from("ab"), st.booleans()), max_size=30))
def test_every_turn_is_taken_once_in_order_unless_discarded(steps: list[tuple[int, str, bool]]) -> None:
    queue, expected = TurnQueue(), []
    for sequence, (priority, folder, dropped) in enumerate(steps):
        one = turn(sequence, priority, folder)
        queue.put(one)
        queue.take(("a", "b"))
        if dropped:
            queue.discard(one.job_id)
        else:
            expected.append(one)
    assert drain(queue) == [one.sequence for one in sorted(expected)]


def test_a_folder_that_comes_and_goes_with_its_whole_library_costs_nothing() -> None:
    queue = TurnQueue()
    for sequence in range(20_000):
        queue.put(turn(sequence, folder="full"))
    began = time.monotonic()
    for _ in range(50):
        assert queue.take(("full",)) is None
        first = queue.take(())
        assert first is not None
        queue.put(first)
    assert time.monotonic() - began < 0.5
