"""Names of outputs: predictable, never too long, never the source's own."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.config import Settings
from mkv2castd.encoder.naming import (
    NAME_BYTES,
    alternate_target,
    default_target,
    final_for_replace,
    numbered,
    temporary_for,
)
from mkv2castd.model import Container

PLAIN = Settings()
MP4 = Settings(container=Container.MP4)
BARE = Settings(suffix="")
JOB = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("movie.mkv", "movie_chromecast.mkv"),
        ("the.castle.2020.mkv", "the.castle.2020_chromecast.mkv"),
        ("the.castle.2020", "the.castle.2020_chromecast.mkv"),
        ("Show [1080p].avi", "Show [1080p]_chromecast.mkv"),
        ("movie.h264.aac.mkv", "movie.h264.aac_chromecast.mkv"),
        ("-v.m2ts", "-v_chromecast.mkv"),
        ("a\nb%d.3gp", "a\nb%d_chromecast.mkv"),
        (".hidden.mkv", ".hidden_chromecast.mkv"),
        (".mkv", ".mkv_chromecast.mkv"),
        ("film", "film_chromecast.mkv"),
        ("movie_chromecast.mkv", "movie_chromecast_chromecast.mkv"),
    ],
)
def test_the_output_stands_beside_its_source(name: str, expected: str) -> None:
    assert default_target(Path("/media") / name, PLAIN) == Path("/media") / expected


def test_names_that_are_not_utf8_survive() -> None:
    source = Path(os.fsdecode(b"/media/caf\xe9.avi"))
    assert os.fsencode(default_target(source, PLAIN)) == b"/media/caf\xe9_chromecast.mkv"
    assert os.fsencode(alternate_target(source, PLAIN)) == b"/media/caf\xe9.avi_chromecast.mkv"


def test_another_films_name_is_avoided_by_keeping_the_extension() -> None:
    assert alternate_target(Path("/m/movie.avi"), PLAIN) == Path("/m/movie.avi_chromecast.mkv")
    assert alternate_target(Path("/m/movie.avi"), MP4) == Path("/m/movie.avi_chromecast.mp4")


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("movie.avi", BARE, "movie.mkv"),
        ("movie.mkv", BARE, "movie_chromecast.mkv"),
        # the same file where case does not count
        ("movie.MKV", BARE, "movie_chromecast.mkv"),
        ("movie.mkv", Settings(suffix="", container=Container.MP4), "movie.mp4"),
    ],
)
def test_an_empty_suffix_never_names_the_source_itself(name: str, settings: Settings, expected: str) -> None:
    assert default_target(Path("/m") / name, settings) == Path("/m") / expected


def test_below_an_output_folder_the_tree_is_kept() -> None:
    settings = Settings(root=Path("/media"), output_root=Path("/cast"), suffix="")
    assert default_target(Path("/media/a/b/movie.mkv"), settings) == Path("/cast/a/b/movie.mkv")
    assert alternate_target(Path("/media/a/b/movie.avi"), settings) == Path("/cast/a/b/movie.avi.mkv")
    assert default_target(Path("/media/movie.mkv"), settings) == Path("/cast/movie.mkv")
    assert default_target(Path("/elsewhere/x/movie.mkv"), settings) == Path("/cast/movie.mkv")
    assert default_target(Path("/x/movie.mkv"), Settings(output_root=Path("/cast"))) == Path(
        "/cast/movie_chromecast.mkv"
    )
    into_itself = Settings(root=Path("/media"), output_root=Path("/media"), suffix="")
    assert default_target(Path("/media/a/movie.mkv"), into_itself) == Path("/media/a/movie_chromecast.mkv")


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("movie.avi", PLAIN, "movie.mkv"),
        ("movie.mkv", PLAIN, "movie.mkv"),
        ("movie.MKV", PLAIN, "movie.MKV"),
        ("the.castle.2020", PLAIN, "the.castle.2020.mkv"),
        ("movie.mkv", MP4, "movie.mp4"),
    ],
)
def test_what_replaces_its_source_takes_its_name(name: str, settings: Settings, expected: str) -> None:
    assert final_for_replace(Path("/m") / name, settings) == Path("/m") / expected


def test_long_names_are_cut_at_a_character_and_stay_apart() -> None:
    one, other = (Path("/m") / f"{'é' * 120}{end}.mkv" for end in ("aaaaaaa", "aaaaaab"))
    assert len(os.fsencode(one.name)) <= NAME_BYTES
    cut = default_target(one, PLAIN)
    assert len(os.fsencode(cut.name)) in (NAME_BYTES, NAME_BYTES - 1)
    assert cut.name.endswith("_chromecast.mkv")
    assert cut.name.startswith("é" * 100)
    os.fsencode(cut.name).decode("utf-8")
    assert cut != default_target(other, PLAIN)


@given(
    st.binary(min_size=1, max_size=NAME_BYTES).filter(lambda raw: not {0, 47} & set(raw) and raw not in (b".", b".."))
)
def test_every_name_leads_to_a_possible_one(raw: bytes) -> None:
    source = Path("/m") / os.fsdecode(raw)
    for target in (default_target(source, PLAIN), alternate_target(source, PLAIN), default_target(source, BARE)):
        assert target.parent == source.parent
        assert target != source
        assert 0 < len(os.fsencode(target.name)) <= NAME_BYTES
    assert len(os.fsencode(numbered(source, 2).name)) <= NAME_BYTES
    assert numbered(source, 2) != source


def test_the_temporary_is_hidden_beside_the_target() -> None:
    assert temporary_for(Path("/c/movie.mkv"), JOB) == Path(f"/c/.mkv2castd-{JOB}.part")
    assert numbered(Path("/t/movie.mkv"), 3) == Path("/t/movie.3.mkv")
