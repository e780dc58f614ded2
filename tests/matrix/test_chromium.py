"""Chromium, the engine of Cast receivers, plays the matrix to its end: every frame, and the sound.

All films of a set are played in one browser, several at a time on one page.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.browser.chromium import chromium, needs_chromium
from tests.matrix.rows import Row
from tests.matrix.sets import pairs
from tests.matrix.studio import Studio
from tests.workers import Turns

pytestmark = needs_chromium

SETS = ("chromecast", "chromecast-mp4", "webm")
PLAYED = (".mkv", ".mp4", ".webm")
_AT_ONCE = 4
_RATE = 4  # of playback; faster, and a busy machine no longer counts every frame
_PAGE = '<!doctype html><title>matrix</title><link rel="icon" href="data:,">'
_PLAY = """
([address, rate]) => new Promise((resolve) => {
  const video = document.createElement("video");
  const end = (error) => {
    clearTimeout(patience);
    const quality = video.getVideoPlaybackQuality();
    resolve({
      error,
      played: video.currentTime,
      duration: video.duration,
      frames: quality.totalVideoFrames,
      broken: quality.corruptedVideoFrames,
      sound: video.webkitAudioDecodedByteCount,
      size: [video.videoWidth, video.videoHeight],
    });
    video.remove();
  };
  const patience = setTimeout(() => end("it does not come to its end"), 40000);
  video.muted = true;
  video.onerror = () => end(video.error.message || `error ${video.error.code}`);
  video.onended = () => end(null);
  video.defaultPlaybackRate = rate;
  document.body.append(video);
  video.src = address;
  video.play().catch((error) => end(String(error)));
})
"""


def _parameters() -> list[object]:
    return [
        pytest.param(row, where, id=f"{row.name}-{where}", marks=() if row.sample == where else pytest.mark.campaign)
        for row, where in pairs()
        if where in SETS and row.expect == "plays"
    ]


class Cinema:
    """Plays what this module's tests ask for, all films of a set together as soon as one of them is asked for."""

    def __init__(self, studio: Studio, asked: Sequence[tuple[Row, str]], turns: Turns) -> None:
        self._studio, self._asked, self._turns = studio, asked, turns
        self._played: dict[str, Mapping[Path, Mapping[str, Any]]] = {}

    def seen(self, path: Path, where: str) -> Mapping[str, Any]:
        """What Chromium says of the film."""
        if where not in self._played:
            films = {film(self._studio, row, place) for row, place in self._asked if place == where}
            with self._turns.alone():
                shown = _played(self._studio.folder, {one for one in films if one is not None})
                self._played[where] = asyncio.run(shown)
        return self._played[where][path]


@pytest.fixture(scope="module")
def cinema(studio: Studio, request: pytest.FixtureRequest, turns: Turns) -> Cinema:
    asked = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    rows = [item.callspec.params for item in asked if hasattr(item, "callspec")]
    return Cinema(studio, [(params["row"], params["where"]) for params in rows], turns)


def film(studio: Studio, row: Row, where: str) -> Path | None:
    """What a device is given: what was made, or the source that was left as it is. None: nothing for a browser."""
    outcome = studio.outcome(row, where)
    path = outcome.output if outcome.end == "made" else studio.folder / "films" / row.file
    return path if outcome.end != "refused" and path is not None and path.suffix in PLAYED else None


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("row", "where"), _parameters())
def test_it_plays_to_its_end(row: Row, where: str, studio: Studio, cinema: Cinema) -> None:
    path = film(studio, row, where)
    if path is None:
        pytest.skip("nothing was made that a browser plays")
    seen = cinema.seen(path, where)
    assert seen["error"] is None
    # so that a mistake in the counting of either side is told apart from frames that are not shown
    told = _told(path)
    assert abs(seen["frames"] - int(told["streams"][0]["nb_read_packets"])) <= 2, seen
    assert seen["broken"] == 0
    assert seen["played"] == pytest.approx(seen["duration"], abs=0.1)
    if row.facts.duration is not None:
        late = float(told["format"].get("start_time", 0))  # Chromium counts from 0 what begins later
        assert seen["duration"] - late == pytest.approx(row.facts.duration, abs=0.4)
    assert (seen["sound"] > 0) == row.facts.sounds
    if row.facts.shape is not None:
        width, height = seen["size"]
        assert width / height == pytest.approx(row.facts.shape, rel=max(0.03, 2 / min(width, height)))


async def _played(folder: Path, films: set[Path]) -> Mapping[Path, Mapping[str, Any]]:
    free = asyncio.Semaphore(_AT_ONCE)
    async with _served(folder) as address, chromium() as browser:
        page = await browser.open(f"{address}/")

        async def play(one: Path) -> tuple[Path, Mapping[str, Any]]:
            async with free:
                return one, await page.evaluate(_PLAY, [f"/files/{one.relative_to(folder)}", _RATE])

        return dict(await asyncio.gather(*map(play, sorted(films))))


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[str]:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_static("/files/", folder)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _told(path: Path) -> dict[str, Any]:
    argv = ["ffprobe", "-v", "error", "-of", "json", "-select_streams", "v:0", "-count_packets", "-show_streams"]
    argv.append("-show_format")
    done = subprocess.run([*argv, f"file:{path}"], capture_output=True, check=True, timeout=90)
    told: dict[str, Any] = json.loads(done.stdout)
    return told
