"""Subtitles of teletext, as television sends them, become text like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder import sidecars
from mkv2castd.model import Container
from tests.clips import make_clip
from tests.encoder.converting import TAG, convert, ffmpeg
from tests.encoder.teletext import Line, teletext

LINES = (Line(0.5, 1.5, "Hello, world"), Line(2, 2.8, "And again"))


def broadcast(folder: Path, *lines: Line) -> Path:
    pages, film = folder / "pages.ts", folder / "film.ts"
    pages.write_bytes(teletext(lines))
    picture = make_clip(folder / "picture.ts", "mpeg2", ["mp3"], seconds=4, size="64x48")
    ffmpeg(
        "-copyts",
        "-i",
        str(picture),
        "-i",
        str(pages),
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
        "-f",
        "mpegts",
        str(film),
    )
    return film


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
def test_its_pages_are_webvtt_beside_the_output_and_text_in_it(tmp_path: Path, container: Container) -> None:
    made = convert(broadcast(tmp_path, *LINES), Settings(container=container, quality="fast"))
    assert [track.language for track in made.media.subtitles] == ["eng"]
    (found,) = sidecars.make(made.plan, made.path, TAG).files
    assert found.ending == ".en"
    cues = [block.split("\n") for block in found.temporary.read_text().strip().split("\n\n")[2:]]
    assert [text for _, *text in cues] == [["Hello, world"], ["And again"]]
    lengths = [_seconds(end) - _seconds(start) for start, _, end in (clock.split() for clock, *_ in cues)]
    assert lengths == pytest.approx([1, 0.8], abs=0.1)


def test_it_is_drawn(tmp_path: Path) -> None:
    made = convert(broadcast(tmp_path, *LINES), Settings(quality="fast", subtitles="burn"))
    assert made.plan.burn is not None
    assert not made.plan.burn.bitmap
    assert made.media.subtitles == ()


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
