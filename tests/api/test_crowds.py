"""Many clients, slow clients, silent clients, and the end of them all."""

from __future__ import annotations

import asyncio
import socket as sockets
import time
from contextlib import AsyncExitStack

import pytest
from aiohttp import ClientSession, TCPConnector

from mkv2castd.api.http import serve
from mkv2castd.api.outbox import Limits
from mkv2castd.api.websocket import Pace
from tests.api.conftest import Client, closed_with, receive, receive_until
from tests.api.fakes import FakeDaemon

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Silent:
    """A client that shakes hands, reads nothing more, and takes little into its buffers."""

    def __init__(self) -> None:
        self.sock = sockets.socket()
        self.sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        self.sock.setblocking(False)

    @classmethod
    async def connect(cls, url: str, path: str) -> Silent:
        host, port = url.removeprefix("http://").split(":")
        loop, one = asyncio.get_running_loop(), cls()
        await loop.sock_connect(one.sock, (host, int(port)))
        await loop.sock_sendall(one.sock, HANDSHAKE.format(path=path, host=f"{host}:{port}").encode())
        return one

    async def everything(self) -> bytes:
        """Reads until the server ends the connection."""
        loop, read = asyncio.get_running_loop(), b""
        async with asyncio.timeout(5):
            while chunk := await loop.sock_recv(self.sock, 1 << 16):
                read += chunk
        self.sock.close()
        return read


async def test_a_client_that_does_not_read_is_cut_off_with_1013_and_nobody_else_notices(daemon: FakeDaemon) -> None:
    job = daemon.add(reason="x" * 60_000)
    limits = Limits(queue=100, send_seconds=30, linger_seconds=3)
    async with serve(daemon, ["127.0.0.1:0"], limits) as served, ClientSession() as session:
        client = Client(session, served.addresses[0])
        quick = await client.socket("/ws/jobs/")
        await receive(quick)
        slow = await Silent.connect(served.addresses[0], "/ws/jobs/")
        for number in range(400):  # 24 MB: more than the buffers of both sides and its queue
            daemon.change(job.id, priority=number % 100)
            assert (await receive(quick))["job"]["priority"] == number % 100
        rest = await slow.everything()
        assert (1013).to_bytes(2, "big") + b"not read fast enough" in rest[-200:]
        daemon.change(job.id, priority=-1)
        assert (await receive(quick))["job"]["priority"] == -1


async def test_a_send_that_blocks_for_too_long_ends_the_client(daemon: FakeDaemon) -> None:
    job = daemon.add(reason="x" * 1_000_000)
    limits = Limits(send_seconds=0.3, linger_seconds=0.2)
    async with serve(daemon, ["127.0.0.1:0"], limits) as served:
        daemon.reading.clear()
        slow = await Silent.connect(served.addresses[0], "/ws/jobs/")
        await daemon.reading.wait()
        for number in range(30):
            daemon.change(job.id, priority=number)
            await asyncio.sleep(0)
        await asyncio.sleep(1.0)  # the time that it has for reading, and does not take
        assert len(await slow.everything()) < 20_000_000


async def test_progress_for_a_slow_reader_is_the_newest_only(daemon: FakeDaemon) -> None:
    job = daemon.add()
    daemon.start(job.id)
    async with serve(daemon, ["127.0.0.1:0"]) as served, ClientSession() as session:
        socket = await Client(session, served.addresses[0]).socket(f"/ws/conversion/{job.id}/")
        await receive_until(socket, "analysis")
        for tenth in range(1000):  # in one turn of the loop: nothing can be sent in between
            daemon.report(job.id, tenth / 10)
        assert (await receive(socket))["progress"] == 99.9
        daemon.complete(job.id)
        assert (await receive(socket))["type"] == "status"


async def test_two_hundred_clients_all_get_everything_in_order(daemon: FakeDaemon) -> None:
    job = daemon.add()
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serve(daemon, ["127.0.0.1:0"]))
        session = await stack.enter_async_context(ClientSession(connector=TCPConnector(limit=0)))
        client = Client(session, served.addresses[0])
        paths = [f"/ws/conversion/{job.id}/", "/ws/jobs/"] * 100
        readers = [await client.socket(path) for path in paths]
        for reader in readers:
            await receive(reader)
        for number in range(1, 21):
            daemon.change(job.id, priority=number)
        for path, reader in zip(paths, readers, strict=True):
            told = [await receive(reader) for _ in range(20)]
            seen = [one["job"]["priority"] if "jobs" in path else one["priority"] for one in told]
            assert seen == list(range(1, 21))


@pytest.mark.alone
async def test_a_thousand_open_sockets_are_closed_with_1001_in_well_under_a_second(daemon: FakeDaemon) -> None:
    job = daemon.add()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession(connector=TCPConnector(limit=0)))
        server = AsyncExitStack()
        served = await server.enter_async_context(serve(daemon, ["127.0.0.1:0"]))
        silent = [await Silent.connect(served.addresses[0], "/ws/jobs/") for _ in range(900)]
        client = Client(session, served.addresses[0])
        readers = [await client.socket(f"/ws/conversion/{job.id}/") for _ in range(100)]
        await receive_until(readers[-1], "status")
        answers = [asyncio.create_task(closed_with(reader)) for reader in readers]
        began = time.monotonic()
        await server.aclose()
        took = time.monotonic() - began
        assert set(await asyncio.gather(*answers)) == {1001}
        for one in silent:
            assert (await one.everything()).endswith((1001).to_bytes(2, "big") + b"the daemon stops")
        assert took < 1.0


async def test_a_client_comes_back_after_a_restart_of_the_daemon(daemon: FakeDaemon) -> None:
    job = daemon.add()
    daemon.start(job.id)
    async with ClientSession() as session:
        async with serve(daemon, ["127.0.0.1:0"]) as served:
            url = served.addresses[0]
            socket = await Client(session, url).socket(f"/ws/conversion/{job.id}/")
            await receive_until(socket, "analysis")
            closing = asyncio.create_task(closed_with(socket))
        assert await closing == 1001
        daemon.report(job.id, 70.0)
        async with serve(daemon, [url.removeprefix("http://")]):
            socket = await Client(session, url).socket(f"/ws/conversion/{job.id}/")
            assert (await receive(socket))["progress"] == 70.0


async def test_a_peer_that_has_died_is_found_by_its_silence(daemon: FakeDaemon) -> None:
    limits = Limits(heartbeat_seconds=0.2)
    async with serve(daemon, ["127.0.0.1:0"], limits) as served, ClientSession() as session:
        alive = await Client(session, served.addresses[0]).socket("/ws/jobs/")
        await receive(alive)
        dead = await Silent.connect(served.addresses[0], "/ws/jobs/")
        alive_reader = asyncio.create_task(alive.receive())  # reading answers the pings
        assert b"jobs_list" in await dead.everything()
        daemon.add()
        assert (await alive_reader).json()["type"] == "job_update"


async def test_a_fault_of_ours_ends_one_socket_with_1011(
    client: Client, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = daemon.add()
    socket = await client.socket(f"/ws/conversion/{job.id}/")
    await receive(socket)
    monkeypatch.setattr(daemon, "cancel", lambda job_id: 1 / 0)
    await socket.send_json({"action": "cancel"})
    assert await closed_with(socket) == 1011


async def test_a_message_beyond_64_kib_ends_the_socket(client: Client) -> None:
    socket = await client.socket("/ws/jobs/")
    await receive(socket)
    await socket.send_str(" " * 70_000)
    assert await closed_with(socket) == 1009


def test_a_flood_is_slowed_down_and_a_pause_is_forgiven() -> None:
    pace = Pace(burst=20, per_second=10)
    waits = [pace.delay(1000.0) for _ in range(30)]
    assert waits[:20] == pytest.approx([0.0] * 20)
    assert waits[29] == pytest.approx(1.0)
    assert pace.delay(1100.0) == 0.0
