"""The source is sacred: what happens to it while it is converted, and what the folder wants done with it after."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.daemon import running
from tests.trouble import calm, encoding, ffmpegs, litter, slow_film

TRASH = ".mkv2castd-trash"


def _config(films: Path, **keys: object) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(["[queue]", "min_free_gib = 0", "[[folder]]", f'path = "{films}"', *lines, ""])


def _seconds(path: Path) -> float:
    argv = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", f"file:{path}"]
    return float(subprocess.run(argv, check=True, capture_output=True).stdout)


def _codec(path: Path) -> str:
    argv = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "a:0",
        "-of",
        "csv=p=0",
        "-show_entries",
        "stream=codec_name",
    ]
    return subprocess.run([*argv, f"file:{path}"], check=True, capture_output=True).stdout.decode().strip()


@pytest.mark.parametrize("how", ["renamed over", "rewritten"])
async def test_a_film_that_changes_in_mid_encode_is_converted_anew_once(films: Path, state: Path, how: str) -> None:
    slow_film(films / "film.mkv")
    async with calm(films, state=state) as daemon:
        first = await encoding(daemon, "film.mkv")
        if how == "renamed over":
            make_clip(films / "film.mkv", audio=("ac3",), seconds=2)
        else:
            whole = make_clip(films / ".whole", audio=("ac3",), seconds=2).read_bytes()
            (films / ".whole").unlink()
            (films / "film.mkv").write_bytes(whole)
        jobs = await daemon.finished(1)
        job = await daemon.get(f"/api/jobs/{first['id']}/")
        assert set(jobs) == {"film.mkv"}
        assert len(await daemon.jobs()) == 1
        assert (job["status"], job["error"]) == ("completed", None)
        assert [one["outcome"] for one in job["attempts"]] == ["interrupted", "completed"]
    assert _seconds(films / "film_chromecast.mkv") < 3
    assert len(list(films.iterdir())) == 2


async def test_a_film_that_is_deleted_in_mid_encode_ends_its_job(films: Path, state: Path) -> None:
    film = slow_film(films / "film.mkv")
    async with calm(films, state=state) as daemon:
        await encoding(daemon, "film.mkv")
        film.unlink()
        job = (await daemon.finished(1))["film.mkv"]
        assert (job["status"], job["error"]) == ("cancelled", "source_unreadable")
        assert "deleted" in job["message"]
        assert ffmpegs(daemon) == []
        assert list(films.iterdir()) == []


async def test_a_film_that_is_moved_in_mid_encode_goes_on_from_its_new_place(films: Path, state: Path) -> None:
    (films / "sub").mkdir()
    slow_film(films / "film.mkv", 12)
    async with calm(films, state=state) as daemon:
        first = await encoding(daemon, "film.mkv")
        (films / "film.mkv").rename(films / "sub" / "moved.mkv")
        jobs = await daemon.until(lambda jobs: any(job["status"] == "completed" for job in jobs))
        assert [(job["id"], job["filename"]) for job in jobs] == [(first["id"], "moved.mkv")]
    assert sorted(path.name for path in films.rglob("*.mkv")) == ["moved.mkv", "moved_chromecast.mkv"]


async def test_a_file_of_somebody_elses_in_the_outputs_place_is_never_touched(films: Path, state: Path) -> None:
    make_clip(films / "film.mkv", audio=("ac3",))
    (films / "film_chromecast.mkv").write_bytes(b"mine")
    slow_film(films / "slow.mkv", 12)
    async with calm(films, state=state) as daemon:
        await encoding(daemon, "slow.mkv")
        (films / "slow_chromecast.mkv").write_bytes(b"mine too")
        jobs = await daemon.until(lambda jobs: all(job["status"] in ("failed", "completed") for job in jobs))
        for job in jobs:
            if job["filename"] in ("film.mkv", "slow.mkv"):
                assert (job["status"], job["error"]) == ("failed", "output_exists")
                assert "move it away" in job["message"]
        assert (films / "film_chromecast.mkv").read_bytes() == b"mine"
        assert (films / "slow_chromecast.mkv").read_bytes() == b"mine too"
        (films / "film_chromecast.mkv").unlink()
        (job,) = [job for job in jobs if job["filename"] == "film.mkv"]
        assert (await daemon.post(f"/api/jobs/{job['id']}/retry/"))[0] == 200
        await daemon.until(lambda jobs: any((j["id"], j["status"]) == (job["id"], "completed") for j in jobs))
    assert (films / "slow.mkv").exists()


@pytest.mark.parametrize("policy", ["trash", "replace"])
async def test_the_original_leaves_only_once_its_output_is_in_place(films: Path, state: Path, policy: str) -> None:
    (films / "sub").mkdir()
    original = make_clip(films / "sub" / "film.mkv", audio=("ac3",)).read_bytes()
    linked = make_clip(films / "linked.mkv", audio=("ac3",), seconds=2)
    os.link(linked, films.parent / "seeding.mkv")
    bad = make_clip(films / "bad.mkv", audio=("ac3",), seconds=5)
    truncated = bad.read_bytes()[: bad.stat().st_size // 2]
    bad.write_bytes(truncated)
    async with calm(state=state, config=_config(films, source=policy)) as daemon:
        jobs = await daemon.finished(3)
    assert jobs["film.mkv"]["status"] == "completed"
    assert jobs["bad.mkv"]["status"] == "failed"
    assert bad.read_bytes() == truncated
    assert (jobs["linked.mkv"]["status"], linked.stat().st_nlink) == ("completed", 2)
    assert "hard links" in jobs["linked.mkv"]["reason"]
    assert _codec(films / "linked_chromecast.mkv") == "aac"
    kept = list(films.glob(f"{TRASH}/*/sub/*"))
    if policy == "trash":
        assert [path.read_bytes() for path in kept] == [original]
        assert sorted(path.name for path in (films / "sub").iterdir()) == ["film_chromecast.mkv"]
    else:
        assert kept == []
        assert [path.name for path in (films / "sub").iterdir()] == ["film.mkv"]
        assert _codec(films / "sub" / "film.mkv") == "aac"
    async with calm(state=state, config=_config(films, source=policy)) as daemon:
        make_clip(films / "last.mkv")
        jobs = await daemon.finished(4)
        assert len(await daemon.jobs()) == 4, "nothing is converted twice"


@pytest.mark.parametrize("policy", ["keep", "trash", "replace"])
async def test_kills_at_any_moment_lose_nothing(films: Path, state: Path, policy: str) -> None:
    await _killed(films, state, policy, films_count=6, kills=4, seed=1)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("policy", ["keep", "trash", "replace"])
async def test_many_kills_lose_nothing(films: Path, state: Path, policy: str, seed: int) -> None:
    await _killed(films, state, policy, films_count=12, kills=25, seed=seed)


async def _killed(films: Path, state: Path, policy: str, *, films_count: int, kills: int, seed: int) -> None:
    originals: dict[str, bytes] = {}
    for number in range(films_count):
        path = make_clip(films / f"film{number}.mkv", audio=("ac3",), seconds=1 + number / 25)
        originals[path.name] = path.read_bytes()
    chance = random.Random(f"{policy} {seed}")
    config = _config(films, source=policy)
    for _ in range(kills):
        async with running(state=state, config=config) as daemon:
            if sum(job["status"] == "completed" for job in await daemon.jobs()) == films_count:
                break
            await asyncio.sleep(chance.uniform(0, 0.8))  # the moment is the test's dice, nothing is waited for
            await daemon.stop(signal.SIGKILL)
        assert "Traceback" not in "".join(daemon.said)
    async with calm(state=state, config=config) as daemon:
        jobs = await daemon.finished(films_count)
        assert len(await daemon.jobs()) == films_count
        assert {job["status"] for job in jobs.values()} == {"completed"}, jobs
        assert not any(job["skipped"] for job in jobs.values())
    _check(films, policy, originals)


def _check(films: Path, policy: str, originals: dict[str, bytes]) -> None:
    kept = {path.name: path.read_bytes() for path in films.glob(f"{TRASH}/*/*")}
    here = {path.name for path in films.iterdir() if path.name != TRASH}
    outputs = {name if policy == "replace" else f"{Path(name).stem}_chromecast.mkv" for name in originals}
    assert here == outputs | (set(originals) if policy == "keep" else set())
    assert kept == (originals if policy == "trash" else {})
    assert litter(films) == []
    for name in outputs:
        assert _codec(films / name) == "aac"
    if policy == "keep":
        assert {name: (films / name).read_bytes() for name in originals} == originals
