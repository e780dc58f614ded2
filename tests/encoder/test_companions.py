"""Which files beside a film are its subtitles, and what their names say."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from mkv2castd.encoder import languages
from mkv2castd.encoder.beside import find_externals
from mkv2castd.encoder.companions import Track, companions, tracks_of_index
from mkv2castd.encoder.media import External
from mkv2castd.encoder.webvtt import to_webvtt
from tests.encoder.test_webvtt import line

HERE = Path("/films")


def found(*names: str, film: str = "film.mkv") -> list[External]:
    return list(companions(film, [film, *names], HERE))


@pytest.mark.parametrize(
    ("name", "language", "title", "forced", "deaf"),
    [
        ("film.srt", None, None, False, False),
        ("film.en.srt", "en", None, False, False),
        ("film.eng.srt", "en", None, False, False),
        ("film.ger.ass", "de", None, False, False),
        ("film.pt-BR.srt", "pt", None, False, False),
        ("film.English.srt", "en", None, False, False),
        ("film.Deutsch.SRT", "de", None, False, False),
        ("film.en.forced.srt", "en", None, True, False),
        ("film.forced.srt", None, None, True, False),
        ("film.de.sdh.ass", "de", None, False, True),
        ("film.en.cc.vtt", "en", None, False, True),
        ("film.en.hi.srt", "en", None, False, True),
        ("film.hi.srt", "hi", None, False, False),
        ("film.hi.forced.srt", "hi", None, True, False),
        ("film.en.default.srt", "en", None, False, False),
        ("film.Director's cut.en.srt", "en", "Director's cut", False, False),
        ("film.commentary.srt", None, "commentary", False, False),
    ],
)
def test_a_name_tells_language_title_and_marks(
    name: str, language: str | None, title: str | None, forced: bool, deaf: bool
) -> None:
    (external,) = found(name)
    assert external.path == HERE / name
    assert (external.language, external.title) == (language, title)
    assert (external.forced, external.hearing_impaired) == (forced, deaf)


def test_the_extension_tells_the_format() -> None:
    names = ("film.srt", "film.ass", "film.ssa", "film.vtt", "film.sub")
    assert {one.path.suffix: one.codec for one in found(*names)} == {
        ".srt": "subrip",
        ".ass": "ass",
        ".ssa": "ass",
        ".vtt": "webvtt",
        ".sub": "microdvd",
    }


def test_vobsub_is_two_files_and_one_subtitle() -> None:
    assert [(one.path.name, one.codec) for one in found("film.idx", "film.sub")] == [("film.idx", "dvd_subtitle")]
    assert found("film.idx") == []


def test_other_films_subtitles_are_left_to_them() -> None:
    assert found("other.srt", "filmed.srt", "film2.srt", "film", "film.txt") == []
    assert [one.path.name for one in found("film.2.mkv", "film.2.en.srt", "film.en.srt")] == ["film.en.srt"]
    of_the_second = companions("film.2.mkv", ["film.mkv", "film.2.mkv", "film.2.en.srt", "film.en.srt"], HERE)
    assert [one.path.name for one in of_the_second] == ["film.2.en.srt"]
    # no film by that name: a number that somebody counts his subtitles by
    assert [one.title for one in found("film.2.en.srt")] == ["2"]


HEAD = "# VobSub index file, v7 (do not modify this line!)\nsize: 320x180\npalette: " + "000000, " * 15 + "ffffff\n"
INDICES = {
    "plain": "id: en, index: 0\nTIME1\nid: fr, index: 1\nTIME2",
    "without pictures first": "id: en, index: 0\nid: fr, index: 1\nTIME2\nid: de, index: 2\nTIME3",
    "without pictures between": "id: en, index: 0\nTIME1\nid: fr, index: 1\nid: de, index: 2\nTIME3",
    "without any": "id: en, index: 0\n",
    "in another order": "id: en, index: 2\nTIME3\nid: fr, index: 0\nTIME1",
    "a number twice": "id: en, index: 0\nTIME1\nid: fr, index: 0\nTIME2",
    "a number again": "id: en, index: 0\nTIME1\nid: fr, index: 1\nTIME2\nid: en, index: 0\nTIME3",
    "a language twice": "id: en, index: 0\nTIME1\nid: en, index: 1\nTIME2",
    "no language": "id: --, index: 0\nTIME1\nid: fr, index: 1\nTIME2",
    "comments": "# id: en, index: 0\n#id: en, index: 0\nid: fr, index: 1\nTIME2",
    "indented": "  id: en, index: 0\nTIME1\nid: fr, index: 1\nTIME2",
    "indented later": "id: en, index: 0\nTIME1\n id: fr, index: 1\nTIME2",
    "without a number": "id: en\nTIME1\nid: fr, index: 1\nTIME2",
    "no id": "TIME1\nTIME2",
    "tight": "id:en,index:0\nTIME1\nid: fr,index: 1\nTIME2",
    "loose": "id: en , index: 0\nTIME1\nid:\tfr, index:\t1\nTIME2",
    "too many": "id: en, index: 0\nTIME1\nid: fr, index: 32\nTIME2",
    "negative": "id: en, index: -1\nTIME1",
    "line ends": "id: en, index: 0\r\nTIME1\r\nid: fr, index: 1\r\nTIME2",
    "no time": "id: en, index: 0\nTIME1\nid: fr, index: 1\ntimestamp: nonsense",
    "titles": "alt: no\nid: en, index: 0\nalt: Comments\nTIME1\nalt: late\nid: fr, index: 1\nTIME2",
}


@pytest.mark.parametrize("name", INDICES)
def test_the_tracks_of_an_index_are_those_that_ffmpeg_finds(tmp_path: Path, name: str) -> None:
    text = HEAD + re.sub(
        r"TIME(\d)", lambda m: f"timestamp: 00:00:0{m[1]}:000, filepos: {int(m[1]) * 2048:09x}", INDICES[name]
    )
    (tmp_path / "film.idx").write_bytes(text.encode())
    (tmp_path / "film.sub").write_bytes(bytes(16384))
    argv = ["ffprobe", "-v", "quiet", "-f", "vobsub", "-of", "json", "-show_streams", str(tmp_path / "film.idx")]
    done = subprocess.run(argv, capture_output=True, timeout=90)
    streams = json.loads(done.stdout).get("streams", []) if done.returncode == 0 else []
    tags = [stream["tags"] for stream in streams]
    told = [Track(languages.short(tag["language"]), tag.get("title")) for tag in tags]
    assert list(tracks_of_index(text)) == told


def test_an_index_with_pictures_that_ffmpeg_does_not_find_is_none() -> None:
    assert [one.path.name for one in found("film.IDX", "film.SUB")] == ["film.IDX"]
    assert found("film.idx", "film.SUB") == []


@pytest.mark.parametrize(
    ("head", "codec"),
    [
        ("1\n00:00:01,000 --> 00:00:02,000\nx", "subrip"),
        ("\ufeff1\r\n0:00:01.000 --> 0:00:02.000\r\nx", "subrip"),
        ("WEBVTT\n\n", "webvtt"),
        ("[Script Info]\nTitle: x", "ass"),
        ("{25}{50}Hello", "microdvd"),
        ("nobody knows", "subrip"),
    ],
)
def test_an_extension_that_lies_is_found_out(tmp_path: Path, head: str, codec: str) -> None:
    (tmp_path / "film.srt").write_text(head, encoding="utf-16" if "Script" in head else "utf-8")
    (external,) = find_externals(tmp_path / "film.mkv")
    assert external.codec == codec


class TestOnDisk:
    def test_what_lies_beside_the_film_is_found(self, tmp_path: Path) -> None:
        film = tmp_path / "film.mkv"
        for name in (
            "film.mkv",
            "film.en.srt",
            "film.empty.srt",
            "film.vtt",
            "Subs/film.de.srt",
            "Subs/2_German.srt",
        ):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("" if "empty" in name else "x")
        time = "timestamp: 00:00:01:000, filepos: 000000000\n"
        apart = "# the first track's other times\n" * 5000
        (tmp_path / "film.idx").write_text(f"id: en, index: 0\n{time}{apart}id: fr, index: 1\n{time}")
        (tmp_path / "film.sub").write_bytes(b"pictures")
        told = [(one.path.relative_to(tmp_path).as_posix(), one.language, one.track) for one in find_externals(film)]
        assert told == [
            ("film.en.srt", "en", 0),
            ("film.idx", "en", 0),
            ("film.idx", "fr", 1),
            ("film.vtt", None, 0),
            ("Subs/film.de.srt", "de", 0),
        ]

    def test_links_are_not_followed_and_our_own_are_left_out(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("x")
        (tmp_path / "films").mkdir()
        film = tmp_path / "films" / "film.mkv"
        film.write_text("x")
        (tmp_path / "films" / "film.en.srt").symlink_to(tmp_path / "secret")
        (tmp_path / "films" / "Subs").symlink_to(tmp_path)
        (tmp_path / "films" / "film.de.vtt").write_text("WEBVTT\n\nNOTE MKV2CASTD=1;2;3;4\n\n")
        os.mkfifo(tmp_path / "films" / "film.fr.srt")
        assert find_externals(film) == ()

    def test_one_of_ours_that_was_corrected_by_hand_is_somebodys(self, tmp_path: Path) -> None:
        made = to_webvtt([line("teh end")], "1;2;3;4")
        assert made is not None
        (tmp_path / "film.en.vtt").write_text(made)
        (tmp_path / "film.de.vtt").write_text(made.replace("teh", "the"))
        assert [one.language for one in find_externals(tmp_path / "film.mkv")] == ["de"]

    def test_a_folder_that_cannot_be_read_has_none(self, tmp_path: Path) -> None:
        assert find_externals(tmp_path / "nowhere" / "film.mkv") == ()

    def test_there_is_an_end_to_them(self, tmp_path: Path) -> None:
        for number in range(100):
            (tmp_path / f"film.{number}.srt").write_text("x")
        assert len(find_externals(tmp_path / "film.mkv")) == 64
