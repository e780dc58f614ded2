"""mkv2castctl on a real bus, with a daemon in memory behind it: what it asks, what it prints, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.api.dbus_values import NAME, ROOT
from mkv2castd.api.permission import VerbKind
from mkv2castd.errors import ConfigError
from mkv2castd.model import JobStatus
from tests.api.buses import PrivateBus, private_bus
from tests.api.fakes import FakeDaemon
from tests.api.test_dbus import House, shown
from tests.ctl import ctl, environment


@pytest.fixture
async def private(tmp_path: Path) -> AsyncIterator[PrivateBus]:
    async with private_bus(tmp_path) as bus:
        yield bus


@pytest.fixture
async def house(private: PrivateBus) -> AsyncIterator[House]:
    async with shown(private, FakeDaemon()) as house:
        yield house


async def told(house: House, *arguments: str | Path) -> Any:
    """The JSON that a command prints."""
    ended = await ctl(house.private, *arguments, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


class TestLooking:
    async def test_status_tells_where_the_daemon_is_and_how_the_queue_stands(self, house: House) -> None:
        house.daemon.start(house.daemon.add("running.mkv").id)
        house.daemon.fail(house.daemon.start(house.daemon.add().id).id)
        assert await told(house, "status") == {
            "version": "0.1.0",
            "bus": "session",
            "paused": False,
            "pause_reason": None,
            "processing": 1,
            "queued": 0,
            "failed": 1,
        }
        ended = await ctl(house.private, "status")
        assert "0.1.0 on the session bus" in ended.out
        assert "running.mkv" in ended.out
        assert "movie.mkv" not in ended.out

    async def test_a_held_queue_says_why_and_how_to_let_it_go(self, house: House) -> None:
        assert (await ctl(house.private, "pause", "--all")).code == 0
        assert house.daemon.queue_paused
        assert "mkv2castctl resume --all" in (await ctl(house.private, "status")).out
        assert (await ctl(house.private, "resume", "--all")).code == 0
        assert not house.daemon.queue_paused

    async def test_jobs_are_listed_by_state_and_folder_and_what_is_left_out_is_said(self, house: House) -> None:
        for number in range(4):
            house.daemon.add(f"film {number}.mkv", JobStatus.QUEUED if number else JobStatus.FAILED)
        assert [one["filename"] for one in await told(house, "jobs", "--status", "failed")] == ["film 0.mkv"]
        assert await told(house, "jobs", "--folder", "other") == []
        ended = await ctl(house.private, "jobs", "--status", "queued", "--status", "failed", "--limit", "3")
        assert [line.split()[-1] for line in ended.out.splitlines()[1:]] == ["3.mkv", "2.mkv", "1.mkv"]
        assert ended.err == "mkv2castctl: 3 of 4 jobs: `--limit 4` shows all\n"
        assert (await ctl(house.private, "jobs", "--folder", "x")).err == "mkv2castctl: there are no such jobs\n"

    async def test_more_jobs_than_the_daemon_tells_at_once_are_read_page_by_page(self, house: House) -> None:
        for number in range(1100):
            house.daemon.add(f"{number}.mkv")
        jobs = await told(house, "jobs", "--limit", "1050")
        assert [one["filename"] for one in jobs] == [f"{number}.mkv" for number in range(1099, 49, -1)]

    async def test_a_job_s_json_is_that_of_the_http_interface(self, house: House) -> None:
        job = house.daemon.start(house.daemon.add(profile=("tv",)).id)
        house.daemon.report(job.id)
        found = await told(house, "show", str(job.id))
        assert found["speed"] == "2.5x"
        assert (found["profile"], found["error"], found["output_path"]) == (["tv"], None, None)
        assert found["attempts"][0]["error"] == "ffmpeg_error"
        text = (await ctl(house.private, "show", str(job.id))).out
        for words in (str(job.id), "/srv/media/incoming/movie.mkv", "45 % (2:00 left)", "FFmpeg process exited"):
            assert words in text

    async def test_the_log_is_printed_as_it_is(self, house: House) -> None:
        job = house.daemon.add("x.mkv")
        assert (await ctl(house.private, "log", str(job.id))).out == "ffmpeg of x.mkv\n"

    async def test_devices_folders_and_profiles_have_their_names_in_json(self, house: House) -> None:
        devices = {one["id"]: one for one in await told(house, "devices")}
        assert devices["pci-0000_03_00_0"]["running"] == ["00000000-0000-0000-0000-000000000007"]
        assert devices["cpu"]["vendor"] is None
        folders = {one["name"]: one for one in await told(house, "folders")}
        assert (folders["usb"]["output"], folders["incoming"]["output"]) == (None, "/srv/media/cast")
        (profile,) = await told(house, "profiles")
        assert profile["video"][0]["limits"] == [{"width": 3840, "height": 2160, "rate": 60.0}]

    async def test_what_is_wrong_with_a_device_or_folder_is_said_with_its_remedy(self, house: House) -> None:
        assert "modprobe nvidia" in (await ctl(house.private, "devices")).out
        assert "mount or create it" in (await ctl(house.private, "folders")).out
        assert "Television" in (await ctl(house.private, "profiles")).out

    async def test_a_film_is_analysed_by_its_relative_path(self, house: House, tmp_path: Path) -> None:
        (tmp_path / "film.mkv").touch()
        ended = await ctl(house.private, "analyze", "film.mkv", "--container", "mp4", folder=tmp_path)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith(f"{tmp_path}/film.mkv: → mp4\n")
        assert "HEVC does not play" in ended.out
        found = await told(house, "analyze", tmp_path / "film.mkv")
        assert (found["streams"]["video"]["target_codec"], found["skipped"]) == ("h264", False)
        assert "target_codec" not in found["streams"]["subtitle"][0]

    async def test_names_cannot_break_the_terminal_nor_the_lines(self, house: House) -> None:
        house.daemon.add("evil\x1b[2J\n\u202egnp\x9b.mkv")
        ended = await ctl(house.private, "jobs")
        assert ended.out.splitlines()[1].endswith("evil\\x1b[2J\\n\\u202egnp\\x9b.mkv")
        raw = (await ctl(house.private, "jobs", "--json")).out
        assert not [char for char in raw if char != "\n" and (ord(char) < 32 or 127 <= ord(char) < 160)]
        assert json.loads(raw)[0]["filename"] == "evil\x1b[2J\n\u202egnp\x9b.mkv"

    async def test_what_goes_into_a_pipe_is_never_cut(self, house: House) -> None:
        name = "long " * 40 + "end.mkv"
        house.daemon.add(name)
        ended = await ctl(house.private, "jobs", more={"COLUMNS": "20"})
        assert ended.out.splitlines()[1].endswith(name)


class TestNaming:
    async def test_any_unique_beginning_of_an_id_names_a_job(self, house: House) -> None:
        first, second = house.daemon.add("a.mkv"), house.daemon.add("b.mkv")
        alike = next(n for n in range(36) if str(first.id)[n] != str(second.id)[n])
        assert (await told(house, "show", str(first.id)[: alike + 1]))["filename"] == "a.mkv"

    async def test_an_ambiguous_beginning_names_the_jobs_that_it_may_be(self, house: House) -> None:
        jobs = [house.daemon.add(f"{number}.mkv") for number in range(40)]
        digit = max("0123456789abcdef", key=[str(job.id)[0] for job in jobs].count)
        alike = [job for job in jobs if str(job.id)[0] == digit]
        ended = await ctl(house.private, "cancel", digit)
        assert (ended.code, ended.out) == (4, "")
        assert f"{len(alike)} jobs begin with {digit}" in ended.err
        assert str(alike[-1].id)[:8] in ended.err
        assert all(job.status is JobStatus.QUEUED for job in house.daemon.known.values())

    @pytest.mark.parametrize("text", ["", "zzz", "%", "00000000-0000-0000-0000-00000000abcd", "\x1b[2J"])
    async def test_an_unknown_id_is_said_clearly(self, house: House, text: str) -> None:
        house.daemon.add()
        ended = await ctl(house.private, "cancel", text)
        assert (ended.code, ended.out) == (4, "")
        assert "there is no job" in ended.err
        assert "\x1b" not in ended.err


class TestSteering:
    @pytest.mark.parametrize(
        ("verb", "status", "after"),
        [
            ("cancel", JobStatus.QUEUED, ("status", JobStatus.CANCELLED)),
            ("pause", JobStatus.QUEUED, ("paused", True)),
            ("resume", JobStatus.QUEUED, ("paused", False)),
            ("retry", JobStatus.FAILED, ("status", JobStatus.QUEUED)),
        ],
    )
    async def test_a_verb_reaches_every_job_that_is_named(
        self, house: House, verb: str, status: JobStatus, after: tuple[str, Any]
    ) -> None:
        jobs = [house.daemon.add(status=status, paused=verb == "resume") for _ in range(3)]
        ended = await ctl(house.private, verb, *(str(job.id)[:18] for job in jobs[:2]))
        assert (ended.code, ended.out, ended.err) == (0, "", "")
        assert [getattr(house.daemon.known[job.id], after[0]) == after[1] for job in jobs] == [True, True, False]

    async def test_a_job_that_is_not_there_costs_the_others_nothing(self, house: House) -> None:
        job = house.daemon.add(status=JobStatus.COMPLETED)
        ended = await ctl(house.private, "remove", "zzz", str(job.id))
        assert (ended.code, house.daemon.known) == (4, {})

    async def test_priorities_may_be_negative(self, house: House) -> None:
        job = house.daemon.add()
        assert (await ctl(house.private, "priority", str(job.id), "-7")).code == 0
        assert house.daemon.known[job.id].priority == -7

    async def test_devices_are_switched(self, house: House) -> None:
        assert (await ctl(house.private, "device", "disable", "pci-0000_03_00_0")).code == 0
        assert not house.daemon.hardware["pci-0000_03_00_0"].enabled
        assert (await ctl(house.private, "device", "enable", "pci-0000_03_00_0")).code == 0
        assert house.daemon.hardware["pci-0000_03_00_0"].enabled
        assert (await ctl(house.private, "device", "enable", "nothing")).code == 4

    async def test_folders_are_added_with_settings_scanned_and_removed(self, house: House, tmp_path: Path) -> None:
        given = ("name=films", "profile=chromecast,nest-hub", "recursive=false", "poll_seconds=60", "output=out")
        ended = await ctl(house.private, "folder", "add", ".", *given, folder=tmp_path)
        assert (ended.code, ended.out, ended.err) == (0, "films\n", "")
        facts = house.daemon.watched["films"]
        assert (facts.path, facts.output) == (tmp_path, tmp_path / "out")
        assert facts.profile == ("chromecast", "nest-hub")
        assert (await ctl(house.private, "folder", "scan", "films")).code == 0
        assert house.daemon.scanned == ["films"]
        assert (await ctl(house.private, "folder", "remove", "films")).code == 0
        assert "films" not in house.daemon.watched
        assert (await ctl(house.private, "folder", "remove", "films")).code == 4
        wrong = await ctl(house.private, "folder", "add", tmp_path, "recursiv=false")
        assert (wrong.code, "allowed here" in wrong.err) == (2, True)

    async def test_the_configuration_is_read_anew_and_its_faults_are_usage_errors(self, house: House) -> None:
        assert (await ctl(house.private, "reload")).code == 0
        assert house.daemon.reloads == 1
        house.daemon.fault = ConfigError("config.toml: queue.retries: -1 is less than 0")
        ended = await ctl(house.private, "reload")
        assert ended.code == 2
        assert "queue.retries: -1 is less than 0" in ended.err
        assert "The old configuration stays in force" in ended.err


class TestFaults:
    async def test_without_leave_it_is_said_how_to_get_it(self, house: House) -> None:
        house.guard.open = False
        as_service = {"DBUS_SYSTEM_BUS_ADDRESS": house.private.address}
        ended = await ctl(house.private, "pause", "--all", more=as_service)
        assert (ended.code, ended.out) == (5, "")
        for words in ("only the group mkv2cast may", "org.mkv2cast.Daemon1.manage-jobs", "usermod -aG mkv2cast"):
            assert words in ended.err
        assert house.guard.asked == [VerbKind.JOBS]
        assert (await ctl(house.private, "status")).code == 0
        own = await ctl(house.private, "pause", "--all")
        assert (own.code, own.err) == (5, "mkv2castctl: only the group mkv2cast may do that\n")

    async def test_without_a_daemon_it_is_said_how_to_start_one(self, private: PrivateBus) -> None:
        ended = await ctl(private, "status")
        assert (ended.code, ended.out) == (3, "")
        assert "sudo systemctl start mkv2castd" in ended.err
        assert "mkv2castd run FOLDER" in ended.err

    async def test_without_any_bus_it_is_said_why(self) -> None:
        ended = await ctl(None, "jobs")
        assert (ended.code, ended.out) == (3, "")
        assert "no system bus: unix:path=/nonexistent/no-bus-in-tests: No such file or directory" in ended.err
        assert "no session bus" in ended.err

    async def test_the_bus_that_is_asked_for_is_the_only_one_that_counts(self, house: House) -> None:
        assert (await ctl(house.private, "--bus", "session", "status")).code == 0
        assert (await ctl(house.private, "status", "--bus", "system")).code == 3
        system = {"DBUS_SYSTEM_BUS_ADDRESS": house.private.address}
        ended = await ctl(None, "status", "--json", more=system)
        assert json.loads(ended.out)["bus"] == "system"

    async def test_the_system_bus_comes_first_where_both_have_a_daemon(self, house: House) -> None:
        ended = await ctl(house.private, "status", "--json", more={"DBUS_SYSTEM_BUS_ADDRESS": house.private.address})
        assert json.loads(ended.out)["bus"] == "system"

    @pytest.mark.parametrize(
        "words",
        [
            (),
            ("nonsense",),
            ("pause",),
            ("pause", "--all", "ID"),
            ("jobs", "--status", "done"),
            ("jobs", "--limit", "0"),
            ("priority", "ID", "500"),
            ("--bus", "none", "status"),
        ],
    )
    async def test_words_that_make_no_sense_end_with_2(self, words: tuple[str, ...]) -> None:
        ended = await ctl(None, *words)
        assert (ended.code, ended.out) == (2, "")
        assert "usage: mkv2castctl" in ended.err

    async def test_a_name_that_d_bus_cannot_carry_is_refused(self, house: House) -> None:
        ended = await ctl(house.private, "add", os.fsdecode(b"/srv/\xff.mkv"))
        assert ended.code == 2
        assert "not UTF-8" in ended.err

    async def test_who_reads_no_further_costs_no_traceback(self, house: House) -> None:
        for number in range(400):
            house.daemon.add(f"{number}.mkv")
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", '"$0" -m mkv2castd.ctl jobs --limit 400 --json | head -n 1', sys.executable),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(house.private),
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
        assert (out, err) == (b"[\n", b"")


async def test_on_a_terminal_tables_are_as_wide_as_it_is(house: House) -> None:
    house.daemon.add("film " * 30 + ".mkv", JobStatus.FAILED)
    main, other = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mkv2castd.ctl", "jobs"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=other,
        stderr=asyncio.subprocess.PIPE,
        env={**environment(house.private), "COLUMNS": "80"},
    )
    os.close(other)
    _, err = await asyncio.wait_for(process.communicate(), 30)
    printed = os.read(main, 65536).decode()
    os.close(main)
    assert (process.returncode, err) == (0, b"")
    assert "\x1b[31mfailed" in printed
    assert len(printed.splitlines()) > 2


def test_the_names_are_those_of_the_daemon() -> None:
    from mkv2castd import ctl_client

    assert (ctl_client.NAME, ctl_client.ROOT) == (NAME, ROOT)
