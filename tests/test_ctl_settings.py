"""KEY=VALUE … → settings of a folder, with the types that D-Bus wants."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mkv2castd.api.bus_interface import Variant
from mkv2castd.ctl_errors import CtlError
from mkv2castd.ctl_parser import parser
from mkv2castd.ctl_settings import absolute, settings, submission


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("recursive=false", Variant("b", False)),
        ("priority=-5", Variant("x", -5)),
        ("poll_seconds=2.5", Variant("d", 2.5)),
        ("name=1080", Variant("s", "1080")),
        ('name="a = b"', Variant("s", "a = b")),
        ("suffix=_x=y", Variant("s", "_x=y")),
        ("profile=chromecast, nest-hub", Variant("as", ["chromecast", "nest-hub"])),
        ('include=["*.mkv", "*,v.avi"]', Variant("as", ["*.mkv", "*,v.avi"])),
        ("exclude=", Variant("as", [])),
        ("output=/srv/cast", Variant("s", "/srv/cast")),
        ("output=", Variant("s", "")),
        ("settle_seconds=2026-11-23", Variant("s", "2026-11-23")),
        ("settle_seconds=99999999999999999999", Variant("s", "99999999999999999999")),
        ("new_key=what it is", Variant("s", "what it is")),
    ],
)
def test_values_have_the_types_that_they_look_like(pair: str, value: Variant) -> None:
    (found,) = settings([pair]).values()
    assert found == value


def test_an_output_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings(["output=out"]) == {"output": Variant("s", str(tmp_path / "out"))}


@pytest.mark.parametrize("pair", ["recursive", "=true", ""])
def test_what_is_no_pair_is_a_usage_error(pair: str) -> None:
    with pytest.raises(CtlError, match="KEY=VALUE") as raised:
        settings([pair])
    assert raised.value.exit_code == 2


def test_a_name_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(CtlError, match="not UTF-8"):
        absolute(os.fsdecode(b"/srv/\xff.mkv"))


def test_only_wishes_that_were_uttered_are_sent() -> None:
    assert submission(parser().parse_args(["add", "x.mkv"])) == {}
    told = submission(parser().parse_args(["add", "x.mkv", "-p", "tv", "-p", "tv", "--priority", "0"]))
    assert told == {"profile": Variant("as", ["tv"]), "priority": Variant("i", 0)}
