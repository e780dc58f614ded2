"""Whatever a film is made of, it plays on the devices that it was made for, and shows and sounds as it should.

Each row of the matrix goes through the program's real chain; a checker that knows only the file and a device table
of its own judges what comes out, or the source itself where the program left it as it is.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.matrix.clips import ROWS
from tests.matrix.rows import ALL, Row
from tests.matrix.sets import SETS, pairs
from tests.matrix.studio import Studio


def _parameters() -> list[object]:
    return [
        pytest.param(row, where, id=f"{row.name}-{where}", marks=() if row.sample == where else pytest.mark.campaign)
        for row, where in pairs()
    ]


# the first test of a set waits for all of its conversions
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("row", "where"), _parameters())
def test_what_comes_out_plays_and_is_the_film(row: Row, where: str, studio: Studio) -> None:
    assert studio.faults(row, where) == [], studio.outcome(row, where)


def test_the_matrix_is_as_large_as_promised() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert len({row.file for row in ROWS}) == len(ROWS)
    assert all(row.sample is None or row.sample in row.sets for row in ROWS)
    made = Counter(where for _, where in pairs())
    assert set(made) == set(SETS)
    assert sum(count >= 150 for count in made.values()) >= 3
    samples = Counter(row.sample for row in ROWS if row.sample is not None)
    assert 25 <= samples.total() <= 45
    assert set(ALL) <= set(samples)
