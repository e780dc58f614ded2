"""What a second of each device is worth, by what waits for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.encoder.prices import prices

ONE = {"a": 1, "b": 1}


def test_equal_devices_are_worth_the_same() -> None:
    found = prices([{"a": 1000.0, "b": 1000.0}], ONE, {}, {})
    assert found["a"] == pytest.approx(found["b"])


def test_a_device_that_alone_does_something_is_dear_to_those_who_could_go_elsewhere() -> None:
    found = prices([{"a": 1000.0}, {"a": 500.0, "b": 1000.0}], ONE, {}, {})
    assert found["a"] / found["b"] > 1.5, "what b does in twice the time is left to b"


def test_a_slow_device_is_cheaper_but_not_by_more_than_it_is_slower() -> None:
    found = prices([{"a": 1000.0, "b": 4000.0}], ONE, {}, {})
    assert 1.5 < found["a"] / found["b"] <= 4


def test_a_device_that_is_taken_for_long_is_dear() -> None:
    found = prices([{"a": 1000.0, "b": 1000.0}], ONE, {"a": 900.0}, {})
    assert found["a"] > found["b"]


def test_where_nothing_waits_and_runs_prices_stay_as_they_were() -> None:
    assert prices([], ONE, {}, {}) == {"a": 1.0, "b": 1.0}
    assert prices([], ONE, {}, {"a": 0.5}) == {"a": 0.5, "b": 1.0}


SECONDS = st.floats(1e-3, 1e9)


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), SECONDS, min_size=1), max_size=8),
    st.fixed_dictionaries(dict.fromkeys("abc", st.integers(1, 64))),
    st.dictionaries(st.sampled_from("abc"), st.floats(0, 1e6)),
)
def test_a_price_is_always_above_nothing_and_at_most_one(
    demands: list[dict[str, float]], slots: dict[str, int], busy: dict[str, float]
) -> None:
    found = prices(demands, slots, busy, {})
    assert found.keys() == slots.keys()
    assert all(0 < price <= 1 for price in found.values())
