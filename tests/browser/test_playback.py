"""What the daemon makes plays to its end in Chromium, the engine of Cast receivers: each frame, and the sound."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.browser.chromium import chromium, needs_chromium
from tests.clips import make_clip
from tests.daemon import running

pytestmark = needs_chromium

PAGE = '<!doctype html><title>film</title><link rel="icon" href="data:,"><video muted></video>'
PLAY = """
(address) => new Promise((resolve, reject) => {
  const video = document.querySelector("video");
  const frames = () => video.getVideoPlaybackQuality();
  video.onerror = () => reject(new Error(video.error.message));
  video.onended = () => resolve({
    played: video.currentTime,
    duration: video.duration,
    frames: frames().totalVideoFrames,
    broken: frames().corruptedVideoFrames,
    sound: video.webkitAudioDecodedByteCount,
    picture: video.webkitVideoDecodedByteCount,
    size: [video.videoWidth, video.videoHeight],
  });
  video.defaultPlaybackRate = 4;
  video.src = address;
  video.play().catch(reject);
})
"""


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    """The folder over HTTP with ranges, and a page with a player; yields the address of the page."""

    async def player(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", player)
    app.router.add_static("/films/", folder)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def frames(path: Path) -> int:
    argv = ["ffprobe", "-v", "error", "-of", "json", "-select_streams", "v:0", "-count_packets", "-show_streams"]
    done = subprocess.run([*argv, str(path)], capture_output=True, check=True)
    return int(json.loads(done.stdout)["streams"][0]["nb_read_packets"])


FILMS: dict[str, dict[str, Any]] = {
    "encoded": {"video": "hevc", "audio": ("ac3",)},
    "remuxed": {"video": "h264", "audio": ("dts", "aac")},
    "old": {"video": "mpeg2", "audio": ("mp3",)},
}


@pytest.mark.parametrize("container", ["mkv", "mp4", "webm"])
async def test_outputs_play_to_their_end_with_every_frame_and_sound(tmp_path: Path, container: str) -> None:
    films = tmp_path / "films"
    films.mkdir()
    for name, clip in FILMS.items():
        make_clip(films / f"{name}.mkv", seconds=2, **clip)
    config = f'[queue]\nmin_free_gib = 0\n[[folder]]\npath = "{films}"\ncontainer = "{container}"\n'
    async with running(state=tmp_path / "state", config=config) as daemon:
        jobs = await daemon.finished(len(FILMS))
    assert {job["status"] for job in jobs.values()} == {"completed"}
    async with serving(films) as address, chromium() as browser:
        page = await browser.open(f"{address}/")
        for job in jobs.values():
            played = await page.evaluate(PLAY, f"/films/{job['output_filename']}")
            # a picture that begins after the sound: ffmpeg shows its first frame twice in mp4, so as to begin with it
            assert frames(films / job["output_filename"]) in (50, 51)
            assert played["frames"] == frames(films / job["output_filename"]), job["filename"]
            assert played["broken"] == 0
            assert played["played"] == pytest.approx(played["duration"], abs=0.1) == pytest.approx(2, abs=0.1)
            assert played["sound"] > 1000
            assert played["picture"] > 1000
            assert played["size"] == [320, 180]
    assert browser.complaints == []


async def test_the_source_does_not_play_so_that_the_above_means_something(tmp_path: Path) -> None:
    make_clip(tmp_path / "film.mkv", video="hevc", audio=("ac3",))
    make_clip(tmp_path / "silent.mkv", audio=("ac3",))
    async with serving(tmp_path) as address, chromium() as browser:
        page = await browser.open(f"{address}/")
        with pytest.raises(Exception, match=r"DEMUXER|supported|decode"):
            await page.evaluate(PLAY, "/films/film.mkv")
        assert (await page.evaluate(PLAY, "/films/silent.mkv"))["sound"] == 0
