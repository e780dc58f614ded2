"""Subtitles, covers, fonts, chapters, names and marks, each through real ffmpeg."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.media import VideoStream
from mkv2castd.model import Container
from tests.clips import make_clip
from tests.encoder.converting import convert, described, ffmpeg
from tests.encoder.test_webvtt import HEAD


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
        timeout=90,
    ).stdout
    assert b"Hello" in text


@pytest.mark.parametrize("container", list(Container))
@pytest.mark.parametrize("extension", [".srt", ".ass", ".sub"])
def test_text_of_a_longer_cut_or_with_a_mistyped_time_costs_no_film(
    tmp_path: Path, container: Container, extension: str
) -> None:
    """The helper proves that the result lasts as long as the film."""
    film, beside = make_clip(tmp_path / "film.mkv", audio=("ac3",)), tmp_path / f"film{extension}"
    times = (("0:00:00.20", "0:00:00.80"), ("0:00:00.70", "0:00:30.00"), ("0:10:00.00", "99:99:99.00"))
    match extension:
        case ".srt":
            rows = (f"{n}\n{start} --> {end}\nline {n}\n\n" for n, (start, end) in enumerate(times))
            beside.write_text("".join(rows).replace(".", ","))
        case ".ass":
            rows = (f"Dialogue: 0,{start},{end},Default,,0,0,0,,line {n}\n" for n, (start, end) in enumerate(times))
            beside.write_text(f"{HEAD}{''.join(rows)}")
        case _:
            beside.write_text("{5}{20}line 0\n{18}{750}line 1\n{15000}{9000000}line 2\n")
    made = convert(film, Settings(container=container, quality="fast"))
    argv = ["ffmpeg", "-v", "error", "-i", str(made.path), "-map", "0:s", "-f", "srt", "-"]
    text = subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout
    assert [f"line {n}".encode() in text for n in range(3)] == [True, True, False]


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
        settings = Settings(container=container, quality="fast", surround="drop")
        made = convert(film, settings, tmp_path / f"out{number}")
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
            timeout=90,
        ).stdout
        assert all(word in told for word in (b"Der Film", b"Fern", b"One", b"Two"))


def cover(path: Path) -> Path:
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x64",
        "-frames:v",
        "1",
        "-f",
        "image2pipe",
        "-c",
        CODECS[path.suffix],
        str(path),
    )
    return path


def film_with_cover(folder: Path, kind: str, container: str) -> Path:
    """A film with art, as an attachment in Matroska and as a track in MP4."""
    art, clip = cover(folder / f"art{kind}"), make_clip(folder / "clip.mkv", audio=("ac3",))
    film = folder / f"film.{container}"
    if container == "mkv":
        marks = ("-metadata:s:2", f"mimetype={TYPES[kind]}", "-metadata:s:2", "filename=art")
        ffmpeg("-i", str(clip), "-map", "0", "-c", "copy", "-attach", str(art), *marks, str(film))
    else:
        inputs = ("-i", str(clip), "-i", str(art), "-map", "0", "-map", "1")
        ffmpeg(*inputs, "-c", "copy", "-disposition:v:1", "attached_pic", str(film))
    return film


CODECS = {".png": "png", ".jpg": "mjpeg", ".bmp": "bmp"}
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".bmp": "image/bmp"}


def _art_of(film: Path, folder: Path) -> bytes:
    """The cover's own bytes."""
    art = folder / "taken out"
    number = next(s.index for s in described(film).streams if isinstance(s, VideoStream) and s.cover)
    ffmpeg("-i", str(film), "-map", f"0:{number}", "-c", "copy", "-f", "image2pipe", str(art))
    return art.read_bytes()


@pytest.mark.parametrize("into", [Container.MKV, Container.MP4])
@pytest.mark.parametrize(("kind", "container"), [(".jpg", "mkv"), (".png", "mkv"), (".png", "mp4"), (".jpg", "mp4")])
def test_covers_stay_art(tmp_path: Path, kind: str, container: str, into: Container) -> None:
    film = film_with_cover(tmp_path, kind, container)
    made = convert(film, Settings(container=into, surround="drop"))
    assert [s.cover for s in made.media.streams if isinstance(s, VideoStream)] == [False, True]
    assert len(made.media.pictures) == 1
    assert _art_of(made.path, tmp_path) == (tmp_path / f"art{kind}").read_bytes()
    if into is Container.MKV:
        shown = _tags(made.path)[-1]
        assert (shown["mimetype"], shown["filename"]) == (TYPES[kind], f"cover{kind}")


def test_a_cover_in_another_format_becomes_png(tmp_path: Path) -> None:
    film = film_with_cover(tmp_path, ".bmp", "mp4")
    for number, container in enumerate((Container.MKV, Container.MP4)):
        made = convert(film, Settings(container=container, surround="drop"), tmp_path / f"out{number}")
        assert [s.codec for s in made.media.streams if isinstance(s, VideoStream)] == ["h264", "png"]
        assert _art_of(made.path, tmp_path).startswith(b"\x89PNG")
    assert len(convert(film, Settings(container=Container.WEBM, quality="fast", surround="drop")).media.streams) == 2


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
def test_a_cover_that_cannot_be_read_does_not_cost_the_film(tmp_path: Path, container: Container) -> None:
    clip, film = make_clip(tmp_path / "clip.mkv", audio=("ac3",)), tmp_path / "film.mkv"
    (tmp_path / "art.tif").write_bytes(b"nothing that would be a picture")
    marks = ("-metadata:s:2", "mimetype=image/tiff", "-metadata:s:2", "filename=art.tif")
    ffmpeg("-i", str(clip), "-map", "0", "-c", "copy", "-attach", str(tmp_path / "art.tif"), *marks, str(film))
    made = convert(film, Settings(container=container, surround="drop"))
    assert len(made.media.streams) == 2
    assert "cover art: it cannot be read" in made.plan.reasons


def _tags(film: Path) -> list[dict[str, str]]:
    argv = ["ffprobe", "-v", "error", "-show_entries", "stream_tags", "-of", "json", str(film)]
    told = json.loads(subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout)
    return [stream.get("tags", {}) for stream in told["streams"]]


def test_fonts_and_other_attachments_stay_in_matroska(tmp_path: Path) -> None:
    clip, film = make_clip(tmp_path / "clip.mkv", audio=("ac3",)), tmp_path / "film.mkv"
    font, note = tmp_path / "a.ttf", tmp_path / "read me.txt"
    font.write_bytes(b"no real font")
    note.write_bytes(b"a note")
    attached = ("-attach", str(font), "-metadata:s:2", "mimetype=font/ttf")
    attached += ("-attach", str(note), "-metadata:s:3", "mimetype=text/plain")
    ffmpeg("-i", str(clip), "-map", "0", "-c", "copy", *attached, str(film))
    made = convert(film, Settings(surround="drop"))
    assert [(tags["filename"], tags["mimetype"]) for tags in _tags(made.path)[2:]] == [
        ("a.ttf", "font/ttf"),
        ("read me.txt", "text/plain"),
    ]
    dumped = subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-dump_attachment:2", str(tmp_path / "dumped"), "-i", str(made.path)],
        timeout=90,
        stderr=subprocess.DEVNULL,
    )
    assert dumped.returncode == 1, "there is no output, which ffmpeg complains of"
    assert (tmp_path / "dumped").read_bytes() == b"no real font"
    dropped = convert(film, Settings(container=Container.MP4, surround="drop"), tmp_path / "out2")
    assert len(dropped.media.streams) == 2


def test_creation_time_titles_and_languages_come_through_every_container(tmp_path: Path) -> None:
    marks = ("-metadata", "creation_time=2001-02-03T04:05:06Z", "-metadata", "title=Der Film")
    marks += ("-metadata:s:a:0", "language=ger", "-metadata:s:s:0", "language=fre")
    marks += ("-metadata:s:s:0", "title=Sous-titres", "-disposition:s:0", "default+forced")
    film = make_clip(tmp_path / "film.mkv", audio=("ac3",), subtitle="srt", extra=marks)
    for number, container in enumerate(Container):
        settings = Settings(container=container, quality="fast", surround="drop")
        made = convert(film, settings, tmp_path / f"out{number}")
        argv = [
            "ffprobe",
            "-v",
            "error",
            "-show_entries",
            "format_tags:stream_tags:stream_disposition",
            "-of",
            "json",
        ]
        told = json.loads(subprocess.run([*argv, str(made.path)], capture_output=True, check=True).stdout)
        tags = {name.lower(): value for name, value in told["format"]["tags"].items()}
        assert tags["creation_time"].startswith("2001-02-03T04:05:06")
        assert tags["title"] == "Der Film"
        picture, sound, text = told["streams"]
        assert sound["tags"]["language"] == "ger"
        assert text["tags"]["language"] == "fre"
        assert text["tags"].get("title", text["tags"].get("handler_name")) == "Sous-titres"
        assert text["disposition"]["forced"] == 1
        assert picture["disposition"]["attached_pic"] == 0
        if container is Container.MP4:
            raw = made.path.read_bytes()
            assert raw.index(b"moov") < raw.index(b"mdat")
