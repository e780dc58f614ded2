"""Which paths are films."""

from __future__ import annotations

import pytest

from mkv2castd.config import VIDEO_GLOBS
from mkv2castd.watch.rules import Rules, is_temporary

DEFAULT = Rules.of(VIDEO_GLOBS)


@pytest.mark.parametrize(
    "path",
    [
        "movie.mkv",
        "MOVIE.MKV",
        "the.castle.2020.mkv",
        "movie [1080p].mkv",
        "[group] x.mp4",
        "movie.h264.aac.mkv",
        "Show.S02_chromecast.mkv",
        "a/b/c/film.m2ts",
        "film.mkv/inside.avi",
        "-x.mkv",
        "new\nline.ts",
        "caf\udce9.webm",
        "movie.part.mkv",
    ],
)
def test_films_by_name(path: str) -> None:
    assert DEFAULT.candidate(path.rpartition("/")[2])
    assert DEFAULT.film(path)


@pytest.mark.parametrize(
    "path",
    [
        "movie.mkv.part",
        "movie.mkv.!qB",
        "movie.mkv.crdownload",
        "movie.tmp",
        "movie.mkv.partial",
        ".movie.mkv.Xa31Zz",
        ".mkv2castd-6c84fb90-12c4-11e1-840d-7b25c5ee775a.part",
        ".mkv2castd-trash/2026-01-01/movie.mkv",
        "show/.Trash-1000/files/movie.mkv",
        ".hidden.mkv",
        "._movie.mkv",
        "poster.jpg",
        "mkv",
        "movie.mkvx",
    ],
)
def test_no_films_by_name(path: str) -> None:
    assert not DEFAULT.film(path)


@pytest.mark.parametrize("name", ["a.part", "a.mkv.!qB", ".a.mkv.x1y2z3", "a.PARTIAL", "b.crdownload", "c.tmp"])
def test_half_written_names(name: str) -> None:
    assert is_temporary(name)
    assert not is_temporary("film.mkv")


def test_a_temporary_name_is_no_film_even_where_everything_is_included() -> None:
    everything = Rules.of(["*"])
    assert everything.film("movie.xyz")
    assert not everything.film("movie.mkv.part")
    assert not everything.film(".hidden.mkv")


def test_a_hidden_film_needs_a_glob_with_a_dot() -> None:
    rules = Rules.of(["*.mkv", "*", ".*.mkv"])
    assert rules.candidate(".hidden.mkv")
    assert rules.film(".hidden.mkv")
    assert not rules.film(".hidden.avi")


def test_a_glob_with_a_slash_is_matched_against_the_path() -> None:
    rules = Rules.of(["series/*/Season*/*.mkv"])
    assert rules.candidate("x.mkv")
    assert rules.film("Series/x/season 1/x.mkv")
    assert not rules.film("x.mkv")


def test_what_is_excluded_by_name_by_path_and_with_its_folder() -> None:
    rules = Rules.of(VIDEO_GLOBS, ["*sample*", "extras", "old/*.avi"])
    assert rules.film("x.mkv")
    assert not rules.film("x-Sample.mkv")
    assert not rules.film("show/EXTRAS/x.mkv")
    assert not rules.film("old/deep/x.avi")
    assert rules.film("old/x.mkv")
    assert not rules.enters("show/extras")
    assert rules.enters_all("")
