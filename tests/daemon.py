"""The real daemon as a child process on a state folder of its own, and what a client of it needs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

# Seconds after which nothing more is expected to happen, on a machine with much else to do.
PATIENCE = 180.0
READY = re.compile(r"page\s+(http://\S+?)/\s")


@dataclass
class Daemon:
    """A running daemon: its address, its process, and what it has said so far."""

    url: str
    process: asyncio.subprocess.Process
    session: aiohttp.ClientSession
    said: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid

    async def get(self, path: str) -> Any:
        async with self.session.get(self.url + path) as response:
            return await response.json()

    async def post(self, path: str, body: object = None) -> tuple[int, Any]:
        async with self.session.post(self.url + path, json=body) as response:
            return response.status, await response.json()

    async def jobs(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get(f"/api/jobs/?page_size=500{query}"))["results"]
        return found

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends it and returns the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 20)

    @asynccontextmanager
    async def listening(self, path: str = "/ws/jobs/") -> AsyncIterator[Listener]:
        async with self.session.ws_connect(self.url + path) as socket:
            yield Listener(socket)

    async def until(
        self, done: Callable[[list[dict[str, Any]]], bool], timeout: float = PATIENCE
    ) -> list[dict[str, Any]]:
        """All jobs as soon as they look as wished; asked again with every message of /ws/jobs/."""
        async with asyncio.timeout(timeout), self.listening() as listener:
            while True:
                await listener.next()
                jobs = await self.jobs()
                if done(jobs):
                    return jobs

    async def finished(self, count: int, timeout: float = PATIENCE) -> dict[str, dict[str, Any]]:
        """File name → job, once `count` jobs have come to their end."""
        ends = ("completed", "failed", "cancelled")
        jobs = await self.until(lambda jobs: sum(job["status"] in ends for job in jobs) >= count, timeout)
        return {job["filename"]: job for job in jobs}


@dataclass
class Listener:
    socket: aiohttp.ClientWebSocketResponse
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def next(self, timeout: float = PATIENCE) -> dict[str, Any]:
        message = await self.socket.receive(timeout)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        told: dict[str, Any] = json.loads(message.data)
        self.heard.append(told)
        return told

    async def to_the_end(self, timeout: float = 20) -> None:
        """Reads, as a browser does, until the daemon closes the socket."""
        async with asyncio.timeout(timeout):
            while (message := await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                self.heard.append(json.loads(message.data))

    async def until(self, wanted: Callable[[dict[str, Any]], bool], timeout: float = PATIENCE) -> dict[str, Any]:
        async with asyncio.timeout(timeout):
            while True:
                told = await self.next()
                if wanted(told):
                    return told


def free_port() -> int:
    """A port of 127.0.0.1 for a daemon that is stopped and started again. Below those that the kernel gives to
    outgoing connections: a client that knocks while nobody listens would else connect to itself now and then."""
    for port in random.sample(range(20_000, 32_000), 100):
        with contextlib.closing(socket.socket()) as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "mkv2castd", *map(str, arguments)]


@asynccontextmanager
async def running(
    *folders: Path,
    state: Path,
    config: str | None = None,
    environment: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    before: Sequence[str] = (),
    listen: str = "127.0.0.1:0",
) -> AsyncIterator[Daemon]:
    """The daemon, ready; killed at the end of the block if it is still there. `before`: what its command line
    begins with, as setpriv. `listen`: where, for one that comes back at the same place."""
    file = state.parent / f"{state.name}.toml"
    file.write_text(config if config is not None else "[queue]\nmin_free_gib = 0\n", encoding="utf-8")
    options = ["--config", str(file), "--state-dir", str(state), "--listen", listen, "--bus", "none", *arguments]
    process = await asyncio.create_subprocess_exec(
        *before,
        *command("run", *options, *folders),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    said: list[str] = []
    reading: asyncio.Task[None] | None = None
    try:
        url = await asyncio.wait_for(_ready(process, said), PATIENCE)
        reading = asyncio.create_task(_listen(process, said))
        async with aiohttp.ClientSession() as session:
            yield Daemon(url, process, session, said)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if reading is not None:
            await reading


async def _ready(process: asyncio.subprocess.Process, said: list[str]) -> str:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        said.append(line.decode())
        if match := READY.search(said[-1]):
            return match[1]
    raise AssertionError(f"the daemon ended: {''.join(said)}")


async def _listen(process: asyncio.subprocess.Process, said: list[str]) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        said.append(line.decode())
