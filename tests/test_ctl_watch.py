"""Following jobs: to their end with their exit code, through interruptions, restarts and removals."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mkv2castd import ctl_watch
from mkv2castd.api.wire import JobRemoved, JobUpdate, JobView
from mkv2castd.ctl_client import NAME, ROOT, reached
from mkv2castd.ctl_errors import UNREACHABLE, CtlError
from mkv2castd.ctl_feed import Feed
from mkv2castd.ctl_following import Message
from mkv2castd.ctl_watch import Wanted, follow
from mkv2castd.model import Job, JobStatus
from tests.api.buses import PrivateBus, private_bus
from tests.api.fakes import FakeDaemon
from tests.api.test_dbus import House, shown
from tests.ctl import Ctl, ctl, ctl_running, environment
from tests.trouble import soon


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

    async def test_an_id_is_printed_at_once(self, house: House) -> None:
        buffered = {"PYTHONUNBUFFERED": ""}
        async with ctl_running(house.private, "add", "--wait", "/srv/film.mkv", more=buffered) as command:
            job = await taken(house, command)
            house.daemon.complete(house.daemon.start(job.id).id)
            assert (await command.ended()).code == 0

    async def test_completed_jobs_that_somebody_clears_meanwhile_count_as_completed(self, house: House) -> None:
        async with ctl_running(house.private, "add", "--wait", "/srv/a.mkv", "/srv/b.mkv") as command:
            ids = [(await command.line()).strip() for _ in range(2)]
            first, second = sorted(house.daemon.known.values(), key=lambda job: ids.index(str(job.id)))
            house.daemon.complete(house.daemon.start(first.id).id)
            while "a_chromecast.mkv" not in await command.message():
                pass
            await house.daemon.remove(first.id)
            house.daemon.complete(house.daemon.start(second.id).id)
            assert (await command.ended()).code == 0

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

    async def test_who_looks_on_does_not_start_a_daemon_that_has_left(self, tmp_path: Path) -> None:
        folder = tmp_path / "services"
        folder.mkdir()
        started, program = tmp_path / "started", tmp_path / "program"
        program.write_text(f"#!/bin/sh\ntouch {started}\n")
        program.chmod(0o755)
        (folder / f"{NAME}.service").write_text(f"[D-BUS Service]\nName={NAME}\nExec={program}\n")
        async with private_bus(tmp_path, f"<servicedir>{folder}</servicedir>") as private:
            assert (await ctl(private, "status")).code == 3
            async with AsyncExitStack() as stack:
                async with shown(private, daemon := FakeDaemon()):
                    job = daemon.add()
                    command = await stack.enter_async_context(ctl_running(private, "watch", str(job.id)))
                    await command.line()
                assert "it is waited for" in await command.message()
                async with shown(private, daemon):
                    daemon.complete(daemon.start(job.id).id)
                    assert (await command.ended()).code == 0
            assert not started.exists()
            await private.ask("-d", NAME, "-o", ROOT, "-m", "org.freedesktop.DBus.Peer.Ping")
            await soon(started.exists)  # the bus would have started it

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


class Kept:
    """A teller that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def tell(self, message: Message) -> None:
        self.messages.append(message)


@dataclass
class Watch:
    """A watch under way within the test."""

    feed: Feed
    told: list[Message]
    ending: asyncio.Task[int]

    async def code(self) -> int:
        return await asyncio.wait_for(self.ending, 30)


@asynccontextmanager
async def watching(house: House, *jobs: Job, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watch]:
    """Of these jobs; of all where none is named. It has told of each job once."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", house.private.address)
    kept = Kept()
    wanted = Wanted(frozenset(str(job.id) for job in jobs) if jobs else None)
    async with reached("session") as daemon, daemon.listening() as feed:
        ending = asyncio.create_task(follow(daemon, feed, wanted, kept))
        try:
            await soon(lambda: len(kept.messages) >= len(jobs or house.daemon.known))
            yield Watch(feed, kept.messages, ending)
        finally:
            ending.cancel()
            await asyncio.wait([ending])


def told_of(watch: Watch, job: Job) -> JobView:
    """What was told of it last."""
    *_, last = (one.job for one in watch.told if isinstance(one, JobUpdate) and one.job.id == str(job.id))
    return last


class TestLookingAnew:
    async def test_a_job_that_is_gone_by_then_has_been_removed(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone, other = house.daemon.add(), house.daemon.add()
        async with watching(house, gone, other, monkeypatch=monkeypatch) as watch:
            del house.daemon.known[gone.id]
            watch.feed.look_anew()
            await soon(lambda: JobRemoved(str(gone.id)) in watch.told)
            house.daemon.complete(house.daemon.start(other.id).id)
            assert await watch.code() == 1

    async def test_a_job_that_has_completed_is_not_asked_for_again(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done, other = house.daemon.add(), house.daemon.add()
        async with watching(house, done, other, monkeypatch=monkeypatch) as watch:
            house.daemon.complete(house.daemon.start(done.id).id)
            await soon(lambda: told_of(watch, done).status is JobStatus.COMPLETED)
            del house.daemon.known[done.id]
            house.daemon.known[other.id] = replace(house.daemon.known[other.id], priority=7)  # nothing tells of it
            watch.feed.look_anew()
            await soon(lambda: told_of(watch, other).priority == 7)
            house.daemon.complete(house.daemon.start(other.id).id)
            assert await watch.code() == 0
            assert not any(isinstance(message, JobRemoved) for message in watch.told)

    async def test_who_watches_everything_goes_on_where_one_is_gone(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = house.daemon.add()
        async with watching(house, monkeypatch=monkeypatch) as watch:
            del house.daemon.known[gone.id]
            watch.feed.look_anew()
            await soon(lambda: JobRemoved(str(gone.id)) in watch.told)
            house.daemon.add()
            await soon(lambda: len(watch.told) == 3)
            assert not watch.ending.done()

    async def test_a_daemon_that_hangs_is_waited_for_no_longer_than_one_that_is_away(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ctl_watch, "_RETURN_SECONDS", 0.2)
        job = house.daemon.add()
        async with watching(house, job, monkeypatch=monkeypatch) as watch:
            monkeypatch.setattr(house.daemon, "job", lambda _: asyncio.Event().wait())
            watch.feed.look_anew()
            with pytest.raises(CtlError, match="does not answer") as caught:
                await watch.code()
        assert caught.value.exit_code == UNREACHABLE
