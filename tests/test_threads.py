"""Calls that never come back hold up nobody."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mkv2castd.threads import in_thread


async def test_a_result_and_an_error_come_back() -> None:
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(FileNotFoundError):
        await in_thread(Path("/nowhere/at/all").stat)


async def test_many_hung_calls_leave_room_for_others() -> None:
    release = threading.Event()
    hung = [asyncio.create_task(in_thread(release.wait)) for _ in range(100)]
    async with asyncio.timeout(10):
        assert await in_thread(int, "7") == 7
        assert await asyncio.to_thread(int, "8") == 8
    release.set()
    assert await asyncio.gather(*hung) == [True] * 100


def test_the_process_ends_although_a_call_never_comes_back() -> None:
    program = """
import asyncio, threading
from mkv2castd.threads import in_thread
async def main():
    try:
        async with asyncio.timeout(0.2):
            await in_thread(threading.Event().wait)
    except TimeoutError:
        print("given up")
asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert ended.stdout == "given up\n"
