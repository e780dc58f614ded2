"""Folders come out of a drop-in as they went in, and the system is not opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.drop_in import covers, read, refused, write

_NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20).filter(
    lambda name: "/" not in name and name not in (".", "..")
)


@given(st.lists(st.builds(lambda top, name: Path("/", top, name), st.sampled_from(["srv", "home"]), _NAMES)))
def test_what_is_written_is_read_again(paths: list[Path]) -> None:
    assert read(write(paths)) == tuple(sorted(set(paths)))


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_what_only_python_takes_for_the_end_of_a_line_is_part_of_a_name(separator: str) -> None:
    path = Path(f"/srv/films{separator}of mine")
    assert read(write([path])) == (path,)


def test_a_folder_is_made_writable_where_it_stands_and_one_in_a_home_is_bound_there() -> None:
    text = write([Path("/srv/films"), Path("/home/ada/my films")])
    assert text.splitlines()[1:] == [
        "[Service]",
        'BindPaths="-/home/ada/my films"',
        'ReadWritePaths="-/srv/films"',
    ]


def test_what_systemd_would_read_otherwise_is_escaped() -> None:
    assert '"-/srv/100%% \\"cut\\" \\\\o"' in write([Path('/srv/100% "cut" \\o/')])


@pytest.mark.parametrize(
    ("path", "is_refused"),
    [
        ("/", True),
        ("/etc", True),
        ("/usr/share/films", True),
        ("/home", True),
        ("/var/lib", True),
        ("/proc/1", True),
        ("/var/lib/mkv2castd", True),
        ("/var/lib/mkv2castd/films", True),
        ("/run/mkv2castd/films", True),
        ("/srv/films\n[Service]", True),
        ("/srv/\udcff", True),
        ("/srv", False),
        ("/home/ada", False),
        ("/var/lib/films", False),
        ("/mnt/fílms", False),
    ],
)
def test_the_system_and_what_cannot_be_written_down_are_refused(path: str, is_refused: bool) -> None:
    assert (refused(Path(path)) is not None) is is_refused


def test_what_lies_in_an_open_folder_is_open() -> None:
    opened = [Path("/srv/films")]
    assert covers(opened, Path("/srv/films"))
    assert covers(opened, Path("/srv/films/new"))
    assert not covers(opened, Path("/srv/films2"))
