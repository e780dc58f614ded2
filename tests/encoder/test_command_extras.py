"""Subtitles, covers, fonts, chapters, names and marks, each through real ffmpeg."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.command import convert_argv
from mkv2castd.encoder.media import Chapter, VideoStream
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.model import Container
from tests.clips import make_clip
from tests.encoder.converting import MKV, TAG, convert, described, ffmpeg


@pytest.mark.parametrize(
    ("subtitle", "suffix", "container", "codec"),
    [
        ("srt", ".mkv", Container.MKV, "subrip"),
        ("ass", ".mkv", Container.MKV, "ass"),
        ("mov_text", ".mp4", Container.MKV, "subrip"),
        ("srt", ".mkv", Container.MP4, "mov_text"),
        ("ass", ".mkv", Container.MP4, "mov_text"),
        ("ass", ".mkv", Container.WEBM, "webvtt"),
        ("webvtt", ".mkv", Container.WEBM, "webvtt"),
    ],
)
def test_text_subtitles(tmp_path: Path, subtitle: str, suffix: str, container: Container, codec: str) -> None:
    extra = ("-metadata:s:s:0", "language=ger", "-disposition:s:0", "forced")
    film = make_clip(tmp_path / f"film{suffix}", audio=("ac3",), subtitle=subtitle, extra=extra)
    (made,) = convert(film, Settings(container=container, quality="fast")).media.subtitles
    assert (made.codec, made.language) == (codec, "ger")
    if suffix == ".mkv":
        assert made.forced
    text = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(tmp_path / "out"), "-map", "0:s", "-f", "srt", "-"],
        capture_output=True,
        check=True,
        timeout=30,
    ).stdout
    assert b"Hello" in text


def _pgs() -> bytes:
    """A Blu-ray subtitle file with one empty screen: a composition and its end."""

    def segment(kind: int, body: bytes) -> bytes:
        pts = (9000).to_bytes(4, "big")
        return b"PG" + pts + bytes(4) + bytes([kind]) + len(body).to_bytes(2, "big") + body

    size = (320).to_bytes(2, "big") + (180).to_bytes(2, "big")
    return segment(0x16, size + bytes([0x10, 0, 0, 0x80, 0, 0, 0])) + segment(0x80, b"")


def test_bitmap_subtitles_stay_in_matroska_only(tmp_path: Path) -> None:
    (tmp_path / "s.sup").write_bytes(_pgs())
    clip, film = make_clip(tmp_path / "clip.mkv", audio=("ac3",)), tmp_path / "film.mkv"
    ffmpeg(
        "-i", str(clip), "-f", "sup", "-i", str(tmp_path / "s.sup"), "-map", "0", "-map", "1", "-c", "copy", str(film)
    )
    kept = convert(film)
    dropped = convert(film, Settings(container=Container.MP4), tmp_path / "out2")
    assert [stream.codec for stream in kept.media.subtitles] == ["hdmv_pgs_subtitle"]
    assert dropped.media.subtitles == ()


def test_names_languages_marks_and_chapters_stay(tmp_path: Path) -> None:
    (tmp_path / "meta").write_text(
        ";FFMETADATA1\ntitle=Der Film\ncomment=Fern\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=400\nEND=900\ntitle=Two\n"
    )
    clip, film = make_clip(tmp_path / "clip.mkv", audio=("ac3", "aac")), tmp_path / "film.mkv"
    marks = ("-metadata:s:a:0", "language=ger", "-metadata:s:a:1", "language=fre", "-metadata:s:a:1", "title=VF")
    marks += ("-disposition:a:1", "visual_impaired", "-metadata:s:v:0", "BPS=77", "-metadata:s:a:0", "BPS-eng=77")
    inputs = ("-i", str(clip), "-f", "ffmetadata", "-i", str(tmp_path / "meta"))
    ffmpeg(*inputs, "-map", "0", *marks, "-map_metadata", "1", "-c", "copy", str(film))
    for number, container in enumerate(Container):
        made = convert(film, Settings(container=container, quality="fast"), tmp_path / f"out{number}")
        first, second = made.media.audio
        assert (first.language, second.language) == ("ger", "fre")
        assert "visual_impaired" in second.dispositions or container is not Container.MKV
        assert [chapter.start for chapter in made.media.chapters] == [0.0, 0.4]
        assert "BPS-eng" not in first.statistics
        entries = ["-show_entries", "format_tags=title,comment:stream_tags=title,name:chapter_tags=title"]
        told = subprocess.run(
            ["ffprobe", "-v", "error", *entries, "-show_chapters", "-of", "json", str(made.path)],
            capture_output=True,
            check=True,
            timeout=30,
        ).stdout
        assert all(word in told for word in (b"Der Film", b"Fern", b"One", b"Two"))


def test_chapters_that_make_no_sense_are_left_out(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mkv", audio=("ac3",))
    odd = replace(described(film), chapters=(Chapter(5.0, 1.0),))
    decision = plan(odd, MKV)
    assert isinstance(decision, Plan)
    argv = convert_argv(decision, film, tmp_path / "out", TAG)
    assert argv[argv.index("-map_chapters") + 1] == "-1"


def test_covers_and_fonts(tmp_path: Path) -> None:
    cover, font = tmp_path / "cover.png", tmp_path / "a.ttf"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64", "-frames:v", "1", str(cover))
    font.write_bytes(b"no real font")
    clip, with_cover = make_clip(tmp_path / "clip.mkv", audio=("ac3",)), tmp_path / "cover.mp4"
    inputs = ("-i", str(cover), "-i", str(clip), "-map", "0", "-map", "1")
    ffmpeg(*inputs, "-c", "copy", "-disposition:v:0", "attached_pic", str(with_cover))
    made = convert(with_cover, Settings(container=Container.MP4))
    assert [stream.cover for stream in made.media.streams if isinstance(stream, VideoStream)] == [False, True]
    with_font = tmp_path / "font.mkv"
    ffmpeg("-i", str(clip), "-c", "copy", "-attach", str(font), "-metadata:s:t", "mimetype=font/ttf", str(with_font))
    kept = convert(with_font, target=tmp_path / "out2").media.streams[-1]
    assert (kept.kind.value, getattr(kept, "filename", None)) == ("attachment", "a.ttf")
    assert len(convert(with_font, Settings(container=Container.MP4), tmp_path / "out3").media.streams) == 2
