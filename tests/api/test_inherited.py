"""A daemon that systemd starts for a request serves on the socket that the request came to."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from mkv2castd.api.inherited import inherited

# What systemd does: the socket as descriptor 3, the process's own number in the environment.
_LAUNCH = "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.executable, sys.argv[1:])"


async def _served(sock: socket.socket, state: Path, *arguments: str) -> asyncio.subprocess.Process:
    def hand_over() -> None:
        os.dup2(sock.fileno(), 3, inheritable=True)

    (state.parent / "config.toml").write_text("[queue]\nmin_free_gib = 0\n")
    daemon = [sys.executable, "-m", "mkv2castd", "run", "--config", str(state.parent / "config.toml")]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _LAUNCH, *daemon, "--state-dir", str(state), *arguments),
        preexec_fn=hand_over,
        close_fds=False,
        env={**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "mkv2castd.socket"},
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_socket_wins_over_the_configuration_and_keeps_requests_that_came_before(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock, socket.create_server(("127.0.0.1", 0)) as other:
        port, unused = sock.getsockname()[1], other.getsockname()[1]
        other.close()
        async with aiohttp.ClientSession() as session:
            asking = asyncio.create_task(session.get(f"http://127.0.0.1:{port}/healthz"))
            process = await _served(sock, state, "--listen", f"127.0.0.1:{unused}")
            try:
                async with asyncio.timeout(30), await asking as response:
                    assert (await response.json())["ok"] is True
                with pytest.raises(aiohttp.ClientConnectorError):
                    await session.get(f"http://127.0.0.1:{unused}/healthz")
            finally:
                process.terminate()
                await process.communicate()
        assert process.returncode == 0


async def test_a_socket_that_the_whole_network_reaches_is_refused_with_the_remedy(state: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as sock:
        process = await _served(sock, state)
        _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert b"ListenStream=" in said


def test_what_is_meant_for_another_process_is_left_alone() -> None:
    environment = {"LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_FDNAMES": "x", "PATH": "/bin"}
    assert inherited(environment, os.getpid()) == []
    assert environment == {"PATH": "/bin"}
