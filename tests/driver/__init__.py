"""Graphics cards without graphics cards: a libva driver whose encoder is libx264, built here, and used by ffmpeg.

Each device is a file that serves as its render node, with files beside it that tell how it behaves (switches.h).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent
NAME = "mkv2castd"  # libva looks for NAME_drv_video.so
PACKAGES = "gcc libc6-dev pkg-config libva-dev libx264-dev libdrm-dev"
_LIBRARIES = ("libva", "x264", "libdrm")
_OPTIONS = ("-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread")


@dataclass(frozen=True)
class Driver:
    """The built driver: `environment` is what ffmpeg needs to find it instead of a real one."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LIBVA_DRIVER_NAME": NAME,
            "LIBVA_DRIVERS_PATH": str(self.folder),
            "LD_PRELOAD": str(self.folder / "preload.so"),
        }


@dataclass(frozen=True)
class Node:
    """A device of the driver, by its render node."""

    path: Path

    def behave(self, **switches: int) -> None:
        """How it behaves from its next opening on; nothing: well."""
        lines = [f"{name}={value}\n" for name, value in switches.items()]
        self._beside("switches").write_text("".join(lines))

    def vanish(self) -> None:
        """From now on all that is asked of it fails, whoever has it open."""
        self._beside("gone").touch()

    def come_back(self) -> None:
        self._beside("gone").unlink()

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{ending}")


def node(folder: Path, name: str = "renderD128", **switches: int) -> Node:
    """A new device that behaves as `switches` say."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Node(folder / name)
    made.path.touch()
    made.behave(**switches)
    return made


def build(cache: Path) -> Driver:
    """The driver for the sources and libraries as they are now, from `cache` where it is there already.

    Raises RuntimeError, with what is to be installed, where it cannot be built.
    """
    flags = _pkg_config("--cflags", "--libs", *_LIBRARIES)
    versions = _pkg_config("--modversion", *_LIBRARIES)
    told = hashlib.sha256(" ".join((*_OPTIONS, *flags, *versions)).encode())
    for source in sorted(SOURCES.glob("*.[ch]")):
        told.update(source.read_bytes())
    folder = cache / told.hexdigest()[:16]
    if not folder.exists():
        fresh = cache / f"{folder.name}.{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        parts = sorted(str(source) for source in SOURCES.glob("*.c") if source.stem != "preload")
        _run("gcc", *_OPTIONS, "-o", str(fresh / f"{NAME}_drv_video.so"), *parts, *flags)
        _run("gcc", *_OPTIONS, "-o", str(fresh / "preload.so"), str(SOURCES / "preload.c"), *flags)
        try:
            fresh.rename(folder)
        except OSError:  # somebody else was quicker
            shutil.rmtree(fresh)
    return Driver(folder)


def _pkg_config(*arguments: str) -> list[str]:
    return _run("pkg-config", *arguments).split()


def _run(*argv: str) -> str:
    try:
        return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=90).stdout
    except FileNotFoundError as error:
        raise RuntimeError(f"the test driver needs {argv[0]}: apt-get install {PACKAGES}") from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(
            f"the test driver cannot be built (apt-get install {PACKAGES}?): {error.stderr}"
        ) from error
