"""TOML files → the configuration. Every error names the file, the key and what is allowed.

Files are read in order and later ones win; `[[folder]]` and `[[profile]]` tables add up. A file that a person wrote
is never rewritten: what is changed at run time goes to `runtime.toml` in the state folder, which is read last.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mkv2castd import config_profiles
from mkv2castd.config import Config, FolderConfig
from mkv2castd.config_checks import (
    default_name,
    gpu_fault,
    height_fault,
    hours_fault,
    language_fault,
    listen_address,
    name_fault,
    node_fault,
    normal_path,
    path_fault,
    profile_fault,
    slots_fault,
    suffix_fault,
)
from mkv2castd.config_errors import explain
from mkv2castd.config_files import RUNTIME_FILE, read
from mkv2castd.config_profiles import ProfileConfig
from mkv2castd.encoder.playable import Profile
from mkv2castd.encoder.profiles import combine, known, require_fillable
from mkv2castd.errors import ConfigError, ErrorCode, RequestError
from mkv2castd.model import printable


def load(files: Iterable[Path], extra_folders: Sequence[Path] = ()) -> Config:
    """Reads, merges and validates. `extra_folders` are watched with default settings unless a file names them.

    Raises ConfigError: unreadable or malformed file, unknown key, wrong type or impossible value.
    """
    merged: dict[str, Any] = {}
    folders: dict[str, FolderConfig] = {}
    profiles: dict[str, ProfileConfig] = {}
    several = [(file, raw, _convert(raw, file)) for file, raw in ((file, read(file)) for file in files)]
    for file, _, config in several:
        _add_profiles(profiles, config.profile, file)
    customs = [config_profiles.built(custom) for custom in profiles.values()]
    for file, raw, config in several:
        _require(file, _device_faults(config.folder, customs))
        _add_named(folders, config.folder, file)
        _merge(merged, {key: value for key, value in raw.items() if key not in ("folder", "profile")})
    _add_extra(folders, extra_folders)
    whole = msgspec.convert(merged, Config)
    return msgspec.structs.replace(whole, folder=tuple(folders.values()), profile=tuple(profiles.values()))


def folder_from(raw: Mapping[str, Any], config: Config) -> FolderConfig:
    """One more folder beside those of `config`, as a table of a file would make it.

    Raises RequestError, naming the key as ever: invalid_path for that of the folder, else invalid_argument.
    """
    try:
        folder = msgspec.convert(raw, FolderConfig)
    except msgspec.ValidationError as error:
        raise RequestError(ErrorCode.INVALID_ARGUMENT, explain(error, FolderConfig)) from error
    alone = Config(folder=(folder,))
    for at, fault in itertools.chain(_faults(alone), _device_faults(alone.folder, config.customs)):
        key = at.removeprefix("folder[0].")
        code = ErrorCode.INVALID_PATH if key == "path" else ErrorCode.INVALID_ARGUMENT
        raise RequestError(code, f"{key}: {fault}")
    path = normal_path(folder.path)
    return msgspec.structs.replace(folder, path=path, name=folder.name or default_name(path))


def holder_of(folder: FolderConfig, files: Iterable[Path]) -> Path | None:
    """The first of these files that has a table for the folder. Raises ConfigError as `load` does."""
    for file in files:
        for other in _convert(read(file), file).folder if file.exists() else ():
            if normal_path(other.path) == folder.path:
                return file
    return None


def _convert(raw: Mapping[str, Any], file: Path) -> Config:
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{printable(file)}: {explain(error, Config)}") from error
    _require(file, _faults(config))
    return config


def _require(file: Path, faults: Iterator[tuple[str, str]]) -> None:
    for key, fault in faults:
        raise ConfigError(f"{printable(file)}: {key}: {fault}")


def _faults(config: Config) -> Iterator[tuple[str, str]]:
    """Each impossible value: its key and what is wrong with it."""
    checked = [("video.max_height", height_fault(config.video.max_height))]
    for number, folder in enumerate(config.folder):
        at = f"folder[{number}]"
        checked += [
            (f"{at}.path", path_fault(folder.path)),
            (f"{at}.output", path_fault(folder.output) if folder.output else None),
            (f"{at}.name", name_fault(folder.name)),
            (f"{at}.suffix", suffix_fault(folder.suffix, not folder.output, folder.source == "replace")),
        ]
    for number, custom in enumerate(config.profile):
        checked += [(f"profile[{number}].{key}", fault) for key, fault in config_profiles.faults(custom)]
    for number, code in enumerate(config.audio.languages):
        checked.append((f"audio.languages[{number}]", language_fault(code)))
    for number, node in enumerate(config.devices.nodes):
        checked.append((f"devices.nodes[{number}]", node_fault(node)))
    for number, device in enumerate(config.devices.disabled):
        checked.append((f"devices.disabled[{number}]", gpu_fault(device)))
    checked += [("devices.slots", slots_fault(device)) for device in config.devices.slots]
    for number, text in enumerate(config.queue.hours):
        checked.append((f"queue.hours[{number}]", hours_fault(text)))
    for number, address in enumerate(config.http.listen):
        try:
            listen_address(address)
        except ValueError as error:
            checked.append((f"http.listen[{number}]", str(error)))
    return ((key, fault) for key, fault in checked if fault is not None)


def _device_faults(folders: Sequence[FolderConfig], customs: Sequence[Profile]) -> Iterator[tuple[str, str]]:
    """Devices that nobody knows, and containers that nothing can be put into that plays on all of a folder's."""
    allowed = known(customs)
    for number, folder in enumerate(folders):
        for name in folder.profile:
            if (fault := profile_fault(name, allowed)) is not None:
                yield f"folder[{number}].profile", fault
        try:
            require_fillable(combine(folder.profile, customs), folder.container.value)
        except RequestError as error:
            yield f"folder[{number}].container", error.message.removeprefix("container: ")


def _add_profiles(named: dict[str, ProfileConfig], profiles: Sequence[ProfileConfig], file: Path) -> None:
    for number, custom in enumerate(profiles):
        if custom.name in named:
            at = f"{printable(file)}: profile[{number}].name"
            raise ConfigError(f"{at}: {custom.name!r} stands twice: give one of the two another name")
        named[custom.name] = custom


def _merge(into: dict[str, Any], raw: dict[str, Any]) -> None:
    for table, keys in raw.items():
        into.setdefault(table, {}).update(keys)


def _add_named(named: dict[str, FolderConfig], folders: Sequence[FolderConfig], file: Path) -> None:
    for number, folder in enumerate(folders):
        at = f"{printable(file)}: folder[{number}]"
        path = normal_path(folder.path)
        name = folder.name or default_name(path)
        if any(path == other.path for other in named.values()):
            if file.name == RUNTIME_FILE:
                continue  # a person has written it down since, and what a person wrote holds
            raise ConfigError(f"{at}.path: {path} stands twice: remove one of the two")
        if name in named:
            raise ConfigError(
                f"{at}.name: {named[name].path} and {path} are both called {name!r}: give one of them another name"
            )
        named[name] = msgspec.structs.replace(folder, name=name, path=path)


def _add_extra(named: dict[str, FolderConfig], extra_folders: Sequence[Path]) -> None:
    """The command line has no names to give: a second folder of one name gets a number."""
    for extra in extra_folders:
        path = normal_path(os.path.abspath(extra))
        if any(path == folder.path for folder in named.values()):
            continue
        base = default_name(path)
        name = next(
            name for name in itertools.chain([base], (f"{base}-{n}" for n in itertools.count(2))) if name not in named
        )
        named[name] = FolderConfig(path=path, name=name)
