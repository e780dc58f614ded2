"""The configuration as frozen values, and what of it holds for one job.

Keys and defaults are those of docs/configuration.md; a key exists only once it does what it says. `config_loading`
fills them from TOML files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec

from mkv2castd.config_files import RUNTIME_FILE as RUNTIME_FILE
from mkv2castd.config_files import default_files as default_files
from mkv2castd.config_files import remember as remember
from mkv2castd.config_profiles import ProfileConfig, built
from mkv2castd.encoder.playable import Profile
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.model import Container

VIDEO_GLOBS = (
    *("*.mkv", "*.mp4", "*.m4v", "*.avi", "*.mov", "*.ts", "*.m2ts", "*.webm", "*.wmv", "*.flv"),
    *("*.mpg", "*.mpeg", "*.ogm", "*.3gp", "*.vob"),
)

# TOML knows inf and numbers without end: each number has an upper bound that arithmetic can stand
_Days = Annotated[int, msgspec.Meta(ge=0, le=36500)]
_Slots = Annotated[int, msgspec.Meta(ge=1, le=64)]
_Span = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
_Period = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
OnBattery = Literal["pause", "go-on"]
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
    detect: bool = True
    nodes: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    slots: Mapping[str, _Slots] = MappingProxyType({})


class QueueConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    paused: bool = False
    hours: tuple[str, ...] = ()
    min_free_gib: _Span = 5
    retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 2
    keep_finished_days: _Days = 90
    stall_seconds: _Period = 300
    on_battery: OnBattery = "pause"


class HttpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    listen: tuple[str, ...] = ("127.0.0.1:8080",)


class DbusConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bus: Literal["auto", "system", "session", "none"] = "auto"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole configuration, validated."""

    folder: tuple[FolderConfig, ...] = ()
    profile: tuple[ProfileConfig, ...] = ()
    video: VideoConfig = VideoConfig()
    audio: AudioConfig = AudioConfig()
    devices: DevicesConfig = DevicesConfig()
    queue: QueueConfig = QueueConfig()
    http: HttpConfig = HttpConfig()
    dbus: DbusConfig = DbusConfig()

    @property
    def customs(self) -> tuple[Profile, ...]:
        """What plays on the user's own devices."""
        return tuple(built(custom) for custom in self.profile)

    def named(self, name: str) -> FolderConfig | None:
        return next((folder for folder in self.folder if folder.name == name), None)

    def require(self, name: str) -> FolderConfig:
        """Raises RequestError (no_such_folder)."""
        folder = self.named(name)
        if folder is None:
            raise RequestError(ErrorCode.NO_SUCH_FOLDER, f"there is no folder {name!r}")
        return folder

    def owner_of(self, path: Path) -> FolderConfig | None:
        """The innermost folder that `path` lies in, or None. Symbolic links are the caller's to resolve."""
        owners = [folder for folder in self.folder if path.is_relative_to(folder.root)]
        return max(owners, key=lambda folder: len(folder.root.parts), default=None)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that one job needs to know, resolved from its folder, the global tables and the job's own wishes.

    `root` is the watched folder (None outside one, as for `mkv2castd convert`); `output_root` None means beside
    the source. max_height 0: what the profile allows. customs: the user's own profiles, which `profile` may name.
    Sizes in bytes, times in seconds.
    """

    profile: tuple[str, ...] = ("chromecast",)
    customs: tuple[Profile, ...] = ()
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
        customs=config.customs,
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
