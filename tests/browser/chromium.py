"""A real Chromium without a screen, and what its pages complained of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROGRAM = Path("/usr/bin/chromium")

pytest.importorskip("playwright.async_api", reason="playwright is not installed")

from playwright.async_api import (  # noqa: E402
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Request,
    async_playwright,
    expect,
)

__all__ = ["Chromium", "chromium", "expect", "needs_chromium"]

needs_chromium = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not installed")


@dataclass
class Chromium:
    """A running browser. `complaints`: errors and warnings in the consoles of its pages, faults of their scripts,
    refused requests; what the pages' Content-Security-Policy forbids is among them."""

    browser: Browser
    complaints: list[str] = field(default_factory=list)

    async def open(self, url: str) -> Page:
        page = await self.browser.new_page()
        page.on("console", self._said)
        page.on("pageerror", self._broke)
        page.on("requestfailed", self._refused)
        await page.goto(url)
        return page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _broke(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _refused(self, request: Request) -> None:
        self.complaints.append(f"{request.url}: {request.failure}")


@asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    expect.set_options(timeout=20_000)
    quiet = ("--disable-gpu", "--disable-quic", "--disable-component-update", "--disable-sync")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=PROGRAM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", *quiet],
        )
        try:
            yield Chromium(browser)
        finally:
            await browser.close()
