"""The printed configuration and the documented one say what holds."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest

from mkv2castd import default_config
from mkv2castd.config import Config, FolderConfig
from mkv2castd.config_loading import load
from mkv2castd.config_profiles import ProfileConfig
from mkv2castd.default_config import EXAMPLE_PATH, EXAMPLES, MEANINGS, REPEATED, TABLES, limits_of, text, toml_value

DOCUMENT = Path(__file__).parent.parent / "docs" / "configuration.md"
UNCOMMENTED = re.compile(r"^#(?=\S)", re.MULTILINE)


def tables() -> dict[str, type[msgspec.Struct]]:
    single = {
        field.name: type(field.default) for field in msgspec.structs.fields(Config) if field.name not in REPEATED
    }
    return single | dict(REPEATED)


def keys() -> Iterator[tuple[str, Any, Any]]:
    """Every key there is, with its default and its type."""
    for table, kind in tables().items():
        hints = get_type_hints(kind, include_extras=True)
        for field in msgspec.structs.fields(kind):
            if f"{table}.{field.name}" not in REPEATED:
                yield f"{table}.{field.name}", field.default, hints[field.name]


def uncommented() -> str:
    return UNCOMMENTED.sub("", text())


def test_as_printed_it_changes_nothing() -> None:
    assert msgspec.convert(tomllib.loads(text()), Config) == Config()


def test_every_key_of_every_table_is_printed() -> None:
    printed = tomllib.loads(text())
    for table in ("video", "audio", "devices", "queue", "http", "dbus"):
        assert set(printed[table]) == {key.partition(".")[2] for key, _, _ in keys() if key.startswith(f"{table}.")}


def test_uncommented_it_shows_a_folder_with_its_defaults() -> None:
    printed = tomllib.loads(uncommented())
    (folder,) = printed["folder"]
    assert set(folder) == {key.rpartition(".")[2] for key, _, _ in keys() if key.startswith("folder.")}
    assert msgspec.convert(folder, FolderConfig) == FolderConfig(path=EXAMPLE_PATH)


def test_it_can_be_saved_uncommented_and_loaded(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(uncommented(), encoding="utf-8")
    got = load([file])
    assert [folder.name for folder in got.folder] == ["incoming"]
    assert [custom.names for custom in got.customs] == [("living-room",)]


def test_uncommented_it_shows_a_device_with_every_key() -> None:
    (profile,) = tomllib.loads(uncommented())["profile"]
    (picture,) = profile["video"]
    assert set(profile) == {field.name for field in msgspec.structs.fields(ProfileConfig)}
    assert {f"profile.video.{key}" for key in picture} == {
        key for key in MEANINGS if key.startswith("profile.video.")
    }


def test_an_example_stands_only_where_there_is_no_default_to_show() -> None:
    shown = {key: default for key, default, _ in keys()}
    assert all(shown[key] in (msgspec.NODEFAULT, None, (), "") for key in EXAMPLES)


def test_every_key_has_an_explanation_and_nothing_else_has() -> None:
    assert {key for key, _, _ in keys()} == set(MEANINGS)
    assert set(tables()) == set(TABLES)


def test_lines_are_short_enough_to_read() -> None:
    assert [line for line in text().splitlines() if len(line) > 118 and line.startswith("# ")] == []


@pytest.mark.parametrize(
    "value", [True, False, 0, 30, 0.5, "", 'a"b\\c', "é\n\t", (), ("a", "b"), "mkv"], ids=lambda value: repr(value)
)
def test_a_value_is_printed_as_toml_reads_it(value: Any) -> None:
    read = tomllib.loads(f"key = {toml_value(value)}")["key"]
    assert (tuple(read) if isinstance(read, list) else read) == value


@pytest.mark.parametrize(
    ("key", "default", "kind"), list(keys()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_document_tells_each_key_with_default_and_range(key: str, default: Any, kind: Any) -> None:
    table, _, name = key.rpartition(".")
    heading = f"[[{table}]]" if table in REPEATED else f"[{table}]"
    section = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## `{heading}`")
    rows = [line for line in section[2].partition("\n## ")[0].splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"docs/configuration.md has no row for {key}"
    shown = "none" if default is msgspec.NODEFAULT else f"`{toml_value(default)}`"
    if name == "include":
        shown = "the usual films"
    if default is None:
        shown = "as "  # what it is based on
    assert f"| {shown}" in rows[0]
    for number in re.findall(r"-?\d+", limits_of(kind) or ""):
        assert number in rows[0].replace("\u202f", "").replace("−", "-")


def test_the_document_has_no_row_for_what_does_not_exist() -> None:
    names = set(re.findall(r"^\| `(\w+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    assert names == {key.rpartition(".")[2] for key, _, _ in keys()}


def test_the_module_prints_nothing_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert default_config.text() == text()
    assert capsys.readouterr().out == ""
