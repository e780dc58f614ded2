"""The watchers keep in step with the configuration: over a real store, real folders and real inotify."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from mkv2castd.config import Config, FolderConfig
from mkv2castd.encoder.workshop import Workshop
from mkv2castd.events import Event, FolderChanged, FolderRemoved, Hub
from mkv2castd.folders import Folders
from mkv2castd.model import FolderState, Identity, Job, JobStatus, Sighting
from mkv2castd.queries import JobQuery
from mkv2castd.reception import Reception
from mkv2castd.store import open_store


@dataclass
class Watch:
    """Folders that are watched; nobody works on what is found."""

    workshop: Workshop
    reception: Reception
    folders: Folders
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    removed: list[str] = field(default_factory=list)
    states: list[FolderState] = field(default_factory=list)

    def apply(self, *folders: FolderConfig) -> None:
        self.workshop.config = msgspec.structs.replace(self.workshop.config, folder=folders)
        self.folders.apply(self.workshop.config)

    async def jobs(self) -> dict[str, Job]:
        page = await self.workshop.store.read(lambda ledger: ledger.page(JobQuery()))
        return {job.source.name: job for job in page.jobs}

    async def job(self, name: str) -> Job:
        async with asyncio.timeout(45):
            while name not in (found := await self.jobs()):
                self.changed.clear()
                await self.changed.wait()
            return found[name]

    async def when(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    async def until(self, *online: str) -> None:
        async with asyncio.timeout(45):
            while {name for name, one in self.reception.folders.items() if one.state is FolderState.ONLINE} != {
                *online
            }:
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def watching(tmp_path: Path, *folders: FolderConfig) -> AsyncIterator[Watch]:
    hub = Hub()
    async with open_store(tmp_path, hub.publish) as store:
        workshop = Workshop(Config(folders), tmp_path, store, hub.publish)
        reception = Reception(workshop, hub.publish)
        here = Watch(workshop, reception, Folders(reception))
        hub.listen(lambda event: _ring(here, event))
        here.folders.apply(workshop.config)
        serving = asyncio.create_task(here.folders.serve())
        try:
            yield here
        finally:
            serving.cancel()
            await asyncio.wait([serving])


def _ring(here: Watch, event: Event) -> None:
    if isinstance(event, FolderChanged):
        here.states.append(event.folder.state)
    elif isinstance(event, FolderRemoved):
        here.removed.append(event.name)
    here.changed.set()


def a_folder(path: Path, **changes: object) -> FolderConfig:
    path.mkdir(parents=True, exist_ok=True)
    folder = FolderConfig(path=str(path), name=path.name, settle_seconds=0.1)
    return msgspec.structs.replace(folder, **changes)


async def test_a_new_folder_is_watched_and_a_removed_one_is_not_but_keeps_its_jobs(tmp_path: Path) -> None:
    one, other = a_folder(tmp_path / "one"), a_folder(tmp_path / "other")
    async with watching(tmp_path, one) as here:
        (one.root / "first.mkv").write_bytes(b"film")
        await here.job("first.mkv")
        here.apply(other)
        await here.until("other")
        assert "one" in here.workshop.gate.blocked, "its jobs wait"
        (one.root / "unseen.mkv").write_bytes(b"film")
        (other.root / "second.mkv").write_bytes(b"film 2")
        await here.job("second.mkv")
        assert set(await here.jobs()) == {"first.mkv", "second.mkv"}
        here.apply(one, other)
        await here.job("unseen.mkv")
        assert "one" not in here.workshop.gate.blocked


async def test_films_are_counted_as_they_come_and_go(tmp_path: Path) -> None:
    films = a_folder(tmp_path / "films", settle_seconds=0)

    def counted() -> tuple[int, int]:
        facts = here.reception.facts(films)
        return facts.files, facts.pending

    async with watching(tmp_path, films) as here:
        assert counted() == (0, 0)
        (films.root / "one.mkv").write_bytes(b"film")
        with (films.root / "two.mkv").open("wb") as being_written:
            being_written.write(b"half")
            being_written.flush()
            await here.when(lambda: counted() == (2, 1))
        await here.when(lambda: counted() == (2, 0))
        (films.root / "one.mkv").unlink()
        await here.when(lambda: counted() == (1, 0))
    async with watching(tmp_path, films) as here:
        await here.until("films")
        assert counted() == (1, 0)


async def test_a_folder_is_compared_when_somebody_asks_for_it(tmp_path: Path) -> None:
    films = a_folder(tmp_path / "films", watch="poll", poll_seconds=1000, rescan_minutes=0)
    async with watching(tmp_path, films) as here:
        await here.until("films")
        (films.root / "film.mkv").write_bytes(b"film")
        assert here.folders.scan("films")
        await here.job("film.mkv")
        assert not here.folders.scan("other")
        films.root.rename(tmp_path / "elsewhere")
        assert here.folders.scan("films")
        await here.when(lambda: not here.folders.scan("films"))


async def test_a_folder_that_leaves_and_comes_back_at_once_is_watched_again(tmp_path: Path) -> None:
    films = a_folder(tmp_path / "films")
    async with watching(tmp_path, films) as here:
        await here.until("films")
        here.apply()
        assert (here.removed, here.reception.folders) == (["films"], {})
        here.apply(films)
        await here.until("films")
        (films.root / "film.mkv").write_bytes(b"film")
        await here.job("film.mkv")
        assert "films" not in here.workshop.gate.blocked


async def test_a_folder_that_is_away_at_the_start_is_never_said_to_be_there(tmp_path: Path) -> None:
    films = a_folder(tmp_path / "films")
    films.root.rmdir()
    async with watching(tmp_path) as here:
        here.apply(films)
        async with asyncio.timeout(45):
            while not here.states:
                here.changed.clear()
                await here.changed.wait()
        assert here.states == [FolderState.OFFLINE], "else its jobs would be tried in vain"


async def test_a_folder_that_is_put_inside_another_one_has_its_films_to_itself(tmp_path: Path) -> None:
    outer = a_folder(tmp_path / "outer")
    inner = a_folder(tmp_path / "outer" / "inner", profile=("chromecast-3",))
    async with watching(tmp_path, outer) as here:
        await here.until("outer")
        here.apply(outer, inner)
        await here.until("outer", "inner")
        (inner.root / "film.mkv").write_bytes(b"film")
        assert (await here.job("film.mkv")).folder == "inner"
        here.apply(outer)
        await here.until("outer")
        async with asyncio.timeout(45):
            while (await here.job("film.mkv")).folder != "outer":
                here.changed.clear()
                await here.changed.wait()


async def test_a_film_that_was_growing_and_went_while_nobody_watched_is_given_up(tmp_path: Path) -> None:
    films = a_folder(tmp_path / "films")
    film = films.root / "film.mkv"
    film.write_bytes(b"half")
    seen = Sighting(film, Identity.of(film.lstat()), complete=False)
    async with watching(tmp_path) as here:
        here.workshop.config = Config((films,))
        await here.reception.sight("films", [seen])
        assert (await here.job("film.mkv")).status is JobStatus.PENDING
        film.unlink()
        here.apply(films)
        async with asyncio.timeout(45):
            while (await here.job("film.mkv")).status is not JobStatus.CANCELLED:
                here.changed.clear()
                await here.changed.wait()
