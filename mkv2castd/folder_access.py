"""`mkv2castd folder-access`: opens media folders to the confined service, and closes them again.

Needs root and systemd. What has been done is told line by line.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mkv2castd import drop_in
from mkv2castd.errors import ConfigError, ErrorCode, RequestError
from mkv2castd.model import printable

USER = "mkv2castd"
UNIT = "mkv2castd.service"
DROP_IN = Path("/etc/systemd/system") / f"{UNIT}.d" / "50-folders.conf"
STATE = Path("/var/lib/mkv2castd")
_UNITS = (Path("/etc/systemd/system"), Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))
_BOOTED = Path("/run/systemd/system")  # sd_booted(3)
_SECONDS = 60.0
# half a minute to stop, and a quarter of an hour to start, as service.py asks for it
_RESTART_SECONDS = 960.0


@dataclass(frozen=True, slots=True)
class Wish:
    """remove: closes them instead. restart: lets it take effect at once; a film that is being encoded begins anew."""

    paths: tuple[Path, ...]
    remove: bool = False
    restart: bool = True


def change(wish: Wish, file: Path = DROP_IN) -> list[str]:
    """Writes the drop-in and has systemd read it; returns what was done, one sentence a line.

    Raises RequestError: not root, no folder, one that belongs to the system, one that was not opened; ConfigError
    where systemd cannot be told.
    """
    if os.geteuid() != 0:
        raise RequestError(ErrorCode.NOT_AUTHORIZED, "only root can change what the service may write: use sudo")
    before = opened(file)
    if not wish.remove:
        _require_plain(wish.paths)
    paths = [Path(os.path.realpath(path)) for path in wish.paths]
    after = _without(before, paths) if wish.remove else _with(before, paths)
    if set(after) == set(before) and not _is_unread():
        return ["nothing to do: these folders are open to the service already", *_problems(after)]
    _write(file, after)
    done = [f"{'closed' if wish.remove else 'opened'}: {printable(path)}" for path in paths]
    done.append(f"written: {file}" if after else f"removed: {file}")
    done += _tell_systemd(wish.restart)
    return done if wish.remove else [*done, *_problems(paths)]


def _require_plain(paths: Iterable[Path]) -> None:
    """Raises RequestError (invalid_path) for what lies behind a link in a home: the service sees nothing of homes but
    the folders that are opened, and so not the link."""
    for path in paths:
        given, real = Path(os.path.abspath(path)), Path(os.path.realpath(path))
        if given != real and drop_in.in_home(given):
            told = f"{printable(given)} is a link that the service does not see: name {printable(real)}, here and in"
            raise RequestError(ErrorCode.INVALID_PATH, f"{told} the configuration")


def is_installed() -> bool:
    """Is the service there?"""
    return any((folder / UNIT).exists() for folder in _UNITS)


def opened(file: Path = DROP_IN) -> tuple[Path, ...]:
    """The folders that are open to the service. Raises ConfigError when that cannot be read."""
    try:
        return drop_in.read(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}: move it away, and open the folders again") from error


def _with(before: Iterable[Path], paths: Sequence[Path]) -> tuple[Path, ...]:
    for path in paths:
        if (why := drop_in.refused(path)) is not None:
            raise RequestError(ErrorCode.INVALID_PATH, why)
        try:
            there = path.is_dir()
        except OSError as error:
            told = f"{printable(path)}: cannot be looked at: {error.strerror}: mend its mount first"
            raise RequestError(ErrorCode.INVALID_PATH, told) from error
        if not there:
            raise RequestError(
                ErrorCode.INVALID_PATH, f"{printable(path)}: is no folder: create it or mount it first"
            )
    return (*before, *paths)


def _without(before: Sequence[Path], paths: Sequence[Path]) -> tuple[Path, ...]:
    for path in paths:
        if path not in before:
            known = ", ".join(map(printable, before)) or "none"
            raise RequestError(ErrorCode.NO_SUCH_FOLDER, f"{printable(path)}: was not opened; opened are: {known}")
    return tuple(path for path in before if path not in paths)


def _write(file: Path, paths: Sequence[Path]) -> None:
    try:
        if not paths:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(drop_in.write(paths), encoding="utf-8")
        fresh.chmod(0o644)
        fresh.replace(file)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from error


def _tell_systemd(restart: bool) -> list[str]:
    if not _BOOTED.is_dir():
        return ["systemd does not run here: this takes effect once it does"]
    _systemctl("daemon-reload")
    if _said("is-active", UNIT) == "inactive":
        return ["systemd has read it; the service is not running now"]
    if not restart:
        return [f"takes effect with the next start: systemctl restart {UNIT}"]
    # many folders may be opened one by one: that is no crash that repeats itself
    _said("reset-failed", UNIT)
    _systemctl("restart", UNIT)
    return ["the service has been restarted with it"]


def _is_unread() -> bool:
    """Has systemd not read the drop-in as it is now?"""
    return _said("show", "--property=NeedDaemonReload", "--value", UNIT) == "yes"


def _said(*arguments: str) -> str:
    """What systemctl says to this, whether it succeeds or not."""
    try:
        ended = subprocess.run(
            ["systemctl", *arguments], capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.strip()


def _systemctl(*arguments: str) -> None:
    try:
        ended = subprocess.run(
            ["systemctl", *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_RESTART_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"systemctl {' '.join(arguments)}: {error}") from error
    if ended.returncode != 0:
        raise ConfigError(f"systemctl {' '.join(arguments)} failed", ended.stderr)


def _problems(paths: Iterable[Path]) -> list[str]:
    """Being let through by systemd is one thing, the folder's own permissions another."""
    return [
        f"but the user {USER} may not write to {printable(path)}: {grant(path)}" for path in paths if is_denied(path)
    ]


def grant(path: Path) -> str:
    """The command that gives the service's user the permissions that it needs in a folder."""
    return f"setfacl -R -m u:{USER}:rwX -m d:u:{USER}:rwX {shlex.quote(str(path))}"


def is_denied(path: Path) -> bool:
    """Does the service's user lack the permission to write there? False also where that cannot be found out."""
    become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--"]
    try:
        user_is_there = subprocess.run([*become, "true"], capture_output=True, timeout=_SECONDS, check=False)
        if user_is_there.returncode != 0:
            return False
        # from within: folders above it, as a home, may be closed to that user, and are none of the service's business
        asked = [*become, "test", "-w", ".", "-a", "-x", "."]
        return subprocess.run(asked, cwd=path, capture_output=True, timeout=_SECONDS, check=False).returncode != 0
    except (OSError, subprocess.TimeoutExpired):
        return False
