"""A Debian with a systemd of its own, booted in a container over a tree that stays as it is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNIT = "mkv2castd.service"
# The tests' own says where their buses are.
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_HIERARCHY = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
_PROBE_SECONDS = 60.0
_BOOT_SECONDS = 100.0


@dataclass(frozen=True)
class Packages:
    """The version that is installed first, and the one that it is upgraded to."""

    first: Path
    newer: Path


@dataclass(frozen=True)
class Machine:
    """root: its file system, as it lies here. leader: the process that is its systemd."""

    root: Path
    leader: int

    def run(
        self, *argv: str, user: str | None = None, check: bool = True, timeout: float = 90
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in it, as root or another user; with `check`, a failure fails the test and tells why."""
        become = ["runuser", "-u", user, "--"] if user is not None else []
        ended = subprocess.run(
            ["nsenter", "-t", str(self.leader), "-a", *become, *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=_ENVIRONMENT,
        )
        assert not check or ended.returncode == 0, f"{' '.join(argv)}: {ended.stdout}{ended.stderr}"
        return ended

    def says(self, *argv: str, user: str | None = None) -> str:
        return self.run(*argv, user=user).stdout.strip()

    def path(self, inside: str) -> Path:
        return self.root / inside.lstrip("/")

    def write(self, inside: str, text: str) -> None:
        self.path(inside).parent.mkdir(parents=True, exist_ok=True)
        self.path(inside).write_text(text)

    # The service

    def systemctl(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("systemctl", *words, check=check)

    def show(self, name: str, unit: str = UNIT) -> str:
        return self.says("systemctl", "show", "--value", "-p", name, unit)

    def journal(self, unit: str = UNIT) -> str:
        return self.says("journalctl", "--no-pager", "-o", "cat", "-u", unit)

    def starts(self) -> int:
        """How often the service has been started, as systemd tells it."""
        return sum(line.startswith("Starting ") for line in self.journal().splitlines())

    def socket_state(self) -> tuple[str, str]:
        return self.show("ActiveState", "mkv2castd.socket"), self.show("UnitFileState", "mkv2castd.socket")

    def main_pid(self) -> int:
        return int(self.show("MainPID"))

    def ask(self, path: str) -> Any:
        """What the daemon answers over HTTP."""
        script = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=20).read().decode())"
        return json.loads(self.says("python3", "-c", script, f"http://127.0.0.1:8080{path}"))

    def job(self, filename: str) -> dict[str, Any] | None:
        jobs: list[dict[str, Any]] = self.ask("/api/jobs/?page_size=100")["results"]
        return next((job for job in jobs if job["filename"] == filename), None)

    def encodes(self) -> list[int]:
        """The numbers of the conversions that are under way, as the machine counts them."""
        found = self.run("pgrep", "-x", "-u", "mkv2castd", "ffmpeg", check=False).stdout.split()
        return [int(pid) for pid in found if "-progress" in self._argv(pid)]

    def _argv(self, pid: str) -> str:
        return self.run("cat", f"/proc/{pid}/cmdline", check=False).stdout


def until(holds: Callable[[], Any], seconds: float = 60, what: str = "") -> Any:
    """Waits for something that nobody tells; fails when it does not come about."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, what or "did not happen in time"
        time.sleep(0.1)
    return found


def refused(tree: Path) -> str | None:
    """Why no container can be begun here, found out with the least that one can do; None: it can, and whatever fails
    from then on is a fault."""
    assert (tree / "bin/true").exists(), f"{tree} is no tree of a Debian"
    try:
        ended = subprocess.run(
            (
                *("systemd-nspawn", "--quiet", f"--directory={tree}", "--read-only", "--private-network"),
                *(
                    "--resolv-conf=off",
                    "--timezone=off",
                    "--register=no",
                    "--keep-unit",
                    "--console=pipe",
                    f"--machine=mkv2castd-probe-{os.getpid()}",
                ),
                "/bin/true",
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_SECONDS,
            check=False,
            env={**os.environ, **_HIERARCHY},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if ended.returncode == 0:
        return None
    return ended.stderr.strip() or f"systemd-nspawn ended with {ended.returncode}"


@contextmanager
def booted(tree: Path, work: Path) -> Iterator[Machine]:
    """The tree, booted; what is changed in it goes to `work`."""
    root = _layer(tree, work)
    try:
        with (work / "console").open("wb") as console:
            nspawn = subprocess.Popen(
                (
                    *("systemd-nspawn", "--quiet", f"--directory={root}", "--private-network", "--register=no"),
                    *("--keep-unit", "--console=pipe", f"--machine=mkv2castd-{os.getpid()}", "--boot"),
                ),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                env={**os.environ, **_HIERARCHY},
            )
        try:
            machine = _await_boot(root, nspawn, work / "console")
            yield machine
            machine.run("systemctl", "poweroff", check=False)
            nspawn.wait(30)
        finally:
            if nspawn.poll() is None:
                nspawn.send_signal(signal.SIGKILL)
                nspawn.wait(10)
    finally:
        subprocess.run(["umount", "-l", root], check=False, capture_output=True)


def _layer(tree: Path, work: Path) -> Path:
    """The tree with a layer above it that takes the changes; a copy where there are no such layers."""
    root, upper, inner = work / "root", work / "upper", work / "inner"
    for folder in (root, upper, inner):
        folder.mkdir(parents=True)
    options = f"lowerdir={tree},upperdir={upper},workdir={inner}"
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", options, root], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        shutil.rmtree(root)
        subprocess.run(["cp", "-a", "--reflink=auto", tree, root], check=True)
    return root


def _await_boot(root: Path, nspawn: subprocess.Popen[bytes], console: Path) -> Machine:
    end = time.monotonic() + _BOOT_SECONDS
    state = "no answer"
    while time.monotonic() < end:
        if nspawn.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended: {console.read_text(errors='replace')[-2000:]}")
        # looked for anew each time: before its systemd there are helpers, which end
        for child in Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children").read_text().split():
            machine = Machine(root, int(child))
            state = machine.run("systemctl", "is-system-running", check=False).stdout.strip() or state
            if state in ("running", "degraded"):
                return machine
        time.sleep(0.1)
    raise AssertionError(f"systemd did not come up ({state}): {console.read_text(errors='replace')[-2000:]}")
