"""Asks the installed ffmpeg what it can do, when that is first needed, and again once another ffmpeg is installed."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace

from mkv2castd.encoder.process import Captured, capture
from mkv2castd.encoder.tools import UNASKED, Tools, is_software, read_tools
from mkv2castd.errors import DeviceError
from mkv2castd.model import Identity

_SECONDS = 20.0
# Two frames through libplacebo as ffmpeg 5.1 and 7.1 both take it: it is listed where it was compiled in, but needs
# a Vulkan driver to do anything.
_PROOF = (
    *("ffmpeg", "-hide_banner", "-nostdin", "-v", "verbose", "-init_hw_device", "vulkan=proof"),
    *("-filter_hw_device", "proof", "-f", "lavfi", "-i", "color=s=64x64:r=2:d=1"),
    *("-vf", "format=yuv420p10le,hwupload=derive_device=vulkan,libplacebo=format=yuv420p,hwdownload,format=yuv420p"),
    *("-f", "null", "-"),
)


class Toolbox:
    """What is found holds as long as the program is the same file."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment
        self._asking = asyncio.Lock()
        self._program: Identity | None = None
        self._known: Tools | None = None

    @property
    def latest(self) -> Tools:
        """What was found last; before the first question, what everybody has."""
        return self._known if self._known is not None else UNASKED

    async def tools(self) -> Tools:
        """Takes a few tenths of a second the first time. Raises ConfigError when ffmpeg is not installed, DeviceError
        (stalled) when it does not answer."""
        async with self._asking:
            program = _program()
            if self._known is None or program != self._program:
                self._known = await self._ask()
                self._program = program
            return self._known

    async def _ask(self) -> Tools:
        codecs = await self._listed("-codecs")
        filters = await self._listed("-filters")
        found = read_tools(codecs, filters)
        if found.filters is None or "libplacebo" not in found.filters:
            return found
        proof = await self._proof()
        if proof is None or proof.exit_code != 0:
            return found
        return replace(found, placebo=True, in_software=is_software(proof.stderr_tail))

    async def _listed(self, option: str) -> str:
        answer = await self._run("ffmpeg", "-hide_banner", option)
        return answer.stdout.decode("utf-8", "replace") if answer.exit_code == 0 else ""

    async def _proof(self) -> Captured | None:
        """A driver that hangs or crashes is one that does not work."""
        try:
            return await self._run(*_PROOF)
        except DeviceError:
            return None

    async def _run(self, *argv: str) -> Captured:
        return await capture(argv, timeout=_SECONDS, environment=self._environment)


def _program() -> Identity | None:
    """Which file is `ffmpeg` now; programs do not lie on disks that hang."""
    found = shutil.which("ffmpeg")
    if found is None:
        return None
    try:
        return Identity.of(os.stat(found))
    except OSError:
        return None
