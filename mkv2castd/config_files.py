"""The configuration's files: where they are, how they are read, and the one that the daemon writes itself."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from mkv2castd.errors import ConfigError
from mkv2castd.model import printable

RUNTIME_FILE = "runtime.toml"


def default_files() -> list[Path]:
    """The configuration files of this user, in reading order; those that exist.

    root and the service user read /etc/mkv2castd, anyone else $XDG_CONFIG_HOME/mkv2castd (interfaces,
    "Configuration").
    """
    base = Path("/etc/mkv2castd")
    if os.geteuid() != 0 and "STATE_DIRECTORY" not in os.environ:
        xdg = os.environ.get("XDG_CONFIG_HOME", "")
        # a relative one is to be ignored (XDG Base Directory Specification)
        base = Path(xdg if os.path.isabs(xdg) else os.path.expanduser("~/.config")) / "mkv2castd"
    return [file for file in (base / "config.toml", *sorted(base.glob("conf.d/*.toml"))) if _exists(file)]


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except PermissionError:
        return True  # reading it will tell what is wrong; passing it over would start with other settings


def remember(state_dir: Path, table: str, key: str, value: Any) -> None:
    """Writes one run-time change to `runtime.toml`, atomically and durably.

    Raises OSError, and ConfigError when the file that is there cannot be read.
    """
    raw = _runtime(state_dir)
    raw.setdefault(table, {})[key] = value
    _write(state_dir, raw)


def remember_folder(state_dir: Path, folder: Mapping[str, Any]) -> None:
    """Adds a [[folder]] to `runtime.toml`. Raises as `remember` does."""
    raw = _runtime(state_dir)
    raw.setdefault("folder", []).append(dict(folder))
    _write(state_dir, raw)


def forget_folder(state_dir: Path, path: str) -> None:
    """Takes it out again. Raises as `remember` does."""
    raw = _runtime(state_dir)
    raw["folder"] = [folder for folder in raw.get("folder", []) if folder["path"] != path]
    _write(state_dir, raw)


def _runtime(state_dir: Path) -> dict[str, Any]:
    file = state_dir / RUNTIME_FILE
    return read(file) if file.exists() else {}


def _write(state_dir: Path, raw: Mapping[str, Any]) -> None:
    file = state_dir / RUNTIME_FILE
    fresh = file.with_suffix(".toml.new")
    with fresh.open("wb") as stream:
        tomli_w.dump(raw, stream)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(file: Path) -> dict[str, Any]:
    """Raises ConfigError, naming the file: not readable, not UTF-8, not TOML (with line and column)."""
    try:
        # some editors begin UTF-8 with a byte order mark, which TOML does not know
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{printable(file)}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{printable(file)}: is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{printable(file)}: is not TOML: {error}") from error
