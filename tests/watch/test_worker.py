"""A file system that does not answer."""

from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mkv2castd.watch.worker import Hung, Worker
from tests.watch.test_hints import allowed, scenario


async def test_results_and_errors_come_back() -> None:
    with Worker("test", timeout=5) as worker:
        assert await worker.call(lambda number: number + 1, 1) == 2
        with pytest.raises(FileNotFoundError):
            await worker.call(os.stat, "/does/not/exist")


async def test_a_call_that_hangs_holds_nobody_up_and_is_forgiven_once_it_ends() -> None:
    release = threading.Event()
    with Worker("test", timeout=0.05) as worker:
        with pytest.raises(Hung):
            await worker.call(release.wait)
        with pytest.raises(Hung):
            await worker.call(int)
        release.set()
        async with asyncio.timeout(5):
            while True:
                try:
                    assert await worker.call(int) == 0
                except Hung:
                    await asyncio.sleep(0.01)
                else:
                    return


async def test_a_caller_that_is_cancelled_leaves_the_worker_usable() -> None:
    release = threading.Event()
    with Worker("test", timeout=5) as worker:
        caller = asyncio.create_task(worker.call(release.wait))
        await asyncio.sleep(0.01)
        caller.cancel()
        await asyncio.wait((caller,))
        release.set()
        assert await worker.call(int) == 0


def test_a_thread_that_hangs_does_not_keep_the_process() -> None:
    script = """
import asyncio, threading
from mkv2castd.watch.worker import Hung, Worker
async def main():
    with Worker("test", timeout=0.05) as worker:
        try:
            await worker.call(threading.Event().wait)
        except Hung:
            print("hung")
asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=10, check=True)
    assert ended.stdout == "hung\n"


def _fuse() -> bool:
    return os.access("/dev/fuse", os.R_OK | os.W_OK) and allowed("unshare", "-Urm")


@pytest.mark.skipif(not _fuse(), reason="needs /dev/fuse and user namespaces (unshare -Urm)")
@pytest.mark.alone
def test_a_mount_that_hangs_is_offline_and_other_folders_do_not_notice(tmp_path: Path) -> None:
    assert ctypes.CDLL(None).mount is not None
    ended = scenario("hung_mount", tmp_path, "unshare", "-Urm")
    assert ended.returncode == 0, ended.stderr
