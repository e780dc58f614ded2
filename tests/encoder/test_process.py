"""A child runs, is watched, paused and stopped, and none is ever left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mkv2castd.encoder.joblog import LOG_BYTES, TAIL_BYTES
from mkv2castd.encoder.process import LINE_BYTES, Child, LineSplitter, capture, kill_orphans, marked, run
from mkv2castd.errors import ConfigError, DeviceError, ErrorCode

PYTHON = sys.executable


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.01)


async def started(argv: list[str], **options: object) -> tuple[asyncio.Task[object], Child]:
    """A run in a task of its own, once its child has said its first line."""
    children: list[Child] = []
    ready = asyncio.Event()

    def on_line(line: str) -> bool:
        ready.set()
        return True

    task = asyncio.ensure_future(run(argv, on_line=on_line, on_start=children.append, **options))  # type: ignore[arg-type]
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait((task, waiting), timeout=10, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    assert ready.is_set()
    return task, children[0]


async def test_lines_reach_the_reader_and_the_last_one_needs_no_line_feed() -> None:
    lines: list[str] = []

    def on_line(line: str) -> bool:
        lines.append(line)
        return True

    ended = await run(sh("printf 'a\\r\\nb\\n\\nc'; echo oops >&2"), on_line=on_line)
    assert lines == ["a", "b", "", "c"]
    assert (ended.exit_code, ended.stderr_tail) == (0, "oops\n")


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", -9), ("kill -SEGV $$", -11), ("kill $$", -15)]
)
async def test_exit_codes_and_signals_are_told_apart(script: str, code: int) -> None:
    assert (await run(sh(script))).exit_code == code


async def test_binary_output_and_an_endless_line_do_no_harm() -> None:
    lines: list[str] = []

    def on_line(line: str) -> bool:
        lines.append(line)
        return True

    await run(sh("head -c 5000000 /dev/zero; echo; head -c 100000 /dev/urandom; printf '\\nend\\n'"), on_line=on_line)
    assert len(lines[0]) == LINE_BYTES
    assert lines[-1] == "end"


def test_a_line_may_come_in_pieces() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"fra") == []
    assert splitter.feed(b"me=1\r\nfps=\xff") == ["frame=1"]
    assert splitter.rest() == ["fps=\ufffd"]
    assert splitter.rest() == []


async def test_a_huge_stderr_keeps_its_tail_and_fills_neither_memory_nor_log(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    script = "i=0; head -c 3000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo the end >&2; exit 3"
    for _ in range(4):
        ended = await run(sh(script), log=log)
        assert ended.exit_code == 3
        assert len(ended.stderr_tail) <= TAIL_BYTES
        assert ended.stderr_tail.endswith("the end\n")
        written = log.read_text()
        assert len(written) <= LOG_BYTES
        assert written.startswith("$ sh -c 'i=0;")
        assert written.endswith("the end\n\n[ended with exit code 3]\n")
        assert "bytes left out" in written


async def test_the_log_holds_command_and_stderr_of_each_attempt(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    name = os.fsdecode(b"\xff\n")
    await run(["sh", "-c", "echo one >&2", name], log=log)
    await run(sh("echo two >&2"), log=log)
    written = log.read_bytes()
    assert written.startswith(b"$ sh -c 'echo one >&2' '\xff\n'\none\n")
    assert written.index(b"\none\n") < written.index(b"$ sh -c 'echo two") < written.index(b"\ntwo\n")


async def test_a_log_that_cannot_be_written_costs_only_the_log(tmp_path: Path) -> None:
    assert (await run(sh("echo x >&2"), log=tmp_path / "none" / "job.log")).stderr_tail == "x\n"
    assert (await run(sh("echo x >&2"), log=Path("/dev/full"))).stderr_tail == "x\n"


async def test_a_missing_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="apt install ffmpeg"):
        await run(["ffmpeg", "-version"])
    with pytest.raises(ConfigError, match="no-such-program"):
        await capture(["no-such-program"], timeout=1)


async def test_a_program_that_is_no_program_ends_with_a_code(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    assert (await run([str(broken)])).exit_code != 0


async def test_it_works_without_setpriv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (await run(sh("exit 4"))).exit_code == 4


async def test_it_works_on_a_kernel_without_pidfd(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert (await run(sh("exit 4"))).exit_code == 4


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.alone
async def test_cancelling_stops_the_child_however_often_it_is_done(times: int) -> None:
    task, child = await started(sh("trap '' TERM; echo go; while :; do sleep 0.1; done"))
    began = time.monotonic()
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    assert not alive(child.pid)
    assert 1.5 < time.monotonic() - began < 4


@pytest.mark.alone
async def test_a_child_that_obeys_is_stopped_at_once() -> None:
    task, child = await started(sh("echo go; exec sleep 60"))
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    assert not alive(child.pid)
    assert time.monotonic() - began < 1


async def test_a_paused_child_is_stopped() -> None:
    task, child = await started(sh("echo go; exec sleep 60"))
    child.pause()
    assert child.paused
    wait_until(lambda: Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    assert not alive(child.pid)


async def test_a_cancelled_start_leaves_nothing() -> None:
    task = asyncio.ensure_future(run(["sleep", "61.17"]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    assert subprocess.run(["pgrep", "-f", "^sleep 61.17"], stdout=subprocess.PIPE).stdout == b""


async def test_the_end_of_the_loop_leaves_no_child(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import asyncio
        from mkv2castd.encoder.process import run
        async def main():
            task = asyncio.ensure_future(run(["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"],
                                             on_start=lambda child: print(child.pid, flush=True)))
            await asyncio.sleep(0.3)
        asyncio.run(main())
    """)
    done = subprocess.run([PYTHON, "-W", "error", "-c", program], capture_output=True, text=True, timeout=20)
    assert done.stderr == ""
    assert not alive(int(done.stdout))


async def test_what_the_reader_raises_stops_the_child() -> None:
    children: list[Child] = []

    def on_line(line: str) -> bool:
        raise ZeroDivisionError(line)

    with pytest.raises(ZeroDivisionError):
        await run(sh("echo go; exec sleep 60"), on_line=on_line, on_start=children.append)
    assert not alive(children[0].pid)


@pytest.mark.alone
async def test_no_advance_for_too_long_is_a_stall() -> None:
    began = time.monotonic()
    with pytest.raises(DeviceError) as caught:
        await run(
            sh("trap '' TERM; echo why >&2; while :; do echo same; sleep 0.05; done"),
            on_line=lambda line: False,
            stall_seconds=0.4,
        )
    assert caught.value.code is ErrorCode.STALLED
    assert "0.4 s" in caught.value.message
    assert "stall_seconds" in caught.value.message
    assert caught.value.details is not None
    assert caught.value.details.endswith("why\n")
    assert 0.3 < time.monotonic() - began < 2


@pytest.mark.alone
async def test_advances_keep_a_slow_child_alive() -> None:
    argv = sh("for i in 1 2 3 4 5 6; do echo $i; sleep 0.15; done")
    ended = await run(argv, on_line=lambda line: True, stall_seconds=0.6)
    assert ended.exit_code == 0


async def test_time_paused_does_not_count_as_a_stall() -> None:
    task, child = await started(sh("echo go; sleep 0.2; echo on"), stall_seconds=0.7)
    child.pause()
    await asyncio.sleep(1.2)
    assert not task.done()
    child.resume()
    assert (await asyncio.wait_for(task, 5)).exit_code == 0  # type: ignore[attr-defined]


async def test_a_stall_is_seen_after_a_pause_too() -> None:
    task, child = await started(sh("echo go; exec sleep 60"), stall_seconds=0.4)
    child.pause()
    await asyncio.sleep(0.2)
    child.resume()
    with pytest.raises(DeviceError):
        await asyncio.wait_for(task, 5)
    child.pause()
    child.resume()
    child.kill()


@pytest.mark.alone
async def test_a_grandchild_in_the_group_ends_with_its_parent(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    began = time.monotonic()
    ended = await run(sh(f"sleep 60 & echo $! >{pid_file}; exit 0"))
    assert ended.exit_code == 0
    wait_until(lambda: not alive(int(pid_file.read_text())), 2)
    assert time.monotonic() - began < 3


@pytest.mark.alone
async def test_a_grandchild_that_left_the_group_and_holds_the_pipes_does_not_hang_us(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    began = time.monotonic()
    # started by exec from a shell that says its number first, so that the test can end it
    script = f"setsid sh -c 'echo $$ >{pid_file}; exec sleep 60' & sleep 0.3; echo here; exit 5"
    lines: list[str] = []
    ended = await run(sh(script), on_line=lambda line: bool(lines.append(line)) or True)
    assert (ended.exit_code, lines) == (5, ["here"])
    assert time.monotonic() - began < 4
    os.kill(int(pid_file.read_text()), signal.SIGKILL)


async def test_killing_the_daemon_kills_its_child(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import asyncio
        from mkv2castd.encoder.process import run
        asyncio.run(run(["sleep", "60"], on_start=lambda child: print(child.pid, flush=True)))
    """)
    parent = subprocess.Popen([PYTHON, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    wait_until(lambda: b"sleep\x0060" in Path(f"/proc/{pid}/cmdline").read_bytes()[:10])
    parent.kill()
    parent.wait(10)
    parent.stdout.close()
    wait_until(lambda: not alive(pid), 5)


async def test_capture_returns_everything_or_says_why_not() -> None:
    captured = await capture(sh("head -c 300000 /dev/zero; echo e >&2; exit 2"), timeout=10)
    assert (captured.exit_code, captured.stdout, captured.stderr_tail) == (2, bytes(300000), "e\n")
    with pytest.raises(DeviceError) as caught:
        await capture(sh("sleep 60"), timeout=0.2)
    assert caught.value.code is ErrorCode.STALLED
    with pytest.raises(DeviceError, match="more than 1000 bytes"):
        await capture(["yes"], timeout=10, limit=1000)


async def test_the_child_gets_our_environment_and_the_marker(tmp_path: Path) -> None:
    captured = await capture(sh("echo $MKV2CASTD_STATE $HOME"), timeout=5, environment=marked(tmp_path))
    assert captured.stdout.decode().split() == [str(tmp_path.resolve()), *os.environ.get("HOME", "").split()]


def test_orphans_of_this_state_folder_are_killed_and_nobody_else(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "ours2"
    for folder in (ours, other):
        folder.mkdir()
    pids = [_orphan(marked(ours)), _orphan(marked(ours)), _orphan(marked(other)), _orphan({})]
    child = subprocess.Popen(["sleep", "60"], env={**os.environ, **marked(ours)})
    try:
        assert kill_orphans(ours) == 2
        assert [alive(pid) for pid in pids] == [False, False, True, True]
        assert child.poll() is None
        assert kill_orphans(ours) == 0
    finally:
        child.kill()
        child.wait()
        for pid in pids[2:]:
            os.kill(pid, signal.SIGKILL)


def _orphan(marks: dict[str, str]) -> int:
    """A sleeping process whose parent is gone; with its marker in place."""
    script = "setsid sleep 60 >/dev/null 2>&1 & echo $!"
    made = subprocess.run(sh(script), env={**os.environ, **marks}, capture_output=True, text=True, timeout=5)
    pid = int(made.stdout)
    wait_until(lambda: Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sleep"))
    return pid
