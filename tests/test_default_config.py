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
from mkv2castd.config import Config, FolderConfig, load
from mkv2castd.default_config import EXAMPLE_PATH, MEANINGS, TABLES, limits_of, text, toml_value

DOCUMENT = Path(__file__).parent.parent / "docs" / "configuration.md"
PROFILES = ("chromecast", "chromecast-1", "chromecast-3")


def keys() -> Iterator[tuple[str, Any, Any]]:
    """Every key there is, with its default and its type."""
    for table in msgspec.structs.fields(Config):
        kind = FolderConfig if table.name == "folder" else type(table.default)
        hints = get_type_hints(kind, include_extras=True)
        for field in msgspec.structs.fields(kind):
            yield f"{table.name}.{field.name}", field.default, hints[field.name]


def test_as_printed_it_changes_nothing() -> None:
    assert msgspec.convert(tomllib.loads(text()), Config) == Config()


def test_every_key_of_every_table_is_printed() -> None:
    printed = tomllib.loads(text())
    for table in ("video", "audio", "devices", "queue", "http"):
        assert set(printed[table]) == {key.partition(".")[2] for key, _, _ in keys() if key.startswith(f"{table}.")}


def test_uncommented_it_shows_a_folder_with_its_defaults() -> None:
    uncommented = re.sub(r"^#(?=\S)", "", text(), flags=re.MULTILINE)
    printed = tomllib.loads(uncommented)
    (folder,) = printed["folder"]
    assert set(folder) == {key.partition(".")[2] for key, _, _ in keys() if key.startswith("folder.")}
    assert msgspec.convert(folder, FolderConfig) == FolderConfig(path=EXAMPLE_PATH)


def test_it_can_be_saved_uncommented_and_loaded(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(re.sub(r"^#(?=\S)", "", text(), flags=re.MULTILINE), encoding="utf-8")
    assert [folder.name for folder in load([file], PROFILES).folder] == ["incoming"]


def test_every_key_has_an_explanation_and_nothing_else_has() -> None:
    assert {key for key, _, _ in keys()} == set(MEANINGS)
    assert {field.name for field in msgspec.structs.fields(Config)} == set(TABLES)


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
    table, _, name = key.partition(".")
    section = DOCUMENT.read_text(encoding="utf-8").partition(
        f"\n## `[{table}]`" if table != "folder" else "\n## `[[folder]]`"
    )
    rows = [line for line in section[2].partition("\n## ")[0].splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"docs/configuration.md has no row for {key}"
    shown = "none" if default is msgspec.NODEFAULT else f"`{toml_value(default)}`"
    if name == "include":
        shown = "the usual films"
    assert f"| {shown} |" in rows[0]
    for number in re.findall(r"-?\d+", limits_of(kind) or ""):
        assert number in rows[0].replace("\u202f", "").replace("−", "-")


def test_the_document_has_no_row_for_what_does_not_exist() -> None:
    names = set(re.findall(r"^\| `(\w+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    assert names == {key.partition(".")[2] for key, _, _ in keys()}


def test_the_module_prints_nothing_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert default_config.text() == text()
    assert capsys.readouterr().out == ""
