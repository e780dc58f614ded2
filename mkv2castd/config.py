"""Configuration: TOML files → frozen values. Every error names the file, the key and what is allowed.

Keys and defaults are those of docs/configuration.md; a key exists only once it does what it says. Files are read
in order and later ones win; `[[folder]]` tables add up. A file that a person wrote is never rewritten: what is
changed at run time goes to `runtime.toml` in the state folder, which is read last.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from mkv2castd.config_checks import (
    default_name,
    height_fault,
    language_fault,
    listen_address,
    name_fault,
    normal_path,
    path_fault,
    profile_fault,
    suffix_fault,
)
from mkv2castd.config_errors import explain
from mkv2castd.config_files import RUNTIME_FILE as RUNTIME_FILE
from mkv2castd.config_files import default_files as default_files
from mkv2castd.config_files import read
from mkv2castd.config_files import remember as remember
from mkv2castd.errors import ConfigError
from mkv2castd.model import Container, printable

VIDEO_GLOBS = (
    *("*.mkv", "*.mp4", "*.m4v", "*.avi", "*.mov", "*.ts", "*.m2ts", "*.webm", "*.wmv", "*.flv"),
    *("*.mpg", "*.mpeg", "*.ogm", "*.3gp", "*.vob"),
)

# TOML knows inf and numbers without end: each number has an upper bound that arithmetic can stand
_Days = Annotated[int, msgspec.Meta(ge=0, le=36500)]
_Slots = Annotated[int, msgspec.Meta(ge=1, le=64)]
_Span = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
_Period = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
Quality = Literal["fast", "balanced", "high"]
SourcePolicy = Literal["keep", "trash", "replace"]
Subtitles = Literal["sidecar", "embed", "burn", "none"]
Surround = Literal["drop", "after", "only"]
Loudnorm = Literal["off", "ebu-r128"]
Passthrough = Literal["ac3", "eac3", "dts", "truehd"]


class FolderConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[folder]]`. `path` is absolute; `name` is empty until `load` has given it its default."""

    path: str
    name: str = ""
    output: str = ""
    profile: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("chromecast",)
    container: Container = Container.MKV
    suffix: str = "_chromecast"
    recursive: bool = True
    include: tuple[str, ...] = VIDEO_GLOBS
    exclude: tuple[str, ...] = ()
    watch: Literal["auto", "inotify", "poll"] = "auto"
    poll_seconds: _Period = 30
    rescan_minutes: _Span = 60
    settle_seconds: _Span = 10
    source: SourcePolicy = "keep"
    keep_trash_days: _Days = 30
    hardlinks: bool = False
    priority: Annotated[int, msgspec.Meta(ge=-100, le=100)] = 0
    subtitles: Subtitles = "sidecar"
    burn_forced_only: bool = False
    accept_damaged: bool = False

    @property
    def root(self) -> Path:
        return Path(self.path)

    @property
    def output_root(self) -> Path | None:
        """Where outputs go, with the tree below `root` kept; None: beside each source."""
        return Path(self.output) if self.output else None


class VideoConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    quality: Quality = "balanced"
    max_height: Annotated[int, msgspec.Meta(ge=0, le=4320)] = 0


class AudioConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    languages: tuple[str, ...] = ()
    surround: Surround = "after"
    bitrate_kbps: Annotated[int, msgspec.Meta(ge=32, le=512)] = 192
    passthrough: tuple[Passthrough, ...] = ()
    loudness: Loudnorm = "off"


class DevicesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cpu_slots: _Slots = 1
    remux_slots: _Slots = 2


class QueueConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    paused: bool = False
    min_free_gib: _Span = 5
    retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 2
    keep_finished_days: _Days = 90
    stall_seconds: _Period = 300


class HttpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    listen: tuple[str, ...] = ("127.0.0.1:8080",)


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole configuration, validated."""

    folder: tuple[FolderConfig, ...] = ()
    video: VideoConfig = VideoConfig()
    audio: AudioConfig = AudioConfig()
    devices: DevicesConfig = DevicesConfig()
    queue: QueueConfig = QueueConfig()
    http: HttpConfig = HttpConfig()

    def named(self, name: str) -> FolderConfig | None:
        return next((folder for folder in self.folder if folder.name == name), None)

    def owner_of(self, path: Path) -> FolderConfig | None:
        """The innermost folder that `path` lies in, or None. Symbolic links are the caller's to resolve."""
        owners = [folder for folder in self.folder if path.is_relative_to(folder.root)]
        return max(owners, key=lambda folder: len(folder.root.parts), default=None)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that one job needs to know, resolved from its folder, the global tables and the job's own wishes.

    `root` is the watched folder (None outside one, as for `mkv2castd convert`); `output_root` None means beside
    the source. max_height 0: what the profile allows. Sizes in bytes, times in seconds.
    """

    profile: tuple[str, ...] = ("chromecast",)
    container: Container = Container.MKV
    suffix: str = "_chromecast"
    root: Path | None = None
    output_root: Path | None = None
    source_policy: SourcePolicy = "keep"
    hardlinks: bool = False
    accept_damaged: bool = False
    quality: Quality = "balanced"
    max_height: int = 0
    audio_bitrate_kbps: int = 192
    subtitles: Subtitles = "sidecar"
    burn_forced_only: bool = False
    languages: tuple[str, ...] = ()
    surround: Surround = "after"
    passthrough: tuple[Passthrough, ...] = ()
    loudness: Loudnorm = "off"
    min_free_bytes: int = 5 * 2**30
    stall_seconds: float = 300


def settings_for(
    config: Config,
    folder: FolderConfig | None,
    profile: tuple[str, ...] | None = None,
    container: Container | None = None,
) -> Settings:
    """What holds for one job: the folder's keys, unless the job brings a profile or container of its own."""
    base = folder if folder is not None else FolderConfig(path="/")
    return Settings(
        profile=profile if profile is not None else base.profile,
        container=container if container is not None else base.container,
        suffix=base.suffix,
        root=folder.root if folder is not None else None,
        output_root=base.output_root,
        source_policy=base.source,
        hardlinks=base.hardlinks,
        accept_damaged=base.accept_damaged,
        quality=config.video.quality,
        max_height=config.video.max_height,
        audio_bitrate_kbps=config.audio.bitrate_kbps,
        subtitles=base.subtitles,
        burn_forced_only=base.burn_forced_only,
        languages=config.audio.languages,
        surround=config.audio.surround,
        passthrough=config.audio.passthrough,
        loudness=config.audio.loudness,
        min_free_bytes=int(config.queue.min_free_gib * 2**30),
        stall_seconds=config.queue.stall_seconds,
    )


def load(files: Iterable[Path], known_profiles: Collection[str], extra_folders: Sequence[Path] = ()) -> Config:
    """Reads, merges and validates. `extra_folders` are watched with default settings unless a file names them.

    Raises ConfigError: unreadable or malformed file, unknown key, wrong type or impossible value.
    """
    merged: dict[str, Any] = {}
    folders: dict[str, FolderConfig] = {}
    for file in files:
        raw = read(file)
        config = _convert(raw, file, known_profiles)
        _add_named(folders, config.folder, file)
        _merge(merged, {key: value for key, value in raw.items() if key != "folder"})
    _add_extra(folders, extra_folders)
    return msgspec.structs.replace(msgspec.convert(merged, Config), folder=tuple(folders.values()))


def _convert(raw: dict[str, Any], file: Path, known_profiles: Collection[str]) -> Config:
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{printable(file)}: {explain(error, Config)}") from error
    for key, fault in _faults(config, known_profiles):
        raise ConfigError(f"{printable(file)}: {key}: {fault}")
    return config


def _faults(config: Config, known_profiles: Collection[str]) -> Iterator[tuple[str, str]]:
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
        checked += [(f"{at}.profile", profile_fault(name, known_profiles)) for name in folder.profile]
    for number, code in enumerate(config.audio.languages):
        checked.append((f"audio.languages[{number}]", language_fault(code)))
    for number, address in enumerate(config.http.listen):
        try:
            listen_address(address)
        except ValueError as error:
            checked.append((f"http.listen[{number}]", str(error)))
    return ((key, fault) for key, fault in checked if fault is not None)


def _merge(into: dict[str, Any], raw: dict[str, Any]) -> None:
    for table, keys in raw.items():
        into.setdefault(table, {}).update(keys)


def _add_named(named: dict[str, FolderConfig], folders: Sequence[FolderConfig], file: Path) -> None:
    for number, folder in enumerate(folders):
        at = f"{printable(file)}: folder[{number}]"
        path = normal_path(folder.path)
        name = folder.name or default_name(path)
        if any(path == other.path for other in named.values()):
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
