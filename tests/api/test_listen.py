"""Where the server listens, and what it says when it cannot."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mkv2castd.api.http import serve
from mkv2castd.api.listen import bind
from mkv2castd.errors import ConfigError
from tests.api.fakes import FakeDaemon


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "8080", ":8080", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "::1:80", ""]
)
def test_an_address_that_is_none_says_how_to_write_one(address: str) -> None:
    with pytest.raises(ConfigError, match=r"HOST:PORT|in brackets"):
        bind([address])


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"])
def test_the_network_is_not_there_yet(address: str) -> None:
    with pytest.raises(ConfigError, match="could be reached from other machines"):
        bind([address])


def test_a_port_that_is_taken_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port} on 127\.0\.0\.1 is taken .*--listen"):
            bind(["127.0.0.1:0", f"127.0.0.1:{port}"])


def test_a_free_port_is_told_and_the_same_for_every_address_of_a_name() -> None:
    (bound,) = bind(["localhost:0"])
    ports = {sock.getsockname()[1] for sock in bound.sockets}
    assert bound.address == f"http://localhost:{ports.pop()}"
    assert not ports
    bound.close()


def test_the_socket_of_a_killed_daemon_is_replaced_but_not_that_of_a_living_one(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    (bound,) = bind([f"unix:{path}"])
    with pytest.raises(ConfigError, match="taken"):
        bind([f"unix:{path}"])
    bound.close()
    assert not path.exists()


def test_a_file_in_the_place_of_a_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    path.write_text("precious")
    with pytest.raises(ConfigError, match="is no socket"):
        bind([f"unix:{path}"])
    assert path.read_text() == "precious"


@pytest.mark.parametrize("name", ["relative.sock", "/nowhere/api.sock", "/tmp/" + "x" * 120])
def test_a_path_that_cannot_be_a_socket_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=name[-12:]):
        bind([f"unix:{name}"])


async def test_no_address_at_all_serves_nothing(daemon: FakeDaemon) -> None:
    async with serve(daemon, []) as served:
        assert served.addresses == ()
