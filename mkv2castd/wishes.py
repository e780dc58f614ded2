"""What a caller may ask for: films in watched folders, profiles and priorities that exist."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from io import FileIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from mkv2castd.config import Config, FolderConfig, Settings
from mkv2castd.encoder.profiles import combine, require_fillable
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.model import Identity, Job, printable
from mkv2castd.queries import DeviceFacts
from mkv2castd.readers import Reader as Reader
from mkv2castd.readers import open_for
from mkv2castd.threads import in_thread_within

LOOK_SECONDS = 10.0
_PATH_MAX = 4096  # bytes, the NUL at its end included
P = ParamSpec("P")
T = TypeVar("T")


def film_at(path: Path, config: Config, reader: Reader | None = None) -> tuple[FolderConfig, Path, Identity]:
    """The film's folder, its path as the folder's watcher tells it, and its identity; blocks on the file system.

    Raises RequestError (invalid_path) unless it is a regular file that lies, symbolic links resolved, in a watched
    folder: nobody may have other files read by the daemon. reader: is told no more of what lies elsewhere than they
    could have found out themselves; None: somebody who may know.
    """
    try:
        return _watched(path, config)
    except RequestError:
        if reader is not None:
            readable_at(path, reader).close()
        raise


def readable_at(path: Path, reader: Reader) -> FileIO:
    """A regular file anywhere that the reader could read themselves, as `open_for` has it; the caller closes it.
    Blocks on the file system. Raises RequestError (invalid_path)."""
    shown = _checked(path)
    try:
        return open_for(reader, path)
    except (OSError, ValueError) as error:
        told = f"{shown}: {_why(error)} (for you), and it is no film in a watched folder"
        raise RequestError(ErrorCode.INVALID_PATH, told) from error


def _watched(path: Path, config: Config) -> tuple[FolderConfig, Path, Identity]:
    shown = _checked(path)
    try:
        found = path.lstat()
    except (OSError, ValueError) as error:
        raise RequestError(ErrorCode.INVALID_PATH, f"{shown}: {_why(error)}") from error
    if not stat.S_ISREG(found.st_mode):
        raise RequestError(ErrorCode.INVALID_PATH, f"{shown}: is not a regular file")
    real = Path(os.path.realpath(path))
    roots = [(folder, Path(os.path.realpath(folder.root))) for folder in config.folder]
    owners = [(folder, root) for folder, root in roots if real.is_relative_to(root)]
    if not owners:
        raise RequestError(ErrorCode.INVALID_PATH, f"{shown}: lies in no watched folder")
    folder, root = max(owners, key=lambda owner: len(owner[1].parts))
    return folder, folder.root / real.relative_to(root), Identity.of(found)


def _checked(path: Path) -> str:
    """The path as it is shown. Raises RequestError (invalid_path) for what the kernel would not even look at."""
    if len(os.fsencode(path)) >= _PATH_MAX:
        raise RequestError(ErrorCode.INVALID_PATH, f"the path is longer than {_PATH_MAX - 1} bytes")
    shown = printable(path)
    if not path.is_absolute():
        raise RequestError(ErrorCode.INVALID_PATH, f"{shown}: the path must be absolute")
    return shown


async def film_within(
    path: Path, config: Config, reader: Reader | None = None
) -> tuple[FolderConfig, Path, Identity]:
    """As `film_at`. Raises RequestError (invalid_path) also where its storage does not answer in time."""
    return await _in_time(path, film_at, path, config, reader)


async def readable_within(path: Path, reader: Reader) -> FileIO:
    """As `readable_at`, likewise."""
    return await _in_time(path, readable_at, path, reader)


async def _in_time(path: Path, look: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    try:
        return await in_thread_within(LOOK_SECONDS, look, *arguments, **options)
    except TimeoutError:
        raise RequestError(ErrorCode.INVALID_PATH, f"{printable(path)}: its storage does not answer") from None


def _why(error: OSError | ValueError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "is no path"


def same_wish(live: Job, wish: Job) -> Job:
    wanted = (wish.profile, wish.container)
    if wanted != (None, None) and wanted != (live.profile, live.container):
        raise RequestError(
            ErrorCode.INVALID_STATE, f"the film is being worked on as job {live.id}: cancel that first"
        )
    return live


def check_profile(profile: tuple[str, ...] | None, config: Config) -> None:
    """Raises RequestError (invalid_argument), naming those that there are."""
    if profile is not None:
        combine(profile, config.customs)


def check_devices(settings: Settings) -> None:
    """Raises RequestError (invalid_argument) where no film can be made for these devices in this container."""
    require_fillable(combine(settings.profile, settings.customs), settings.container.value)


def check_priority(priority: int | None) -> None:
    if priority is not None and not -100 <= priority <= 100:
        raise RequestError(ErrorCode.INVALID_ARGUMENT, f"priority: {priority} is not within -100 … 100")


def check_switch(device_id: str, devices: Iterable[DeviceFacts]) -> None:
    """Raises RequestError where this device cannot be enabled or disabled: no_such_device, or invalid_state for the
    processor and the lane of copies."""
    if require_device(device_id, devices).kind != "gpu":
        raise RequestError(
            ErrorCode.INVALID_STATE, f"{device_id!r} cannot be switched off or on: what no GPU can do is done there"
        )


def require_device(device_id: str, devices: Iterable[DeviceFacts]) -> DeviceFacts:
    """Raises RequestError (no_such_device): it is not known, or was and is gone."""
    known = {device.id: device for device in devices}
    if device_id not in known:
        raise RequestError(
            ErrorCode.NO_SUCH_DEVICE, f"there is no device {device_id!r}: there are {', '.join(known)}"
        )
    return known[device_id]


def check_pin(device_id: str, devices: Iterable[DeviceFacts]) -> None:
    """Raises RequestError (no_such_device) where a film is asked for on a device that encodes no pictures here."""
    known = [device.id for device in devices if device.kind != "remux"]
    if device_id not in known:
        raise RequestError(
            ErrorCode.NO_SUCH_DEVICE, f"there is no device {device_id!r}: there are {', '.join(known)}"
        )
