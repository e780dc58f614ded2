"""The studio of the matrix: one for all tests of a session, so that every film is converted once."""

from __future__ import annotations

import pytest

from tests.matrix.studio import Studio


@pytest.fixture(scope="session")
def studio(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    wishes: dict[tuple[str, str], None] = {}
    for item in request.session.items:
        for row, where in getattr(getattr(item, "function", None), "needs", ()) or _asked(item):
            wishes[row, where] = None
    return Studio(tmp_path_factory.mktemp("matrix"), tuple(wishes))


def _asked(item: pytest.Item) -> tuple[tuple[str, str], ...]:
    """(row, set) of each test that was collected, by its parameters."""
    callspec = getattr(item, "callspec", None)
    if callspec is None or "row" not in callspec.params or "where" not in callspec.params:
        return ()
    row = callspec.params["row"]
    return ((row.name, callspec.params["where"]),)
