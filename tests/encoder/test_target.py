"""Where outputs go: never over anybody's file, never two films to one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.tag import tag_for
from mkv2castd.encoder.target import Claim, claim, fits
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.ledger import KnownFile
from mkv2castd.model import Analysis, Container, Identity, Job, JobStatus
from mkv2castd.store import Store, open_store
from tests.clips import make_clip

SETTINGS = Settings()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    (tmp_path / "state").mkdir()
    async with open_store(tmp_path / "state", lambda event: None) as store:
        yield store


def a_job(path: Path) -> Job:
    path.touch()
    identity = Identity.of(path.lstat())
    return Job(uuid4(), "films", path, identity, JobStatus.ANALYZING, 1.0)


async def claimed(store: Store, job: Job, settings: Settings = SETTINGS) -> Claim:
    assert job.identity is not None
    return await claim(store, job, job.identity, settings, {})


def an_output_of(job: Job, place: Path) -> Path:
    """As mkv2castd would have made it, by its tag."""
    assert job.identity is not None
    return make_clip(place, extra=("-metadata", f"MKV2CASTD={tag_for(job.source, job.identity)}"))


async def test_the_default_name_when_nothing_is_there(store: Store, tmp_path: Path) -> None:
    assert await claimed(store, a_job(tmp_path / "film.avi")) == Claim(tmp_path / "film_chromecast.mkv")


async def test_the_second_film_of_one_stem_takes_the_other_name(store: Store, tmp_path: Path) -> None:
    first, second = a_job(tmp_path / "film.avi"), a_job(tmp_path / "film.mp4")
    place = (await claimed(store, first)).target
    await store.write(lambda ledger: ledger.add(replace(first, status=JobStatus.QUEUED, output=place)))
    assert await claimed(store, second) == Claim(tmp_path / "film.mp4_chromecast.mkv")


async def test_a_name_that_another_films_output_has_had_long_since_is_not_taken(store: Store, tmp_path: Path) -> None:
    job, place = a_job(tmp_path / "film.mp4"), tmp_path / "film_chromecast.mkv"
    place.touch()
    other = KnownFile(place, "films", Identity.of(place.lstat()), "output", None, tmp_path / "film.avi")
    await store.write(lambda ledger: ledger.remember(other))
    assert (await claimed(store, job)).target == tmp_path / "film.mp4_chromecast.mkv"


async def test_our_older_output_of_the_same_film_is_to_be_replaced(store: Store, tmp_path: Path) -> None:
    job, place = a_job(tmp_path / "film.avi"), tmp_path / "film_chromecast.mkv"
    place.write_bytes(b"an older output")
    ours = KnownFile(place, "films", Identity.of(place.lstat()), "output", None, job.source)
    await store.write(lambda ledger: ledger.remember(ours))
    assert await claimed(store, job) == Claim(place)


@pytest.mark.parametrize("kind", ["film", "text", "link to nowhere"])
async def test_somebody_elses_file_is_never_claimed(store: Store, tmp_path: Path, kind: str) -> None:
    job, place = a_job(tmp_path / "film.avi"), tmp_path / "film_chromecast.mkv"
    if kind == "film":
        make_clip(place)
    elif kind == "text":
        place.write_text("notes")
    else:
        place.symlink_to("nowhere")
    with pytest.raises(MediaError, match="move it away") as refused:
        await claimed(store, job)
    assert refused.value.code is ErrorCode.OUTPUT_EXISTS


async def test_an_output_that_the_store_has_forgotten_is_known_by_its_tag(store: Store, tmp_path: Path) -> None:
    job = a_job(tmp_path / "film.avi")
    place = an_output_of(job, tmp_path / "film_chromecast.mkv")
    assert await claimed(store, job) == Claim(place, made=True)
    known = await store.read(lambda ledger: ledger.file_at(place))
    assert known is not None
    assert (known.kind, known.origin) == ("output", job.source)


async def test_a_forgotten_output_of_an_older_version_is_to_be_replaced(store: Store, tmp_path: Path) -> None:
    job = a_job(tmp_path / "film.avi")
    place = an_output_of(job, tmp_path / "film_chromecast.mkv")
    job.source.write_bytes(b"a newer version")
    assert await claimed(store, a_job(job.source)) == Claim(place, made=False)


async def test_a_forgotten_output_of_another_film_is_left_to_it(store: Store, tmp_path: Path) -> None:
    an_output_of(a_job(tmp_path / "film.avi"), tmp_path / "film_chromecast.mkv")
    assert (await claimed(store, a_job(tmp_path / "film.mp4"))).target == tmp_path / "film.mp4_chromecast.mkv"


async def test_a_source_that_is_to_be_replaced_gives_its_own_place(store: Store, tmp_path: Path) -> None:
    settings = replace(SETTINGS, source_policy="replace")
    job = a_job(tmp_path / "film.mkv")
    assert await claimed(store, job, settings) == Claim(job.source)
    assert await claimed(store, a_job(tmp_path / "other.avi"), settings) == Claim(tmp_path / "other.mkv")
    (tmp_path / "seeded.mkv").hardlink_to(job.source)
    assert await claimed(store, job, settings) == Claim(tmp_path / "film_chromecast.mkv"), "it has to stay"
    assert await claimed(store, job, replace(settings, hardlinks=True)) == Claim(job.source)


def test_a_job_fits_only_the_settings_that_it_was_analysed_for(tmp_path: Path) -> None:
    told = Analysis((), SETTINGS.profile, SETTINGS.container, 1.0, "cpu")
    job = replace(a_job(tmp_path / "film.avi"), output=tmp_path / "film_chromecast.mkv", analysis=told)
    assert fits(job, SETTINGS)
    assert fits(replace(job, output=tmp_path / "film.avi_chromecast.mkv"), SETTINGS)
    others = (
        replace(SETTINGS, suffix="_tv"),
        replace(SETTINGS, output_root=tmp_path / "out"),
        replace(SETTINGS, container=Container.MP4),
        replace(SETTINGS, profile=("chromecast-3",)),
    )
    assert not any(fits(job, settings) for settings in others)
    assert not fits(replace(job, source=tmp_path / "moved.avi"), SETTINGS)
    assert not fits(replace(job, output=None), SETTINGS)
    assert not fits(replace(job, analysis=None), SETTINGS)
