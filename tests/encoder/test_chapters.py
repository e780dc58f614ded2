"""Chapters with impossible times: mended, or lost alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from mkv2castd.config import Settings
from mkv2castd.encoder.chapters import as_ffmetadata, mended
from mkv2castd.encoder.media import Chapter, Media
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.model import Container
from tests.clips import make_clip
from tests.encoder.converting import MKV, convert, ffmpeg
from tests.encoder.films import film, video

ODD = "a=b;c#d\\e\nnew line \\= ;"


def of(*chapters: Chapter, **facts: float) -> Media:
    return film(video(), chapters=chapters, **facts)


class TestMended:
    def test_sound_ones_go_over_as_they_are(self) -> None:
        overlapping = (Chapter(0.0, 60.0, "a"), Chapter(30.0, 30.0), Chapter(90.0, 5400.5))
        assert mended(of(*overlapping)) == (None, 0)
        assert mended(of()) == (None, 0)

    def test_an_end_that_is_missing_or_impossible_is_where_the_next_one_begins(self) -> None:
        missing, before, after = Chapter(0.0, None, "a"), Chapter(60.0, 5.0, "b"), Chapter(90.0, 99_999.0, "c")
        found, lost = mended(of(missing, before, after))
        assert found == (Chapter(0.0, 60.0, "a"), Chapter(60.0, 90.0, "b"), Chapter(90.0, 5400.0, "c"))
        assert lost == 0

    def test_one_that_begins_nowhere_in_the_film_is_lost_alone(self) -> None:
        good, nowhere = Chapter(10.0, 20.0, "a"), Chapter(None, 20.0, "b")
        found, lost = mended(of(Chapter(-500.0, 3.0), nowhere, good, Chapter(50_000.0, 50_000.0)))
        assert (found, lost) == ((good,), 3)

    def test_they_are_put_in_order(self) -> None:
        first, second = Chapter(10.0, 20.0), Chapter(30.0, 40.0)
        assert mended(of(second, first)) == ((first, second), 0)

    def test_they_count_from_where_the_output_begins(self) -> None:
        gone, running, within, bad = Chapter(0.0, 5.0), Chapter(5.0, 15.0), Chapter(15.0, 20.0), Chapter(20.0, None)
        found, lost = mended(of(gone, running, within, bad, start=10.0, duration=60.0))
        assert found == (Chapter(0.0, 5.0), Chapter(5.0, 10.0), Chapter(10.0, 60.0))
        assert lost == 0

    def test_a_length_that_nobody_knows_bounds_nothing(self) -> None:
        last = Chapter(500.0, None)
        assert mended(Media(chapters=(Chapter(0.0, 9.0), last))) == ((Chapter(0.0, 9.0), Chapter(500.0, 500.0)), 0)

    def test_the_plan_says_what_is_lost(self) -> None:
        made = plan(film(video(codec="vc1"), chapters=(Chapter(1.0, 2.0), Chapter(None, 2.0))), MKV)
        assert isinstance(made, Plan)
        assert made.chapters == (Chapter(1.0, 2.0),)
        assert made.notes == ("1 of 2 chapters left out: their times are impossible",)


def chapters_of(path: Path) -> list[tuple[float, float, str | None]]:
    argv = ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(path)]
    told = json.loads(subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout)["chapters"]
    return [(float(c["start_time"]), float(c["end_time"]), c.get("tags", {}).get("title")) for c in told]


def test_titles_survive_whatever_they_contain(tmp_path: Path) -> None:
    text = tmp_path / "chapters"
    text.write_text(as_ffmetadata([Chapter(0.0, 0.5, ODD), Chapter(0.5, 1.0)]), encoding="utf-8", newline="\n")
    clip, made = make_clip(tmp_path / "clip.mkv"), tmp_path / "made.mkv"
    ffmpeg("-i", str(clip), "-f", "ffmetadata", "-i", str(text), "-map_chapters", "1", "-c", "copy", str(made))
    assert chapters_of(made) == [(0.0, 0.5, ODD), (0.5, 1.0, None)]


def with_chapters(folder: Path, name: str, second_end: int) -> Path:
    """A film of a second with three chapters; second_end: of the second one, in nanoseconds."""
    times = ((0, 4 * 10**8, "One"), (4 * 10**8, second_end, "Two"), (7 * 10**8, 9 * 10**8, "Three"))
    rows = [f"[CHAPTER]\nTIMEBASE=1/1000000000\nSTART={a}\nEND={b}\ntitle={title}\n" for a, b, title in times]
    (folder / "text").write_text(";FFMETADATA1\n" + "".join(rows), encoding="utf-8")
    clip, source = make_clip(folder / "clip.mkv", audio=("ac3",)), folder / name
    ffmpeg(
        "-i",
        str(clip),
        "-f",
        "ffmetadata",
        "-i",
        str(folder / "text"),
        "-map_chapters",
        "1",
        "-c",
        "copy",
        str(source),
    )
    return source


def test_one_that_ends_after_a_century_costs_neither_itself_nor_the_others(tmp_path: Path) -> None:
    source = with_chapters(tmp_path, "film.mkv", 2**62)
    for number, container in enumerate((Container.MKV, Container.MP4)):
        made = convert(source, Settings(container=container, quality="fast"), tmp_path / f"out{number}")
        assert chapters_of(made.path)[:2] == [(0.0, 0.4, "One"), (0.4, 0.7, "Two")]
        assert [title for _, _, title in chapters_of(made.path)] == ["One", "Two", "Three"]


def test_one_that_begins_after_ten_thousand_years_is_lost_alone(tmp_path: Path) -> None:
    source = with_chapters(tmp_path, "film.mp4", 7 * 10**8)
    # Nero's list of chapters holds their starts in 100 ns; without the track of chapters it is the one that counts
    raw = source.read_bytes().replace(b"chap", b"free")
    start = (4 * 10**6).to_bytes(8, "big") + b"\x03Two"
    assert raw.count(start) == 1
    source.write_bytes(raw.replace(start, (2**62).to_bytes(8, "big") + b"\x03Two"))
    made = convert(source)
    assert [title for _, _, title in chapters_of(made.path)] == ["One", "Three"]
    assert made.plan.notes == ("1 of 3 chapters left out: their times are impossible",)
