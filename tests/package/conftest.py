"""One machine for all chapters, and the two packages that go onto it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.package.machine import Machine, Packages, booted, refused


@pytest.fixture(scope="session")
def packages() -> Packages:
    first, newer = os.environ["MKV2CASTD_PACKAGES"].split(":")
    return Packages(Path(first), Path(newer))


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    tree = Path(os.environ["MKV2CASTD_TREE"])
    if (why := refused(tree)) is not None:
        pytest.skip(f"this machine cannot boot a container: {why}")
    with booted(tree, tmp_path_factory.mktemp("machine")) as machine:
        yield machine
