"""A program under Node.js that prints a line of JSON for everything that happens to it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import PATIENCE

HERE = Path(__file__).parent

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


@dataclass
class Node:
    """The running program. `heard`: what it has printed so far."""

    process: asyncio.subprocess.Process
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def next(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, f"it ended, after {self.heard[-3:]}"
        told: dict[str, Any] = json.loads(line)
        self.heard.append(told)
        return told

    async def until(self, wanted: Callable[[dict[str, Any]], bool], timeout: float = PATIENCE) -> dict[str, Any]:
        async with asyncio.timeout(timeout):
            while True:
                told = await self.next()
                if wanted(told):
                    return told

    async def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    async def end(self) -> None:
        """Closes its input, hears the rest, and wants a clean end of its own accord without a word on stderr."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdin.close()
        async with asyncio.timeout(25):
            async for line in self.process.stdout:
                self.heard.append(json.loads(line))
            assert (await self.process.stderr.read()).decode() == ""
            assert await self.process.wait() == 0

    def data(self, event: str) -> list[dict[str, Any]]:
        return [told["data"] for told in self.heard if told["event"] == event]


@asynccontextmanager
async def node(script: str, *arguments: str) -> AsyncIterator[Node]:
    """Runs a script of this folder; killed at the end of the block if it is still there."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "node", str(HERE / script), *arguments, stdin=pipe, stdout=pipe, stderr=pipe, limit=1 << 20
    )
    try:
        yield Node(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
