"""The daemon's page in Chromium: its table follows the films, and its console can follow a job by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.browser.chromium import chromium, expect, needs_chromium
from tests.clips import make_clip
from tests.daemon import Daemon, running

pytestmark = needs_chromium

# The connection steps of the WebSocket reference, as a person types them into the console of the page.
FOLLOW = """
([port, jobId]) => {
  window.told = [];
  const socket = new WebSocket(`ws://localhost:${port}/ws/conversion/${jobId}/`);
  return new Promise((resolve, reject) => {
    socket.onopen = () => console.log("following", jobId);
    socket.onerror = () => reject(new Error("no connection"));
    socket.onclose = (event) => reject(new Error(`closed with ${event.code} ${event.reason}`));
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      window.told.push(message);
      if (message.type === "status" && message.status === "completed") resolve(window.told);
    };
  });
}
"""


def port(daemon: Daemon) -> str:
    return daemon.url.rsplit(":", 1)[1]


async def test_a_job_can_be_followed_from_the_console_of_the_page(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon, chromium() as browser:
        page = await browser.open(f"{daemon.url}/")
        row = page.locator("#jobs tr")
        await expect(page.locator("#connection")).to_have_text("connected")
        await expect(page.locator("#empty")).to_be_visible()
        make_clip(films / "film.mkv", video="mpeg2", audio=("ac3-stereo",), seconds=25, size="640x360")
        await expect(row).to_have_count(1)
        (job,) = await daemon.jobs()
        told: list[dict[str, Any]] = await page.evaluate(FOLLOW, [port(daemon), job["id"]])
        await expect(row).to_have_attribute("data-status", "completed")
        text = await row.inner_text()
    percents = [one["progress"] for one in told if one["type"] == "progress"]
    assert len(percents) > 1
    assert percents == sorted(percents)
    assert told[0]["type"] == "status"
    assert told[-1]["output_filename"] == "film_chromecast.mkv"
    assert {one["job_id"] for one in told} == {job["id"]}
    assert "film.mkv" in text
    assert "film_chromecast.mkv" in text
    assert browser.complaints == []


async def test_the_table_shows_films_being_worked_on_and_their_ends(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon, chromium() as browser:
        page = await browser.open(f"{daemon.url}/")
        row = page.locator("#jobs tr")
        make_clip(films / "plays.mkv")
        (films / "<b>broken.mkv").write_bytes(b"no film")
        await expect(row.filter(has_text="plays already")).to_contain_text("plays.mkv")
        await expect(row.filter(has_text="failed")).to_contain_text("<b>broken.mkv")
        make_clip(films / "film.mkv", video="mpeg2", audio=("ac3-stereo",), seconds=60, size="640x360")
        working = row.filter(has_text="transcoding")
        await expect(working.locator("progress")).to_be_visible()
        await expect(working.locator(".speed")).to_contain_text("x")
        await expect(page.locator("#summary")).to_have_text("1 processing · 1 failed · 1 completed")
        await working.get_by_role("button", name="Cancel film.mkv").click()
        await expect(row.filter(has_text="cancelled").locator(".film")).to_have_text("film.mkv")
        await page.get_by_role("button", name="Pause queue").click()
        await page.get_by_role("button", name="Retry film.mkv").click()
        await expect(row.filter(has_text="queued").locator(".film")).to_have_text("film.mkv")
        await expect(page.get_by_role("button", name="Resume queue")).to_be_visible()
    assert browser.complaints == []


async def test_the_page_comes_back_with_the_daemon(films: Path, state: Path) -> None:
    async with chromium() as browser:
        async with running(films, state=state) as daemon:
            make_clip(films / "film.mkv", audio=("ac3",))
            await daemon.finished(1)
            page = await browser.open(f"{daemon.url}/")
            await expect(page.locator("#jobs tr")).to_have_count(1)
            listen = daemon.url.removeprefix("http://")
            await daemon.stop()
        await expect(page.locator("#connection")).to_contain_text("trying again")
        await expect(page.get_by_role("button", name="Pause queue")).to_be_disabled()
        make_clip(films / "other.mkv", audio=("ac3",))
        async with running(films, state=state, listen=listen):
            await expect(page.locator("#connection")).to_have_text("connected")
            await expect(page.locator('#jobs tr[data-status="completed"]')).to_have_count(2)
            assert await page.locator(".film").all_inner_texts() == ["other.mkv", "film.mkv"]


async def test_nothing_sticks_out_of_a_narrow_page(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon, chromium() as browser:
        make_clip(films / f"{'A.Very.Long.Name.' * 10}.mkv", audio=("ac3",))
        (films / "broken.mkv").write_bytes(b"no film")
        await daemon.finished(2)
        page = await browser.open(f"{daemon.url}/")
        await expect(page.locator("#jobs tr")).to_have_count(2)
        for width in (320, 390, 740, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth") == width
