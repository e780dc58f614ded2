"""Devices as people and scripts name them, on the command line and over REST, the user's own among them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.encoder.cast_devices import DEVICES
from tests.clips import make_clip
from tests.trouble import Ended, calm, ends

TV = """
[[profile]]
name = "tv"
title = "Television"
based_on = ["chromecast-google-tv"]
audio = ["aac", "ac3"]
"""
QUIET = '[queue]\nmin_free_gib = 0\n[audio]\nsurround = "only"\n'


async def _run(tmp_path: Path, *arguments: str | Path) -> Ended:
    own = tmp_path / "own"
    own.mkdir(exist_ok=True)
    config = tmp_path / "config.toml"
    config.write_text(QUIET + TV, encoding="utf-8")
    names = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    verb, *others = arguments
    return await ends(verb, "--config", config, *others, environment=dict.fromkeys(names, str(own)))


def _plays(told: dict[str, Any]) -> dict[str, bool]:
    return {device["id"]: device["plays"] for device in told["devices"]}


async def test_analyze_tells_of_each_device_whether_the_film_plays_there(films: Path, tmp_path: Path) -> None:
    film = make_clip(films / "film.mkv", audio=("ac3",))
    ended = await _run(tmp_path, "analyze", "--json", film)
    assert (ended.code, ended.err) == (0, "")
    told = json.loads(ended.out)
    assert _plays(told) == dict.fromkeys(DEVICES, False) | {"tv": True}
    (refused,) = (device for device in told["devices"] if device["id"] == "nest-hub")
    assert refused["name"] == "Nest Hub"
    assert refused["reasons"] == ["5.1 AC-3: no Cast device is certain to decode it"]
    human = await _run(tmp_path, "analyze", film)
    lines = human.out.splitlines()
    assert any(line.split()[:2] == ["✓", "tv"] for line in lines), human.out
    assert any(line.split()[:2] == ["✗", "nest-hub-max"] for line in lines), human.out


async def test_convert_makes_what_plays_on_a_device_of_ones_own(films: Path, tmp_path: Path) -> None:
    film = make_clip(films / "film.mkv", video="mpeg2", audio=("ac3",))
    ended = await _run(tmp_path, "convert", "--profile", "tv", film)
    assert ended.code == 0, ended.err
    (made,) = (path for path in films.iterdir() if path != film)
    again = json.loads((await _run(tmp_path, "analyze", "--json", made)).out)
    assert (_plays(again)["tv"], _plays(again)["chromecast"]) == (True, False), "its AC-3 was copied"


@pytest.mark.parametrize("verb", ["analyze", "convert"])
async def test_what_no_device_is_called_is_told_with_what_there_is(films: Path, tmp_path: Path, verb: str) -> None:
    film = make_clip(films / "film.mkv")
    ended = await _run(tmp_path, verb, "--profile", "vt", film)
    assert (ended.code, ended.out) == (2, "")
    assert "there is no profile 'vt'; allowed: chromecast, " in ended.err
    assert ended.err.endswith(", tv\n")
    webm = await _run(tmp_path, verb, "--profile", "tv", "--profile", "chromecast", "--container", "webm", film)
    assert webm.code == 2
    assert "webm cannot be filled" in webm.err
    assert "possible: mkv, mp4" in webm.err
    assert list(films.iterdir()) == [film]


async def test_the_daemon_lists_them_and_takes_them(films: Path, state: Path) -> None:
    film = make_clip(films / "film.mkv", audio=("ac3",))
    async with calm(films, state=state, config=QUIET + TV) as daemon:
        await daemon.finished(1)
        listed = await daemon.get("/api/profiles/")
        assert [profile["id"] for profile in listed] == [*DEVICES, "tv"]
        assert [profile["builtin"] for profile in listed] == [True] * len(DEVICES) + [False]
        assert [row["codec"] for row in listed[-1]["audio"]] == ["aac", "ac3"]
        status, job = await daemon.post("/api/jobs/", {"path": str(film), "profile": ["tv"]})
        assert (status, job["profile"]) == (201, ["tv"])
        done = await daemon.until(lambda jobs: len(jobs) == 2 and all(one["status"] == "completed" for one in jobs))
        (mine,) = (one for one in done if one["id"] == job["id"])
        assert mine["skipped"]
        assert "plays as it is on Television" in mine["reason"]
        async with daemon.listening(f"/ws/conversion/{job['id']}/") as listener:
            told = await listener.until(lambda told: told["type"] == "analysis")
        assert _plays(told) == dict.fromkeys(DEVICES, False) | {"tv": True}
        for body in ({"profile": ["vt"]}, {"profile": ["tv", "chromecast"], "container": "webm"}):
            for address in ("/api/jobs/", "/api/analyze/"):
                status, answer = await daemon.post(address, {"path": str(film), **body})
                assert (status, answer["error"]) == (400, "invalid_argument"), answer
    with sqlite3.connect(state / "mkv2castd.sqlite") as store:
        store.execute("UPDATE jobs SET analysis = json_remove(analysis, '$.devices')")
    async with calm(films, state=state, config=QUIET) as daemon:
        assert [profile["id"] for profile in await daemon.get("/api/profiles/")] == [*DEVICES]
        async with daemon.listening(f"/ws/conversion/{job['id']}/") as listener:
            told = await listener.until(lambda told: told["type"] == "analysis")
        assert told["devices"] == [], "an older version knew of none"
