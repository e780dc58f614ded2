"""One daemon per state folder."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mkv2castd.errors import ConfigError
from mkv2castd.lock import state_folder


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state"
    with state_folder(state):
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        assert (state / "logs").is_dir()
        assert (state / "lock").read_text() == f"{os.getpid()}\n"


def test_a_second_one_is_refused_and_told_which_is_at_work_until_that_has_ended(tmp_path: Path) -> None:
    refused = pytest.raises(ConfigError, match=rf"process {os.getpid()}\b.*--state-dir")
    with state_folder(tmp_path), refused, state_folder(tmp_path):
        pass
    with state_folder(tmp_path):
        pass


def test_a_kill_gives_the_lock_back(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from mkv2castd.lock import state_folder
with state_folder(Path({str(tmp_path)!r})):
    print("locked", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(ConfigError, match=str(other.pid)), state_folder(tmp_path):
            pass
        other.kill()
        other.wait(10)
        with state_folder(tmp_path):
            pass


def test_a_folder_that_cannot_be_is_said_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="--state-dir"), state_folder(tmp_path / "file" / "state"):
        pass


def test_a_file_system_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_here(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none_here)
    with pytest.raises(ConfigError, match="--state-dir"), state_folder(tmp_path):
        pass
