"""Configuration: TOML files → frozen values. Every error names the file, the key and what is allowed.

Keys and defaults are those of docs/configuration.md; a key exists only once it does what it says. Files are read
in order and later ones win; `[[folder]]` tables add up. A file that a person wrote is never rewritten: what is
changed at run time goes to `runtime.toml` in the state folder, which is read last.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import tomli_w

from mkv2castd.config_errors import explain
from mkv2castd.errors import ConfigError
from mkv2castd.model import Container

RUNTIME_FILE = "runtime.toml"
VIDEO_GLOBS = (
    *("*.mkv", "*.mp4", "*.m4v", "*.avi", "*.mov", "*.ts", "*.m2ts", "*.webm", "*.wmv", "*.flv"),
    *("*.mpg", "*.mpeg", "*.ogm", "*.3gp", "*.vob"),
)

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Slots = Annotated[int, msgspec.Meta(ge=1, le=64)]
_Seconds = Annotated[float, msgspec.Meta(ge=0)]
Quality = Literal["fast", "balanced", "high"]
SourcePolicy = Literal["keep", "trash", "replace"]


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
    poll_seconds: Annotated[float, msgspec.Meta(gt=0)] = 30
    rescan_minutes: _Seconds = 60
    settle_seconds: _Seconds = 10
    source: SourcePolicy = "keep"
    keep_trash_days: _Count = 30
    hardlinks: bool = False
    priority: Annotated[int, msgspec.Meta(ge=-100, le=100)] = 0
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
    max_height: _Count = 0


class AudioConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bitrate_kbps: Annotated[int, msgspec.Meta(ge=32, le=512)] = 192


class DevicesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cpu_slots: _Slots = 1
    remux_slots: _Slots = 2


class QueueConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    paused: bool = False
    min_free_gib: Annotated[float, msgspec.Meta(ge=0)] = 5
    retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 2
    keep_finished_days: _Count = 90
    stall_seconds: Annotated[float, msgspec.Meta(gt=0)] = 300


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
        min_free_bytes=int(config.queue.min_free_gib * 2**30),
        stall_seconds=config.queue.stall_seconds,
    )


def default_files() -> list[Path]:
    """The configuration files of this user, in reading order; those that exist.

    root and the service user read /etc/mkv2castd, anyone else $XDG_CONFIG_HOME/mkv2castd (interfaces,
    "Configuration").
    """
    base = Path("/etc/mkv2castd")
    if os.geteuid() != 0 and "STATE_DIRECTORY" not in os.environ:
        xdg = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        base = Path(xdg) / "mkv2castd"
    return [file for file in (base / "config.toml", *sorted(base.glob("conf.d/*.toml"))) if file.exists()]


def load(files: Iterable[Path], known_profiles: Collection[str], extra_folders: Sequence[Path] = ()) -> Config:
    """Reads, merges and validates. `extra_folders` are watched with default settings unless a file names them.

    Raises ConfigError: unreadable or malformed file, unknown key, wrong type or impossible value.
    """
    merged: dict[str, Any] = {}
    for file in files:
        raw = _read(file)
        _convert(raw, file, known_profiles)
        _merge(merged, raw)
    named = {folder["path"] for folder in merged.get("folder", ())}
    for path in extra_folders:
        absolute = os.path.abspath(path)
        if absolute not in named:
            named.add(absolute)
            merged.setdefault("folder", []).append({"path": absolute})
    config = _convert(merged, Path("configuration"), known_profiles)
    return msgspec.structs.replace(config, folder=_with_names(config.folder))


def remember(state_dir: Path, table: str, key: str, value: Any) -> None:
    """Writes one run-time change to `runtime.toml`, atomically. Raises OSError."""
    file = state_dir / RUNTIME_FILE
    raw = _read(file) if file.exists() else {}
    raw.setdefault(table, {})[key] = value
    fresh = file.with_suffix(".toml.new")
    with fresh.open("wb") as stream:
        tomli_w.dump(raw, stream)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: is not TOML: {error}") from error


def _convert(raw: dict[str, Any], file: Path, known_profiles: Collection[str]) -> Config:
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {explain(error, Config)}") from error
    for number, folder in enumerate(config.folder):
        _check_folder(folder, f"{file}: folder[{number}]", known_profiles)
    return config


def _check_folder(folder: FolderConfig, where: str, known_profiles: Collection[str]) -> None:
    for key, value in (("path", folder.path), ("output", folder.output)):
        if value and not os.path.isabs(value):
            raise ConfigError(f"{where}.{key}: {value!r} is not absolute: it must begin with /")
    if not folder.path:
        raise ConfigError(f"{where}.path: is empty: name the folder to watch")
    if "/" in folder.suffix or "\0" in folder.suffix:
        raise ConfigError(f"{where}.suffix: {folder.suffix!r} must be part of a file name, without /")
    if "/" in folder.name:
        raise ConfigError(f"{where}.name: {folder.name!r} must not contain /")
    for profile in folder.profile:
        if profile not in known_profiles:
            allowed = ", ".join(sorted(known_profiles))
            raise ConfigError(f"{where}.profile: no such profile {profile!r}; allowed: {allowed}")


def _merge(into: dict[str, Any], raw: dict[str, Any]) -> None:
    for key, value in raw.items():
        if isinstance(value, dict):
            into.setdefault(key, {}).update(value)
        elif isinstance(value, list):
            into.setdefault(key, []).extend(value)
        else:
            into[key] = value


def _with_names(folders: Sequence[FolderConfig]) -> tuple[FolderConfig, ...]:
    named: dict[str, FolderConfig] = {}
    for folder in folders:
        name = folder.name or folder.root.name or "root"
        path = os.path.normpath(folder.path)
        if name in named:
            raise ConfigError(
                f"folder: {named[name].path} and {path} are both called {name!r}: give one of them a name of its own"
            )
        if any(path == other.path for other in named.values()):
            raise ConfigError(f"folder: {path} stands twice: remove one of the two")
        named[name] = msgspec.structs.replace(folder, name=name, path=path)
    return tuple(named.values())
