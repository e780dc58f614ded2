"""What the tests rely on when several processes run them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.matrix.sets import SETS
from tests.workers import Turns, rank, unit

REPOSITORY = Path(__file__).parent.parent


def test_a_file_is_one_unit_and_the_matrix_one_for_each_set() -> None:
    assert unit("tests/test_store.py::test_it[a::b]") == "tests/test_store.py"
    assert unit("tests/matrix/test_checker.py::test_it[a-b]") == "tests/matrix/test_checker.py"
    found = {unit(f"tests/matrix/test_{name}.py::test_it[a-row-{where}]") for where in SETS for name in "ab"}
    assert found == {f"tests/matrix/{where}" for where in SETS}


def test_what_takes_longest_comes_first() -> None:
    assert (
        rank("tests/matrix/test_matrix.py::a") < rank("tests/encoder/test_sound.py::a") < rank("tests/test_store.py")
    )


@pytest.mark.parametrize("within", [False, True])
def test_who_is_alone_waits_for_the_others_and_they_for_it(tmp_path: Path, within: bool) -> None:
    wanted, is_in, go_on = threading.Event(), threading.Event(), threading.Event()

    def alone() -> None:
        if within:
            with second.taken(alone=False):
                wanted.set()
                with second.alone():
                    is_in.set()
                    assert go_on.wait(20)
        else:
            wanted.set()
            with second.taken(alone=True):
                is_in.set()
                assert go_on.wait(20)

    def another() -> None:
        with first.taken(alone=False):
            order.append("another")

    order: list[str] = []
    one, other = threading.Thread(target=alone), threading.Thread(target=another)
    with closing(Turns(tmp_path)) as first, closing(Turns(tmp_path)) as second:
        with first.taken(alone=False):
            one.start()
            assert wanted.wait(20)
            assert not is_in.wait(0.2)
        assert is_in.wait(20)
        other.start()
        other.join(0.2)
        assert order == []
        go_on.set()
        one.join(20)
        other.join(20)
    assert order == ["another"]


def test_two_that_want_to_be_alone_in_the_midst_of_it_are_so_one_after_the_other(tmp_path: Path) -> None:
    both, there = threading.Barrier(2), []

    def part() -> None:
        with closing(Turns(tmp_path)) as turns, turns.taken(alone=False):
            both.wait(20)
            with turns.alone():
                there.append("in")
                assert there.count("in") == there.count("out") + 1
                there.append("out")

    threads = [threading.Thread(target=part) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert there == ["in", "out"] * 2


def test_a_test_that_kills_its_worker_or_hangs_fails_once_and_all_others_run_whatever_they_say(
    tmp_path: Path,
) -> None:
    hooks = (
        "configure",
        "xdist_make_scheduler",
        "timeout_set_timer",
        "timeout_cancel_timer",
        "report_to_serializable",
    )
    (tmp_path / "conftest.py").write_text("".join(f"from tests.conftest import pytest_{name}\n" for name in hooks))
    others = [f"def test_{number}(): logging.warning('\\udce9')" for number in range(5)]
    kills = ["import os, logging", *others, "def test_end(): os._exit(1)"]
    hangs = ["import logging, time, pytest", "@pytest.mark.timeout(2)", "def test_hangs(): time.sleep(100)", *others]
    (tmp_path / "test_a.py").write_text("\n".join(kills))
    (tmp_path / "test_b.py").write_text("\n".join(hangs))
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--rootdir", str(tmp_path)]
    argv += ["-o", "timeout_method=thread"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
    assert done.stdout.splitlines()[-1].startswith("2 failed, 10 passed in "), done.stdout
    assert "in test_hangs\n" in done.stderr


def test_files_with_tests_that_are_alone_come_last() -> None:
    alone = {"tests/encoder/test_b.py"}
    ids = ["tests/encoder/test_b.py::test_it", "tests/test_c.py::test_it", "tests/encoder/test_a.py::test_it"]
    assert sorted(ids, key=lambda one: rank(one, alone)) == [ids[2], ids[1], ids[0]]
