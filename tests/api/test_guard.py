"""Who may speak to the daemon: programs and pages of this machine, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import ClientSession, UnixConnector

from mkv2castd.api.guard import refused
from mkv2castd.api.http import serve
from tests.api.conftest import Client, closed_with, receive
from tests.api.fakes import FakeDaemon

HOME = [
    None,
    "http://127.0.0.1:8080",
    "http://localhost:5173",
    "https://localhost",
    "http://[::1]:3000",
    "http://a.localhost",
]
FOREIGN = [
    "null",
    "",
    "http://evil.example",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil",
    "file://",
    "http://[",
]


@pytest.mark.parametrize("origin", HOME)
def test_pages_of_this_machine_and_programs_are_welcome(origin: str | None) -> None:
    assert refused("127.0.0.1:8080", origin, ()) is None


@pytest.mark.parametrize("origin", FOREIGN)
def test_pages_of_others_are_not(origin: str) -> None:
    assert refused("127.0.0.1:8080", origin, ()) is not None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "127.9.9.9:1", "[::1]:8080", "nas:8080", "NAS", None])
def test_hosts_that_mean_this_machine(host: str | None) -> None:
    assert refused(host, None, {"nas"}) is None


@pytest.mark.parametrize("host", ["evil.example:8080", "192.168.1.5:8080", "", ":8080", "[::1", "localhost.evil:1"])
def test_a_host_that_was_rebound_to_this_machine_is_refused(host: str) -> None:
    assert refused(host, f"http://{host}", {"nas"}) is not None


def test_over_a_unix_socket_a_proxy_may_use_its_own_name() -> None:
    assert refused("films.example", "https://films.example", (), unix=True) is None
    assert refused("films.example", "https://evil.example", (), unix=True) is not None


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}])
async def test_a_foreign_page_gets_403_and_4003(client: Client, daemon: FakeDaemon, headers: dict[str, str]) -> None:
    job = daemon.add()
    for method, path in (("GET", "/api/jobs/"), ("POST", f"/api/jobs/{job.id}/cancel/"), ("GET", "/"), ("GET", "/x")):
        status, body = await client.rest(method, path, headers=headers)
        assert (status, body["error"]) == (403, "not_authorized")
    assert daemon.known[job.id].status == "queued"
    for path in ("/ws/jobs/", f"/ws/conversion/{job.id}/"):
        socket = await client.socket(path, headers=headers)
        error = await receive(socket)
        assert (error["type"], error["error"]) == ("error", "not_authorized")
        assert await closed_with(socket) == 4003


async def test_a_page_of_a_development_server_may_connect(client: Client, daemon: FakeDaemon) -> None:
    socket = await client.socket("/ws/jobs/", headers={"Origin": "http://localhost:5173"})
    assert (await receive(socket))["type"] == "jobs_list"


async def test_a_unix_socket_serves_the_same(daemon: FakeDaemon, tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    async with serve(daemon, [f"unix:{path}"]) as served:
        assert served.addresses == (f"unix:{path}",)
        async with ClientSession(connector=UnixConnector(str(path))) as session:
            status, _ = await Client(session, "http://whatever").rest("GET", "/healthz")
            assert status == 200
    assert not path.exists()
