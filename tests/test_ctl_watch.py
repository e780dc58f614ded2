"""Following jobs: to their end with their exit code, through interruptions, restarts and removals."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.model import Job, JobStatus
from tests.api.buses import PrivateBus, private_bus
from tests.api.fakes import FakeDaemon
from tests.api.test_dbus import House, shown
from tests.ctl import Ctl, ctl, ctl_running, environment


@pytest.fixture
async def private(tmp_path: Path) -> AsyncIterator[PrivateBus]:
    async with private_bus(tmp_path) as bus:
        yield bus


@pytest.fixture
async def house(private: PrivateBus) -> AsyncIterator[House]:
    async with shown(private, FakeDaemon()) as house:
        yield house


async def taken(house: House, command: Ctl) -> Job:
    """The job of the film that a command has added."""
    job_id = (await command.line()).strip()
    (job,) = [job for job in house.daemon.known.values() if str(job.id) == job_id]
    assert job_id[:8] in await command.message(), "it follows the job from now on"
    return job


async def until(command: Ctl, **fields: Any) -> dict[str, Any]:
    """The first message that has these fields."""
    while True:
        message = json.loads(await command.line())
        job = message.get("job", message)
        if all(job.get(name) == value for name, value in fields.items()):
            return dict(message)


class TestAdding:
    async def test_each_film_is_queued_with_the_wishes_and_its_id_printed(self, house: House, tmp_path: Path) -> None:
        wishes = ("--profile", "tv", "-p", "nest-hub", "--priority", "-5", "--device", "cpu", "--container", "mp4")
        ended = await ctl(house.private, "add", *wishes, "a.mkv", "sub/../b.mkv", folder=tmp_path)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.split() == [str(job.id) for job in house.daemon.known.values()]
        assert [job.source for job in house.daemon.known.values()] == [tmp_path / "a.mkv", tmp_path / "b.mkv"]
        house.daemon.submitted.pop("reader")
        assert house.daemon.submitted == {
            "path": tmp_path / "b.mkv",
            "profile": ("tv", "nest-hub"),
            "container": "mp4",
            "priority": -5,
            "device": "cpu",
        }

    async def test_what_nobody_wishes_is_left_to_the_folder(self, house: House) -> None:
        await ctl(house.private, "add", "/srv/a.mkv")
        asked = {key: house.daemon.submitted[key] for key in ("profile", "container", "priority", "device")}
        assert set(asked.values()) == {None}

    async def test_a_film_that_is_refused_costs_the_others_nothing(self, house: House) -> None:
        ended = await ctl(house.private, "add", "/srv/notes.txt", "/srv/film.mkv")
        (job,) = house.daemon.known.values()
        assert (ended.code, ended.out) == (2, f"{job.id}\n")
        assert ended.err == "mkv2castctl: /srv/notes.txt: is no film\n"

    @pytest.mark.parametrize("end", ["complete", "fail", "cancel", "remove"])
    async def test_waiting_ends_with_the_job_and_its_exit_code(self, house: House, end: str) -> None:
        async with ctl_running(house.private, "add", "--wait", "/srv/film.mkv") as command:
            job = await taken(house, command)
            house.daemon.start(job.id)
            house.daemon.report(job.id)
            while "45 %" not in await command.message():
                pass
            match end:
                case "complete":
                    house.daemon.complete(job.id)
                case "fail":
                    house.daemon.fail(job.id)
                case "cancel":
                    await house.daemon.cancel(job.id)
                case _:
                    await house.daemon.remove(job.id)
            ended = await command.ended()
        assert (ended.code, ended.out) == (0 if end == "complete" else 1, f"{job.id}\n")
        last = ended.err.splitlines()[-1]
        said = {
            "complete": "→ /srv/film_chromecast.mkv (900.0 MiB)",
            "fail": "FFmpeg process exited with code 1",
            "cancel": "cancelled",
            "remove": "removed",
        }
        assert said[end] in last

    async def test_interrupted_it_says_that_the_job_goes_on(self, house: House) -> None:
        async with ctl_running(house.private, "add", "--wait", "/srv/film.mkv") as command:
            job = await taken(house, command)
            command.process.send_signal(signal.SIGINT)
            ended = await command.ended()
        assert ended.code == 130
        assert "the jobs go on" in ended.err
        assert house.daemon.known[job.id].status is JobStatus.QUEUED

    async def test_without_any_job_there_is_nothing_to_wait_for(self, house: House) -> None:
        ended = await ctl(house.private, "add", "--wait", "/srv/notes.txt")
        assert (ended.code, ended.out) == (2, "")


class TestWatching:
    async def test_programs_get_the_messages_of_the_websocket(self, house: House) -> None:
        job = house.daemon.add("first.mkv")
        house.daemon.add("old.mkv", JobStatus.COMPLETED)
        async with ctl_running(house.private, "watch", "--json") as command:
            listed = json.loads(await command.line())
            assert (listed["type"], listed["paused"]) == ("jobs_list", False)
            assert [one["filename"] for one in listed["jobs"]] == ["first.mkv"]
            house.daemon.start(job.id)
            assert (await until(command, status="processing"))["type"] == "job_update"
            house.daemon.report(job.id)
            progress = await until(command, type="progress")
            assert (progress["progress"], progress["speed"], progress["fps"]) == (45.5, "2.5x", 45.2)
            house.daemon.complete(job.id)
            done = await until(command, status="completed")
            assert done["job"]["output_path"] == "/srv/media/incoming/first_chromecast.mkv"
            other = house.daemon.add("second.mkv", JobStatus.FAILED)
            assert (await until(command, filename="second.mkv"))["type"] == "job_update"
            await house.daemon.remove(other.id)
            assert (await until(command, type="job_removed"))["job_id"] == str(other.id)
            command.process.send_signal(signal.SIGINT)
            assert (await command.ended()).code == 130

    async def test_a_job_that_was_finished_long_ago_is_told_in_whole_when_it_changes(self, house: House) -> None:
        job = house.daemon.add("old.mkv", JobStatus.FAILED)
        async with ctl_running(house.private, "watch", "--json") as command:
            await command.line()
            await house.daemon.retry(job.id)
            told = await until(command, status="queued")
            assert told["job"]["filename"] == "old.mkv"

    async def test_named_jobs_are_followed_to_their_end_and_others_are_not_told(self, house: House) -> None:
        job, other = house.daemon.add("mine.mkv"), house.daemon.add("other.mkv")
        async with ctl_running(house.private, "watch", str(job.id)) as command:
            assert "mine.mkv: queued" in await command.line()
            house.daemon.start(other.id)
            house.daemon.start(job.id)
            house.daemon.complete(job.id)
            ended = await command.ended()
        assert (ended.code, ended.err) == (0, "")
        assert "other.mkv" not in ended.out
        assert "✓" in ended.out

    async def test_a_job_that_has_ended_already_gives_its_exit_code_at_once(self, house: House) -> None:
        job = house.daemon.fail(house.daemon.start(house.daemon.add().id).id)
        assert (await ctl(house.private, "watch", str(job.id))).code == 1
        assert (await ctl(house.private, "watch", "zzz")).code == 4

    async def test_a_daemon_that_is_started_anew_is_waited_for(self, private: PrivateBus) -> None:
        daemon = FakeDaemon()
        job = daemon.add("film.mkv")
        async with AsyncExitStack() as stack:
            async with shown(private, daemon):
                command = await stack.enter_async_context(ctl_running(private, "watch", str(job.id)))
                assert "queued" in await command.line()
            assert "it is waited for" in await command.message()
            daemon.start(job.id)
            async with shown(private, daemon):
                daemon.complete(job.id)
                ended = await command.ended()
        assert ended.code == 0
        assert "film_chromecast.mkv" in ended.out

    async def test_on_a_terminal_there_are_bars(self, house: House) -> None:
        job = house.daemon.add("film.mkv")
        house.daemon.start(job.id)
        house.daemon.report(job.id)
        main, other = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mkv2castd.ctl", "watch", str(job.id)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=other,
            stderr=asyncio.subprocess.PIPE,
            env=environment(house.private),
        )
        os.close(other)
        printed = ""
        async with asyncio.timeout(30):
            while "45%" not in printed:
                printed += (await asyncio.to_thread(os.read, main, 4096)).decode()
        house.daemon.complete(job.id)
        _, err = await asyncio.wait_for(process.communicate(), 30)
        printed += os.read(main, 65536).decode()
        os.close(main)
        assert (process.returncode, err) == (0, b"")
        assert "━" in printed
        assert "film_chromecast.mkv" in printed
