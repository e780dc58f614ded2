"""Carries a plan out with real ffmpeg, and proves that nothing is left to do afterwards."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.command import convert_argv
from mkv2castd.encoder.ffprobe import parse_ffprobe
from mkv2castd.encoder.groundwork import groundwork
from mkv2castd.encoder.media import Media, VideoStream
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.survey import examine
from mkv2castd.errors import DeviceError, ErrorCode

TAG = "1;12345;1700000000000000000;99"
MKV = Settings(quality="fast")


@dataclass(frozen=True)
class Made:
    source: Media
    plan: Plan
    media: Media
    path: Path
    stdout: str

    @property
    def picture(self) -> VideoStream:
        assert self.media.picture is not None
        return self.media.picture


def described(path: Path) -> Media:
    argv = [
        "ffprobe",
        "-v",
        "error",
        "-of",
        "json",
        "-show_format",
        "-show_streams",
        "-show_chapters",
        f"file:{path}",
    ]
    return parse_ffprobe(subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout)


def ffmpeg(*argv: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *argv], check=True, timeout=90)


def convert(film: Path, settings: Settings = MKV, target: Path | None = None) -> Made:
    """Plans, carries out, and proves that the result plays, that it is whole, and that it is known as ours."""
    source = asyncio.run(examine(film, settings=settings))
    decision = plan(source, settings)
    assert isinstance(decision, Plan), decision
    output = target if target is not None else film.parent / "out"
    decision, done = asyncio.run(_carry_out(decision, film, output))
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    media = described(output)
    again = plan(media, settings)
    assert isinstance(again, Skip), again.reasons
    assert media.ours == TAG
    assert source.duration is not None
    # Matroska counts from 0, although the film may start later
    late = source.start if source.start is not None and "matroska" in source.format_names else 0.0
    # a dropped subtitle may claim to last longer than the film
    spans = [s.duration for s in (*source.pictures, *source.audio) if s.duration is not None]
    lasting = min(source.duration, max(spans, default=source.duration))
    assert media.duration == pytest.approx(lasting - max(late, 0.0), abs=0.25)
    planned = [stream.target for stream in decision.kept if stream.kind.value in ("video", "audio", "subtitle")]
    assert [s.codec for s in media.streams if s.kind.value in ("video", "audio", "subtitle")] == planned
    return Made(source, decision, media, output, done.stdout.decode())


async def _carry_out(decision: Plan, film: Path, output: Path) -> tuple[Plan, subprocess.CompletedProcess[bytes]]:
    async with groundwork(decision, film, output, run_child) as laid:
        decision = decision.without(laid.lost)
        argv = convert_argv(decision, film, output, TAG, laid)
        return decision, subprocess.run(argv, capture_output=True, timeout=90)


async def run_child(argv: Sequence[str]) -> str:
    """As an attempt runs its children."""
    done = subprocess.run(argv, capture_output=True, timeout=90)
    stderr = done.stderr.decode("utf-8", "replace")
    if done.returncode != 0:
        raise DeviceError(ErrorCode.FFMPEG_ERROR, stderr)
    return stderr
