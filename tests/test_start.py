"""What keeps the daemon from starting is said in one sentence with its remedy; what does not, does not."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.trouble import Ended, calm, ends, fill, small_disk, soon


async def _start(tmp_path: Path, *arguments: str | Path, config: str = "", **environment: str) -> Ended:
    file = tmp_path / "config.toml"
    file.write_text(config)
    options = ["--config", file, "--state-dir", tmp_path / "state"]
    options += [] if "--listen" in arguments else ["--listen", "127.0.0.1:0"]
    return await ends("run", *options, *arguments, environment=environment)


def _only(folder: Path, *programs: str) -> Path:
    """A folder of programs to be PATH, with nothing in it but these."""
    folder.mkdir()
    for name in programs:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


@pytest.mark.parametrize("missing", ["ffmpeg", "ffprobe"])
async def test_without_ffmpeg_it_says_how_to_install_it(tmp_path: Path, missing: str) -> None:
    there = {"ffmpeg", "ffprobe", "setpriv"} - {missing}
    ended = await _start(tmp_path, PATH=str(_only(tmp_path / "bin", *there)))
    assert ended.code == 2
    assert f"{missing} is not installed" in ended.err
    assert "apt" in ended.err
    assert len(ended.err.splitlines()) == 1


async def test_an_ffmpeg_that_is_too_old_is_refused(tmp_path: Path) -> None:
    folder = _only(tmp_path / "bin", "ffprobe", "setpriv", "sh")
    (folder / "ffmpeg").write_text("#!/bin/sh\necho 'ffmpeg version 3.4.8-0ubuntu0.2 Copyright (c)' >&2\n")
    (folder / "ffmpeg").chmod(0o755)
    ended = await _start(tmp_path, PATH=str(folder))
    assert ended.code == 2
    assert "3.4.8" in ended.err
    assert "too old" in ended.err
    assert "apt" in ended.err


async def test_a_port_that_is_taken_is_named_with_the_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = await _start(tmp_path, "--listen", f"127.0.0.1:{port}")
    assert ended.code == 2
    assert f"port {port}" in ended.err
    assert "--listen" in ended.err


async def test_two_daemons_do_not_share_a_state_folder(tmp_path: Path, films: Path, state: Path) -> None:
    async with calm(films, state=state) as daemon:
        ended = await _start(tmp_path)
        assert ended.code == 2
        assert str(daemon.pid) in ended.err
        assert "--state-dir" in ended.err
        make_clip(films / "film.mkv", audio=("ac3",))
        assert (await daemon.finished(1))["film.mkv"]["status"] == "completed", "the first one works on"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("[queue\nretries = 1\n", ["config.toml", "line 1"]),
        ("[queue]\nretrys = 1\n", ["config.toml", "queue.retrys", "retries"]),
        ("[queue]\nretries = -1\n", ["config.toml", "queue.retries", "0"]),
        ("[[folder]]\npath = 'films'\n", ["config.toml", "folder[0].path", "absolute"]),
        ("[[folder]]\npath = '/a'\nprofile = ['betamax']\n", ["config.toml", "betamax", "chromecast"]),
        ("[http]\nlisten = ['0.0.0.0:8080']\n", ["config.toml", "http.listen"]),
    ],
)
async def test_a_mistake_in_the_configuration_is_named_by_file_and_key(
    tmp_path: Path, config: str, words: list[str]
) -> None:
    options = ["--config", tmp_path / "config.toml", "--state-dir", tmp_path / "state"]
    (tmp_path / "config.toml").write_text(config)
    ended = await ends("run", *options)
    assert ended.code == 2
    for word in words:
        assert word in ended.err, ended.err
    assert (await ends("check", *options)).code == 2


async def test_a_missing_configuration_file_and_a_broken_state_folder_are_named(tmp_path: Path) -> None:
    ended = await ends("run", "--config", tmp_path / "nowhere.toml", "--state-dir", tmp_path / "state")
    assert (ended.code, "nowhere.toml" in ended.err) == (2, True), ended
    (tmp_path / "state").write_text("a file")
    ended = await _start(tmp_path)
    assert (ended.code, str(tmp_path / "state") in ended.err) == (2, True), ended
    assert "--state-dir" in ended.err


async def test_a_state_folder_on_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path, films: Path) -> None:
    with small_disk(tmp_path / "state", 1) as state:
        ballast = state / "ballast"
        fill(ballast)
        ended = await _start(tmp_path, films)
        assert ended.code in (1, 2)
        assert "room" in ended.err, ended.err
        assert len(ended.err.splitlines()) < 5
        ballast.unlink()
        make_clip(films / "film.mkv", audio=("ac3",))
        async with calm(films, state=state) as daemon:
            assert (await daemon.finished(1))["film.mkv"]["status"] == "completed"


async def test_a_state_disk_that_fills_up_ends_the_daemon_and_loses_no_job(tmp_path: Path, films: Path) -> None:
    with small_disk(tmp_path / "state", 8) as state:
        make_clip(films / "first.mkv", audio=("ac3",))
        async with calm(films, state=state) as daemon:
            await daemon.finished(1)
            fill(state / "ballast")
            for number in range(20):
                make_clip(films / f"next{number}.mkv", audio=("ac3",))
            await soon(lambda: daemon.process.returncode is not None, timeout=90)
            assert daemon.process.returncode == 1
            await soon(lambda: "room" in "".join(daemon.said))
        (state / "ballast").unlink()
        async with calm(films, state=state) as daemon:
            jobs = await daemon.finished(21)
        assert len(jobs) == 21
        assert {job["status"] for job in jobs.values()} == {"completed"}


async def test_a_folder_that_is_not_there_is_said_and_waited_for(tmp_path: Path, films: Path, state: Path) -> None:
    later = tmp_path / "later"
    make_clip(films / "film.mkv", audio=("ac3",))
    async with calm(films, later, state=state) as daemon:
        assert (await daemon.finished(1))["film.mkv"]["status"] == "completed"
        problems = (await daemon.get("/healthz"))["problems"]
        assert any("later" in problem and "create it" in problem for problem in problems), problems
        assert any("later" in line and "create it" in line for line in daemon.said)
        fresh = tmp_path / "fresh"
        fresh.mkdir()
        make_clip(fresh / "late.mkv", audio=("ac3",))
        fresh.rename(later)
        assert (await daemon.finished(2))["late.mkv"]["status"] == "completed"
        assert (await daemon.get("/healthz"))["problems"] == []


async def test_a_folder_that_is_a_file_is_said(tmp_path: Path, films: Path, state: Path) -> None:
    film = make_clip(tmp_path / "film.mkv", audio=("ac3",))
    async with calm(films, film, state=state) as daemon:
        await soon(lambda: any("film.mkv" in line and "name a folder" in line for line in daemon.said))
    assert not (tmp_path / "film_chromecast.mkv").exists()
    assert film.exists()


async def test_a_reload_takes_new_folders_and_keeps_the_old_configuration_when_broken(
    tmp_path: Path, films: Path, state: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make_clip(other / "there.mkv", audio=("ac3",))
    async with calm(films, state=state) as daemon:
        file = tmp_path / "state.toml"
        file.write_text("[queue]\nmin_free_gib = 'none'\n")
        daemon.process.send_signal(signal.SIGHUP)
        line = await soon(lambda: next((line for line in daemon.said if "kept as it was" in line), None))
        assert "queue.min_free_gib" in line
        make_clip(films / "film.mkv", audio=("ac3",))
        await daemon.finished(1)
        file.write_text(f'[queue]\nmin_free_gib = 0\n[[folder]]\npath = "{other}"\nsuffix = "_tv"\n')
        os.kill(daemon.pid, signal.SIGHUP)
        assert (await daemon.finished(2))["there.mkv"]["output_filename"] == "there_tv.mkv"
