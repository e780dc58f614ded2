"""What many tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """An empty folder to be watched."""
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where a daemon's state folder is to be."""
    return tmp_path / "state"
