"""What devices have proved lately, in one file of the state folder, so that a start needs no trials.

An answer counts as long as the device, its driver, ffmpeg and the libraries that drivers consist of are the same. The
file is only ever a saving of time: one that is damaged, foreign or cannot be written costs nothing but the trials.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from mkv2castd.device import Gpu
from mkv2castd.encoder.process import capture
from mkv2castd.model import Identity

FILE = "proofs.json"
_FORM = 1
_SECONDS = 20.0
# Whatever of a driver lies outside the kernel comes and goes with one of these: VA-API's drivers are files in the
# folders, and what the linker knows is written anew whenever a package brings a library.
_LINKER = Path("/etc/ld.so.cache")
_VA_DRIVERS = "dri"
_LIBRARIES = Path("/usr/lib")

# The answers of one device: by the trial's question, why it did not work, or None.
Answers = Mapping[str, str | None]


class _Kept(msgspec.Struct, frozen=True):
    driver: str | None
    answers: dict[str, str | None]


class _File(msgspec.Struct, frozen=True):
    """circumstances: those of `circumstances()` under which all of it was found."""

    form: int
    circumstances: list[str]
    devices: dict[str, _Kept]


async def circumstances() -> list[str]:
    """What answers depend on besides the device and its driver in the kernel: ffmpeg, its version, the libraries.

    Raises ConfigError where ffmpeg is not installed, DeviceError where it does not answer.
    """
    answer = await capture(("ffmpeg", "-version"), timeout=_SECONDS)
    version = answer.stdout.partition(b"\n")[0].decode("utf-8", "replace")
    return [version, *installed()]


def installed() -> list[str]:
    """The part of `circumstances` that can be had without running anything. Blocking, less than a millisecond."""
    program = shutil.which("ffmpeg")
    return [*(_identity(path) for path in ([Path(program)] if program is not None else [])), *_libraries()]


def _libraries() -> Iterator[str]:
    own = (Path(one) for one in os.environ.get("LIBVA_DRIVERS_PATH", "").split(":") if one)
    for path in (_LINKER, *own, *sorted(_LIBRARIES.glob(f"*/{_VA_DRIVERS}"))):
        yield _identity(path)


def _identity(path: Path) -> str:
    try:
        found = Identity.of(path.stat())
    except OSError:
        return f"{path} none"
    return f"{path} {found.device} {found.inode} {found.size} {found.mtime_ns}"


def remembered(file: Path, now: list[str]) -> Mapping[str, _Kept]:
    """What is known by a device's id under the circumstances of `now`. Blocking."""
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError):
        return {}
    return kept.devices if kept.form == _FORM and kept.circumstances == now else {}


def answers(known: Mapping[str, _Kept], gpu: Gpu) -> Answers:
    """Those of this device with the driver that it has now."""
    kept = known.get(gpu.id)
    return kept.answers if kept is not None and kept.driver == gpu.driver_version else {}


def remember(file: Path, now: list[str], found: Mapping[Gpu, Answers]) -> None:
    """Keeps what was found beside what is still true of devices that are not there today. Blocking."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(file.parent):
            _add(file, now, found)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else writes here meanwhile: devices that are proved at different times add to one file."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _add(file: Path, now: list[str], found: Mapping[Gpu, Answers]) -> None:
    others = {device: kept for device, kept in remembered(file, now).items() if device not in {g.id for g in found}}
    fresh = {gpu.id: _Kept(gpu.driver_version, dict(answered)) for gpu, answered in found.items()}
    text = msgspec.json.format(msgspec.json.encode(_File(_FORM, now, others | fresh)), indent=1)
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        new.write_bytes(text)
        new.replace(file)
    except OSError:
        new.unlink(missing_ok=True)
