"""A real server on a free port of loopback, real sockets, and a daemon in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from mkv2castd.api.http import serve
from tests.api.fakes import FakeDaemon

PATIENCE = 20.0


@dataclass
class Client:
    """Talks to one server; `url` has no trailing slash."""

    session: ClientSession
    url: str

    async def socket(self, path: str, **options: Any) -> ClientWebSocketResponse:
        return await self.session.ws_connect(self.url + path, **options)

    async def rest(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.session.request(method, self.url + path, **options) as response:
            text = await response.text()
            return response.status, await response.json() if text else None


async def receive(socket: ClientWebSocketResponse) -> dict[str, Any]:
    """The next message; fails when the socket closes instead."""
    message = await socket.receive(PATIENCE)
    assert message.type is WSMsgType.TEXT, message
    return message.json()  # type: ignore[no-any-return]


async def receive_until(socket: ClientWebSocketResponse, kind: str) -> list[dict[str, Any]]:
    """All messages up to the first of this type, which is the last of the list."""
    messages = [await receive(socket)]
    while messages[-1]["type"] != kind:
        messages.append(await receive(socket))
    return messages


async def closed_with(socket: ClientWebSocketResponse) -> int | None:
    """The close code; every message before it is passed over."""
    while (message := await socket.receive(PATIENCE)).type is WSMsgType.TEXT:
        pass
    assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING), message
    return socket.close_code


@pytest.fixture
def daemon() -> FakeDaemon:
    return FakeDaemon()


@pytest.fixture
async def client(daemon: FakeDaemon) -> AsyncIterator[Client]:
    async with serve(daemon, ["127.0.0.1:0"]) as served, ClientSession() as session:
        yield Client(session, served.addresses[0])
