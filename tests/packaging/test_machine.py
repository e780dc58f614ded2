"""The package's own test is left out only where no container can be begun; every fault from then on is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.package.machine import booted, refused


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree/bin").mkdir(parents=True)
    (tmp_path / "tree/bin/true").touch()
    return tmp_path / "tree"


def nspawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """In the place of systemd-nspawn."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "systemd-nspawn").write_text(f"#!/bin/sh\n{script}\n")
    (programs / "systemd-nspawn").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")


def test_a_machine_that_begins_no_container_says_why(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nspawn(tmp_path, monkeypatch, "echo no such right >&2; exit 1")
    assert refused(tree) == "no such right"


def test_the_least_that_can_be_begun_is_tried_and_leaves_the_tree_alone(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nspawn(tmp_path, monkeypatch, f'echo "$*" >{tmp_path}/asked')
    assert refused(tree) is None
    asked = (tmp_path / "asked").read_text().split()
    assert {"--read-only", f"--directory={tree}"} <= set(asked)
    assert (asked[-1], "--boot" in asked) == ("/bin/true", False)


def test_a_tree_that_is_none_is_a_fault_and_no_reason_to_leave_the_test_out(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no tree"):
        refused(tmp_path)


def test_a_machine_that_ends_while_it_boots_is_a_fault(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nspawn(tmp_path, monkeypatch, "echo it has broken >&2; exit 1")
    with pytest.raises(AssertionError, match="it has broken"), booted(tree, tmp_path / "work"):
        pass
