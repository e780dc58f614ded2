"""Folders and the whole configuration through control: added, removed, read anew, over restarts too."""

from __future__ import annotations

import signal
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mkv2castd.config import Config, FolderConfig, QueueConfig
from mkv2castd.config_loading import load
from mkv2castd.errors import ConfigError, ErrorCode, RequestError
from mkv2castd.events import FolderChanged, FolderRemoved, QueueChanged
from mkv2castd.model import FolderState, FolderStatus, JobStatus
from mkv2castd.queries import Counts, FolderFacts
from tests.clips import make_clip
from tests.daemon import running
from tests.encoder.scene import scene


def runtime(tmp_path: Path) -> Path:
    return tmp_path / "state" / "runtime.toml"


async def refusal(verb: Any) -> RequestError:
    with pytest.raises(RequestError) as refused:
        await verb
    return refused.value


async def test_a_folder_that_is_added_is_taken_up_told_and_remembered(tmp_path: Path) -> None:
    series = tmp_path / "series"
    async with scene(tmp_path) as here:
        settings = {"profile": ["nest-hub"], "output": "/srv/cast", "priority": 3}
        added = await here.control.add_folder(Path(f"{series}/./"), settings)
        assert added == FolderFacts(
            *("series", series, Path("/srv/cast"), ("nest-hub",), "starting", None, "none", 0, 0)
        )
        assert [facts.name for facts in here.control.folders()] == ["films", "series"]
        told = here.events[-1]
        assert isinstance(told, FolderChanged)
        assert (told.folder.name, told.folder.state) == ("series", FolderState.STARTING)
    assert tomllib.loads(runtime(tmp_path).read_text())["folder"] == [{"path": str(series), **settings}]
    (again,) = load([runtime(tmp_path)]).folder
    assert again == FolderConfig(
        path=str(series), name="series", profile=("nest-hub",), output="/srv/cast", priority=3
    )


async def test_the_jobs_of_an_added_folder_wait_until_it_is_known_to_be_there(tmp_path: Path) -> None:
    series = tmp_path / "series"
    async with scene(tmp_path) as here:
        here.workshop.gate.block("series")
        await here.control.add_folder(series, {})
        assert "series" in here.workshop.gate.blocked
        here.reception.folder_changed(FolderStatus("series", series, FolderState.ONLINE))
        assert "series" not in here.workshop.gate.blocked


@pytest.mark.parametrize(
    ("path", "settings", "code", "told"),
    [
        ("series", {}, ErrorCode.INVALID_PATH, "path: 'series' is not absolute: it must begin with /"),
        ("/series", {"path": "/other"}, ErrorCode.INVALID_ARGUMENT, "path: is no setting"),
        ("/series", {"container": "avi"}, ErrorCode.INVALID_ARGUMENT, "container: 'avi' is no possible value; "),
        ("/series", {"profile": ["vcr"]}, ErrorCode.INVALID_ARGUMENT, "profile: no such profile 'vcr'; allowed: "),
        ("/series", {"profile": []}, ErrorCode.INVALID_ARGUMENT, "profile: is out of range; allowed: a list"),
        ("/series", {"priority": 500}, ErrorCode.INVALID_ARGUMENT, "priority: is out of range; allowed: a whole"),
        ("/series", {"suffix": ""}, ErrorCode.INVALID_ARGUMENT, "suffix: is empty, so that outputs would"),
        ("/series", {"fast": True}, ErrorCode.INVALID_ARGUMENT, "fast: unknown key; allowed here: path, name"),
        ("/other/films", {}, ErrorCode.INVALID_STATE, "is called 'films' already: give this folder another name"),
    ],
)
async def test_a_folder_that_cannot_be_is_refused_in_the_words_of_the_configuration_and_not_written_down(
    tmp_path: Path, path: str, settings: dict[str, object], code: ErrorCode, told: str
) -> None:
    async with scene(tmp_path) as here:
        error = await refusal(here.control.add_folder(Path(path), settings))
        assert (error.code, told in error.message) == (code, True), error.message
        assert [facts.name for facts in here.control.folders()] == ["films"]
    assert not runtime(tmp_path).exists()


async def test_a_folder_is_watched_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        error = await refusal(here.control.add_folder(here.folder, {"name": "again"}))
        assert (error.code, "is watched already, as the folder 'films'" in error.message) == (
            ErrorCode.INVALID_STATE,
            True,
        )


async def test_a_removed_folder_is_forgotten_but_its_jobs_wait(tmp_path: Path) -> None:
    async with scene(tmp_path, online=False) as here:
        series = tmp_path / "series"
        series.mkdir()
        await here.control.add_folder(series, {})
        film = here.film("film.mkv").rename(series / "film.mkv")
        job = await here.control.submit(film)
        await here.control.remove_folder("series")
        assert here.events[-1] == FolderRemoved("series")
        assert [facts.name for facts in here.control.folders()] == ["films"]
        assert "series" in here.workshop.gate.blocked
        assert not (await here.control.job(job.id)).status.finished
        assert (await refusal(here.control.remove_folder("series"))).code is ErrorCode.NO_SUCH_FOLDER
        assert tomllib.loads(runtime(tmp_path).read_text()) == {"folder": []}
        await here.control.add_folder(series, {})
        assert (await here.control.job(job.id)).id == job.id


async def test_a_folder_that_a_person_wrote_down_is_theirs_to_remove(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[[folder]]\npath = "{tmp_path}/films"\n')
    async with scene(tmp_path, files=[tmp_path / "missing.toml", file]) as here:
        error = await refusal(here.control.remove_folder("films"))
        assert (error.code, str(file) in error.message) == (ErrorCode.INVALID_STATE, True)
        assert [facts.name for facts in here.control.folders()] == ["films"]
    async with scene(tmp_path) as here:
        error = await refusal(here.control.remove_folder("films"))
        assert (error.code, "on the command line" in error.message) == (ErrorCode.INVALID_STATE, True)


def test_what_a_person_writes_later_holds_against_a_folder_that_was_added(tmp_path: Path) -> None:
    file, added = tmp_path / "config.toml", tmp_path / "runtime.toml"
    file.write_text('[[folder]]\npath = "/films"\nname = "mine"\n')
    added.write_text('[[folder]]\npath = "/films"\n[[folder]]\npath = "/series"\n')
    assert [folder.name for folder in load([file, added]).folder] == ["mine", "series"]


async def test_a_folder_that_is_not_there_is_not_compared(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        assert (await refusal(here.control.scan_folder("films"))).code is ErrorCode.INVALID_STATE
        assert (await refusal(here.control.scan_folder("other"))).code is ErrorCode.NO_SUCH_FOLDER


async def test_a_reload_takes_up_what_the_files_say_by_now(tmp_path: Path) -> None:
    files = {"now": Config()}
    async with scene(tmp_path, reading=lambda: files["now"]) as here:
        films = here.workshop.config.folder
        files["now"] = Config(folder=films, queue=QueueConfig(paused=True, min_free_gib=0))
        await here.control.reload()
        assert here.events[-1] == QueueChanged(True, "requested")
        assert (here.control.queue_paused, here.control.pause_reason) == (True, "requested")
        files["now"] = msgspec.structs.replace(files["now"], folder=())
        await here.control.reload()
        assert here.control.folders() == ()
        assert [event for event in here.events if isinstance(event, FolderRemoved)] == [FolderRemoved("films")]


async def test_a_reload_of_something_wrong_changes_nothing(tmp_path: Path) -> None:
    def wrong() -> Config:
        raise ConfigError("config.toml: folder[0].path: 'x' is not absolute")

    async with scene(tmp_path, reading=wrong) as here:
        before = here.workshop.config
        with pytest.raises(ConfigError, match="is not absolute"):
            await here.control.reload()
        assert here.workshop.config is before


async def test_a_pause_outlives_the_change_of_a_folder(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        await here.control.add_folder(tmp_path / "series", {})
        assert here.control.queue_paused


async def test_why_nothing_is_encoded_is_told_a_persons_pause_first(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        assert here.control.pause_reason is None
        here.workshop.lanes.set_open(False)
        assert here.control.pause_reason == "hours"
        await here.control.pause_queue()
        assert here.control.pause_reason == "requested"
        await here.control.resume_queue()
        assert here.events[-1] == QueueChanged(False, "hours")


async def test_jobs_are_counted_by_what_becomes_of_them(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.control.pause_queue()
        first = await here.submit("first.mkv")
        await here.submit("second.mkv")
        assert await here.control.counts() == Counts(processing=0, queued=2, failed=0)
        await here.control.cancel(first.id)
        await here.control.remove(first.id)
        assert await here.control.counts() == Counts(processing=0, queued=1, failed=0)
        broken = here.folder / "broken.mkv"
        broken.write_bytes(b"no film")
        failed = await here.control.submit(broken)
        await here.until(failed.id, JobStatus.FAILED)
        assert await here.control.counts() == Counts(processing=0, queued=1, failed=1)


async def test_a_folder_that_was_added_is_watched_after_a_restart_and_a_reload(
    films: Path, state: Path, tmp_path: Path
) -> None:
    series = tmp_path / "series"
    series.mkdir()
    settings = "[queue]\nmin_free_gib = 0\npaused = true\n"
    async with running(films, state=state, config=settings) as daemon:
        status, added = await daemon.post("/api/folders/", {"path": str(series), "settle_seconds": 0})
        assert (status, added["name"]) == (201, "series")
        make_clip(series / "first.mkv")
        await daemon.until(lambda jobs: [job["filename"] for job in jobs] == ["first.mkv"])
    async with running(films, state=state, config=settings) as daemon:
        make_clip(series / "second.mkv")
        await daemon.until(lambda jobs: {job["filename"] for job in jobs} == {"first.mkv", "second.mkv"})
        daemon.process.send_signal(signal.SIGHUP)
        make_clip(series / "third.mkv")
        await daemon.until(lambda jobs: len(jobs) == 3)
        stats = await daemon.get("/api/stats/")
        assert stats["pause_reason"] == "requested"
        folders = {folder["name"]: folder["files"] for folder in await daemon.get("/api/folders/")}
        assert folders == {"films": 0, "series": 3}
