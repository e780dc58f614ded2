"""Children are held to what the machine permits, and run where it permits nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from mkv2castd.encoder.limits import LIMITS, Limits, find
from mkv2castd.encoder.process import capture

_ABOUT = """
cat /proc/self/status; echo "nice $(nice)"; ionice; choom -p $$ | tail -n 1
echo "networks $(tail -n +3 /proc/net/dev | grep -vc ' lo:')"; ip route 2>/dev/null
"""


async def _about() -> str:
    return (await capture(["sh", "-c", _ABOUT], timeout=20)).stdout.decode()


async def test_a_child_yields_to_everybody_and_gains_no_privilege() -> None:
    LIMITS.set(find(os.geteuid()))
    about = await _about()
    assert "NoNewPrivs:\t1" in about
    assert f"nice {min(19, os.nice(0) + 10)}\n" in about
    assert "idle" in about
    assert about.rstrip().splitlines()[-2].endswith("500") or "value: 500" in about


async def test_a_child_reaches_no_network() -> None:
    limits = find(os.geteuid())
    if "unshare" not in limits.prefix:
        pytest.skip("this machine permits no network namespaces")
    LIMITS.set(limits)
    script = "import socket; socket.create_connection(('127.0.0.1', 9), 5)"
    ended = await capture(["python3", "-c", script], timeout=20)
    assert "Network is unreachable" in ended.stderr_tail


async def test_where_nothing_is_permitted_a_child_runs_all_the_same() -> None:
    limits = find(1000, lambda prefix: False)
    assert limits.prefix == ()
    LIMITS.set(limits)
    assert (await capture(["true"], timeout=20)).exit_code == 0


def test_what_is_not_permitted_is_left_out_alone() -> None:
    tried: list[tuple[str, ...]] = []

    def permitted(prefix: Sequence[str]) -> bool:
        tried.append(tuple(prefix))
        return prefix[0] != "ionice" and "--no-new-privs" not in prefix

    limits = find(1000, permitted)
    assert "ionice" not in limits.prefix
    assert limits.prefix[:3] == ("nice", "-n", "10")
    assert limits.prefix[-4:] == ("setpriv", "--pdeathsig", "KILL", "--"), "the guard without what it could not have"
    assert len(tried) == len(set(tried)), "each is tried once"


@pytest.mark.parametrize(("user", "words"), [(0, False), (1000, True)])
def test_root_keeps_its_namespace_of_users_and_with_it_its_films(user: int, words: bool) -> None:
    assert ("--user" in find(user, lambda prefix: True).prefix) is words


def test_a_program_that_is_missing_is_not_permitted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find(1000).prefix == ()


def _membership() -> str:
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return next(line[3:] for line in lines if line.startswith("0::")).lstrip("/")


@pytest.fixture
def delegated(tmp_path: Path) -> Path:
    """What looks like the control group of a service that may divide it: files take what is written."""
    group = tmp_path / _membership()
    group.mkdir(parents=True, exist_ok=True)
    os.setxattr(group, "user.delegate", b"1")
    return group


def test_children_get_a_group_of_less_weight_below_a_delegated_one(tmp_path: Path, delegated: Path) -> None:
    limits = find(1000, lambda prefix: False, tmp_path)
    assert limits.group == delegated / "ffmpeg"
    assert (delegated / "daemon/cgroup.procs").read_text() == str(os.getpid())
    assert int((delegated / "ffmpeg/cpu.weight").read_text()) < 100
    limits.enclose(12345)
    assert (delegated / "ffmpeg/cgroup.procs").read_text() == "12345\n"


def test_a_group_that_is_not_ours_to_divide_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / _membership()).mkdir(parents=True, exist_ok=True)
    assert find(1000, lambda prefix: False, tmp_path).group is None
    assert [path for path in tmp_path.rglob("*") if path.name in ("daemon", "ffmpeg")] == []


def test_a_group_that_is_gone_costs_no_child(tmp_path: Path) -> None:
    Limits(group=tmp_path / "gone").enclose(1)
