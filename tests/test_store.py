"""The store on real files: durable, ordered, recoverable."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from mkv2castd import schema
from mkv2castd.encoder.commit import same
from mkv2castd.errors import ConfigError, ErrorCode, RequestError
from mkv2castd.events import Event, JobChanged, JobRemoved
from mkv2castd.ledger import KnownFile, Ledger
from mkv2castd.model import (
    Action,
    Analysis,
    Attempt,
    Container,
    Failure,
    Identity,
    Job,
    JobStatus,
    Outcome,
    Stage,
    StreamDecision,
    StreamKind,
    advance,
)
from mkv2castd.queries import JobQuery
from mkv2castd.store import StoreError, open_store
from mkv2castd.work import Shape, Work

IDENTITY = Identity(64769, 12345, 10**9, 1_700_000_000_123_456_789)


SHAPE = Shape("h264", 1920, 1080, "mp4", "high", True, True, "hevc", True, 3840 * 2160, ("scale", "tone-map"))
WORK = Work(SHAPE, 7200.5, 23.976)


def a_job(name: str = "film.mkv", status: JobStatus = JobStatus.PENDING, **changes: object) -> Job:
    job = Job(uuid4(), "films", Path("/films") / name, IDENTITY, status, created_at=1000.5)
    return replace(job, **changes)  # type: ignore[arg-type]


def full_job() -> Job:
    """A job with every field set, so that none can be forgotten on the way to disk."""
    decision = StreamDecision(
        0,
        StreamKind.VIDEO,
        "hevc",
        Action.TRANSCODE,
        "too new",
        "h264",
        "eng",
        "Main",
        1920,
        1080,
        7200.5,
        8000,
        6,
        48000,
    )
    analysis = Analysis((decision,), ("chromecast",), Container.MP4, 7200.5, "cpu", "why not", (), "alone")
    return a_job(
        os.fsdecode(b"caf\xe9 \xff.mkv"),
        status=JobStatus.FAILED,
        identity=Identity(2**63 + 5, 2**64 - 1, 7, -5),
        priority=-3,
        paused=True,
        stage=Stage.WAITING,
        profile=("chromecast-1", "chromecast-3"),
        container=Container.WEBM,
        device="cpu",
        lane="cpu",
        lane_reason="the others are busy",
        work=WORK,
        output=Path(os.fsdecode(b"/out/\xff.webm")),
        output_size=9,
        skipped=True,
        reason="because",
        failure=Failure(ErrorCode.FFMPEG_ERROR, "it broke", "at the end"),
        analysis=analysis,
        started_at=1.5,
        finished_at=2.5,
    )


async def test_every_field_of_a_job_survives_a_new_start(tmp_path: Path) -> None:
    async with open_store(tmp_path, lambda event: None) as store:
        written = await store.write(lambda ledger: ledger.add(full_job()))
    async with open_store(tmp_path, lambda event: None) as store:
        assert await store.read(lambda ledger: ledger.job(written.id)) == written


async def test_every_field_of_an_attempt_survives_a_new_start(tmp_path: Path) -> None:
    failure = Failure(ErrorCode.STALLED, "hung", None)
    attempt = Attempt(2, "cpu", 1.5, Outcome.FAILED, 2.5, failure, -9, Path(os.fsdecode(b"/t/\xfe")))
    attempt = replace(attempt, why="the first that is free", means="vaapi", spared=True)
    job = a_job()
    async with open_store(tmp_path, lambda event: None) as store:
        await store.write(lambda ledger: ledger.save_attempt(job.id, attempt))
    async with open_store(tmp_path, lambda event: None) as store:
        assert await store.read(lambda ledger: ledger.attempts(job.id)) == (attempt,)


async def test_what_waits_is_read_with_all_that_it_needs_to_find_its_device(tmp_path: Path) -> None:
    queued = a_job(status=JobStatus.QUEUED, lane="cpu", work=WORK, device="pci-0000_03_00_0")
    async with open_store(tmp_path, lambda event: None) as store:
        await store.write(lambda ledger: ledger.add(queued))
        (waiting,) = await store.read(lambda ledger: list(ledger.waiting()))
    assert (waiting.work, waiting.device) == (WORK, "pci-0000_03_00_0")


async def test_how_fast_devices_were_survives_a_new_start(tmp_path: Path) -> None:
    async with open_store(tmp_path, lambda event: None) as store:
        await store.write(lambda ledger: ledger.save_speed("cpu", SHAPE.kind, 50.0, 1))
        await store.write(lambda ledger: ledger.save_speed("cpu", SHAPE.kind, 75.5, 2))
    async with open_store(tmp_path, lambda event: None) as store:
        assert await store.read(lambda ledger: ledger.speeds()) == {("cpu", SHAPE.kind): (75.5, 2)}


async def test_a_database_of_the_first_version_is_taken_over_and_what_waits_to_be_encoded_is_analysed_anew(
    tmp_path: Path,
) -> None:
    connection = sqlite3.connect(tmp_path / "mkv2castd.sqlite")
    connection.executescript(f"{schema.STEPS[0]} PRAGMA user_version = 1;")
    for number, (status, lane) in enumerate((("queued", "cpu"), ("queued", "remux"), ("completed", "cpu"))):
        connection.execute(
            """INSERT INTO jobs (id, folder, source, status, sequence, priority, paused, lane, skipped, created_at,
               revision, name) VALUES (?, 'films', ?, ?, ?, 0, 0, ?, 0, 1.0, 1, 'film')""",
            (str(uuid4()), f"/films/{number}".encode(), status, number, lane),
        )
    connection.commit()
    connection.close()
    async with open_store(tmp_path, lambda event: None) as store:
        page = await store.read(lambda ledger: ledger.page(JobQuery()))
    told = [(job.status, job.stage, job.lane) for job in reversed(page.jobs)]
    assert told == [
        (JobStatus.ANALYZING, Stage.ANALYZING, "cpu"),
        (JobStatus.QUEUED, None, "remux"),
        (JobStatus.COMPLETED, None, "cpu"),
    ]


async def test_events_are_published_in_commit_order_and_only_after_the_commit(tmp_path: Path) -> None:
    told: list[tuple[Event, bool]] = []
    job = a_job()

    def publish(event: Event) -> None:
        with sqlite3.connect(tmp_path / "mkv2castd.sqlite") as other:
            row = other.execute("SELECT revision FROM jobs WHERE id = ?", (str(job.id),)).fetchone()
        revision = event.job.revision if isinstance(event, JobChanged) else 0
        told.append((event, row is not None and row[0] >= revision))

    async with open_store(tmp_path, publish) as store:
        added = await store.write(lambda ledger: ledger.add(job))
        changes = [
            store.write(lambda ledger, n=number: ledger.save(replace(added, priority=n)))  # type: ignore[misc]
            for number in range(50)
        ]
        await asyncio.gather(*changes)
    assert all(durable for _, durable in told)
    assert [event.job.revision for event, _ in told if isinstance(event, JobChanged)] == list(range(1, 52))
    assert [event.job.priority for event, _ in told if isinstance(event, JobChanged)] == [0, *range(50)]


async def test_a_refused_change_leaves_no_trace_and_spares_its_neighbours(tmp_path: Path) -> None:
    told: list[Event] = []
    good, bad = a_job("good.mkv"), a_job("bad.mkv")

    def write_and_refuse(ledger: Ledger) -> None:
        ledger.add(bad)
        raise RequestError(ErrorCode.INVALID_STATE, "no")

    async with open_store(tmp_path, told.append) as store:
        results = await asyncio.gather(
            store.write(lambda ledger: ledger.add(good)), store.write(write_and_refuse), return_exceptions=True
        )
        assert isinstance(results[1], RequestError)
        assert await store.read(lambda ledger: ledger.job(bad.id)) is None
        assert await store.read(lambda ledger: ledger.job(good.id)) is not None
    assert [event.job.id for event in told if isinstance(event, JobChanged)] == [good.id]


async def test_a_number_that_no_database_holds_fails_its_own_change_only(tmp_path: Path) -> None:
    good, bad = a_job("good.mkv"), a_job("bad.mkv", identity=replace(IDENTITY, mtime_ns=2**63))
    async with open_store(tmp_path, lambda event: None) as store:
        results = await asyncio.gather(
            store.write(lambda ledger: ledger.add(bad)),
            store.write(lambda ledger: ledger.add(good)),
            return_exceptions=True,
        )
        assert isinstance(results[0], OverflowError)
        assert await store.read(lambda ledger: ledger.job(bad.id)) is None
        assert await store.read(lambda ledger: ledger.job(good.id)) is not None
        assert not store.failed.done()


@pytest.mark.parametrize("seconds", [2**34 - 1, -(2**31)])
async def test_a_film_dated_beyond_what_the_database_holds_is_kept(tmp_path: Path, seconds: int) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(b"1")
    os.utime(film, ns=(0, seconds * 10**9))
    identity = Identity.of(film.stat())
    assert -(2**63) <= identity.mtime_ns < 2**63
    assert same(film.stat(), identity)
    job = a_job(identity=identity)
    async with open_store(tmp_path, lambda event: None) as store:
        await store.write(lambda ledger: ledger.add(job))
    async with open_store(tmp_path, lambda event: None) as store:
        kept = await store.read(lambda ledger: ledger.require(job.id))
        assert kept.identity == identity


async def test_a_kill_at_any_moment_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from tests.test_store import a_job
from mkv2castd.store import open_store
async def main():
    async with open_store(Path({str(tmp_path)!r}), lambda event: None) as store:
        while True:
            job = await store.write(lambda ledger: ledger.add(a_job()))
            print(job.id, flush=True)
asyncio.run(main())
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    answered = [child.stdout.readline().strip() for _ in range(40)]
    child.kill()
    answered += [line.strip() for line in child.stdout.read().splitlines() if len(line.strip()) == 36]
    child.wait(10)
    child.stdout.close()
    async with open_store(tmp_path, lambda event: None) as store:
        for job_id in answered:
            assert await store.read(lambda ledger, one=job_id: ledger.job(UUID(one))) is not None  # type: ignore[misc]


@pytest.mark.parametrize("damage", ["garbage", "cut", "page"])
async def test_a_damaged_database_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_store(tmp_path, lambda event: None) as store:
        await store.write(lambda ledger: [ledger.add(full_job()) for _ in range(300)])
    file = tmp_path / "mkv2castd.sqlite"
    raw = bytearray(file.read_bytes())
    if damage == "garbage":
        raw[:100] = os.urandom(100)
    elif damage == "cut":
        raw = raw[: len(raw) // 2]
    else:
        for page in range(2, len(raw) // 4096, 2):
            raw[page * 4096 : page * 4096 + 200] = os.urandom(200)
    file.write_bytes(raw)
    async with open_store(tmp_path, lambda event: None) as store:
        assert (await store.read(lambda ledger: ledger.page(JobQuery()))).total == 0
        await store.write(lambda ledger: ledger.add(a_job()))
    aside = list(tmp_path.glob("mkv2castd.sqlite.damaged-*[0-9]"))
    assert len(aside) == 1
    assert aside[0].read_bytes() == bytes(raw)
    assert "damaged" in caplog.text
    assert aside[0].name in caplog.text


@pytest.mark.parametrize("damage", ["pages", "row", "attempt"])
async def test_damage_that_is_met_at_work_ends_the_store_and_the_next_start_sets_it_aside(
    tmp_path: Path, damage: str
) -> None:
    file = tmp_path / "mkv2castd.sqlite"
    job = full_job()
    async with open_store(tmp_path, lambda event: None) as store:
        await store.write(lambda ledger: [ledger.add(full_job()) for _ in range(300)] + [ledger.add(job)])
        await store.write(lambda ledger: ledger.save_attempt(job.id, Attempt(1, "cpu", 1.0)))
    async with open_store(tmp_path, lambda event: None) as store:
        if damage == "pages":
            raw = bytearray(file.read_bytes())
            raw[4096:] = os.urandom(len(raw) - 4096)
            file.write_bytes(raw)
        else:
            with sqlite3.connect(file) as other:
                changes = (
                    "UPDATE jobs SET status = 'quequed'" if damage == "row" else "UPDATE attempts SET outcome = 7"
                )
                other.execute(changes)
        with pytest.raises(StoreError, match="start again"):
            await store.read(lambda ledger: (ledger.page(JobQuery()), ledger.attempts(job.id)))
        assert store.failed.done()
        with pytest.raises(StoreError):
            await store.read(lambda ledger: ledger.job(job.id))
    async with open_store(tmp_path, lambda event: None) as store:
        assert (await store.read(lambda ledger: ledger.page(JobQuery()))).total == 0
    async with open_store(tmp_path, lambda event: None):
        assert len(list(tmp_path.glob("mkv2castd.sqlite.damaged-*[0-9]"))) == 1


async def test_a_disk_without_room_for_a_new_database_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mkv2castd.sqlite").write_bytes(os.urandom(8192))

    def full(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("mkv2castd.store.migrate", full)
    with pytest.raises(ConfigError, match="make room"):
        async with open_store(tmp_path, lambda event: None):
            pass


async def test_a_database_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    async with open_store(tmp_path, lambda event: None):
        pass
    with sqlite3.connect(tmp_path / "mkv2castd.sqlite") as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(ConfigError, match="install that version"):
        async with open_store(tmp_path, lambda event: None):
            pass


async def test_a_state_folder_that_cannot_hold_a_database_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "mkv2castd.sqlite").mkdir()
    with pytest.raises(ConfigError, match="cannot be opened"):
        async with open_store(tmp_path, lambda event: None):
            pass


async def test_a_database_that_cannot_be_written_any_more_tells_everybody(tmp_path: Path) -> None:
    async with open_store(tmp_path, lambda event: None) as store:
        await store.write(lambda ledger: ledger.add(a_job()))
        with sqlite3.connect(tmp_path / "mkv2castd.sqlite") as other:
            other.execute("DROP TABLE jobs")
        with pytest.raises(StoreError):
            await store.write(lambda ledger: ledger.add(a_job()))
        assert store.failed.done()
        with pytest.raises(StoreError):
            await store.write(lambda ledger: ledger.add(a_job()))


async def test_the_newest_come_first_and_filters_and_pages_agree(tmp_path: Path) -> None:
    jobs = [a_job(f"Film {n:02}.mkv", JobStatus.QUEUED if n % 2 else JobStatus.FAILED) for n in range(20)]
    async with open_store(tmp_path, lambda event: None) as store:
        for job in jobs:
            await store.write(lambda ledger, one=job: ledger.add(one))  # type: ignore[misc]
        query = JobQuery(statuses=(JobStatus.FAILED,), offset=2, limit=3)
        page = await store.read(lambda ledger: ledger.page(query))
        assert page.total == 10
        assert [job.source.name for job in page.jobs] == ["Film 14.mkv", "Film 12.mkv", "Film 10.mkv"]
        found = await store.read(lambda ledger: ledger.page(JobQuery(text="FILM 07")))
        assert [job.source.name for job in found.jobs] == ["Film 07.mkv"]
        assert (await store.read(lambda ledger: ledger.page(JobQuery(text="%")))).total == 0
        assert (await store.read(lambda ledger: ledger.page(JobQuery(folder="other")))).total == 0


async def test_jobs_are_found_by_how_their_ids_begin(tmp_path: Path) -> None:
    jobs = [a_job(f"Film {n:02}.mkv") for n in range(20)]
    async with open_store(tmp_path, lambda event: None) as store:
        for job in jobs:
            await store.write(lambda ledger, one=job: ledger.add(one))  # type: ignore[misc]
        wanted = str(jobs[7].id)
        for digits in (12, 36):
            found = await store.read(lambda ledger, n=digits: ledger.page(JobQuery(id=wanted[:n].upper())))  # type: ignore[misc]
            assert [job.source.name for job in found.jobs] == ["Film 07.mkv"]
        alike = [job for job in jobs if str(job.id)[0] == wanted[0]]
        assert (await store.read(lambda ledger: ledger.page(JobQuery(id=wanted[0])))).total == len(alike)
        for other in ("%", "_", f"{wanted}0", "g"):
            assert (await store.read(lambda ledger, one=other: ledger.page(JobQuery(id=one)))).total == 0  # type: ignore[misc]


async def test_a_removed_job_takes_its_attempts_along_and_leaves_its_film_known(tmp_path: Path) -> None:
    told: list[Event] = []
    job = a_job(status=JobStatus.ANALYZING)
    async with open_store(tmp_path, told.append) as store:
        await store.write(lambda ledger: ledger.add(job))
        await store.write(lambda ledger: ledger.save(advance(job, JobStatus.FAILED)))
        await store.write(lambda ledger: ledger.save_attempt(job.id, Attempt(1, "cpu", 1.0)))
        await store.write(lambda ledger: ledger.remember(KnownFile(job.source, "films", IDENTITY, "source", job.id)))
        await store.write(lambda ledger: ledger.remove(job.id))
        assert await store.read(lambda ledger: ledger.attempts(job.id)) == ()
        assert await store.read(lambda ledger: ledger.file_at(job.source)) is not None
    assert told[-1] == JobRemoved(job.id)


async def test_known_files_leave_out_the_gone_and_have_the_growing_looked_at_again(tmp_path: Path) -> None:
    files = [
        KnownFile(Path("/f/a"), "films", IDENTITY, "source"),
        KnownFile(Path("/f/b"), "films", IDENTITY, "output", origin=Path("/f/a")),
        KnownFile(Path("/f/gone"), "films", IDENTITY, "source", gone_at=5.0),
        KnownFile(Path("/f/growing"), "films", IDENTITY, "source", complete=False),
        KnownFile(Path("/g/other"), "other", IDENTITY, "source"),
    ]
    async with open_store(tmp_path, lambda event: None) as store:
        for file in files:
            await store.write(lambda ledger, one=file: ledger.remember(one))  # type: ignore[misc]
        known = await store.read(lambda ledger: ledger.known("films"))
        assert set(known) == {b"/f/a", b"/f/b", b"/f/growing"}
        assert known[b"/f/growing"][2] == -1, "no file is of this size: it is looked at again, or missed"
        assert known[b"/f/a"] == (IDENTITY.device, IDENTITY.inode, IDENTITY.size, IDENTITY.mtime_ns)
        assert await store.read(lambda ledger: ledger.file_at(Path("/f/b"))) == files[1]
        await store.write(lambda ledger: ledger.move_origin(Path("/f/a"), Path("/f/z")))
        moved = await store.read(lambda ledger: ledger.file_at(Path("/f/b")))
        assert moved is not None
        assert moved.origin == Path("/f/z")
        assert len(await store.read(lambda ledger: ledger.files_like(IDENTITY))) == 5


@pytest.mark.campaign
async def test_a_hundred_thousand_jobs_are_no_burden(tmp_path: Path) -> None:
    async with open_store(tmp_path, lambda event: None) as store:

        def many(ledger: Ledger) -> None:
            for number in range(100_000):
                ledger.add(a_job(f"{number}.mkv", JobStatus.QUEUED, lane="cpu"))

        await store.write(many)
        began = time.monotonic()
        page = await store.read(lambda ledger: ledger.page(JobQuery(text="99999")))
        waiting = await store.read(lambda ledger: list(ledger.waiting()))
        assert page.total == 1
        assert len(waiting) == 100_000
        assert time.monotonic() - began < 10
