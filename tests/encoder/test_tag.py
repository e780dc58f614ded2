"""The tag by which our outputs are known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mkv2castd.encoder.tag import parse_tag, tag_for
from mkv2castd.model import Identity

IDENTITY = Identity(1, 2, 12345, -7)


def test_a_tag_names_the_films_version_and_name() -> None:
    source = Path(os.fsdecode(b"/films/caf\xe9; x.mkv"))
    origin = parse_tag(tag_for(source, IDENTITY))
    assert origin is not None
    assert origin.is_version(IDENTITY)
    assert not origin.is_version(Identity(1, 2, 12345, -8))
    assert origin.is_named(source)
    assert origin.is_named(Path("/moved") / source.name)
    assert not origin.is_named(Path("/films/other.mkv"))
    assert tag_for(source, IDENTITY).isascii()


@pytest.mark.parametrize("text", ["", "1", "1;2;3", "2;1;2;3", "1;a;b;c", "1;2;3;4;5"])
def test_a_mangled_tag_tells_nothing_of_its_origin(text: str) -> None:
    assert parse_tag(text) is None
