"""Asking the kernel for writers, with real files."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mkv2castd.model import Identity
from mkv2castd.watch.lease import look
from mkv2castd.watch.settle import Writer


def _writer(path: Path) -> Writer | None:
    seen = look(os.fsencode(path))
    return seen[1] if seen is not None else None


def test_a_file_that_nobody_writes(tmp_path: Path) -> None:
    film = tmp_path / "a.mkv"
    film.write_bytes(b"film")
    with film.open("rb"):
        assert look(os.fsencode(film)) == (Identity.of(film.stat()), Writer.NONE)


def test_a_writer_in_this_or_another_process_is_seen(tmp_path: Path) -> None:
    film = tmp_path / "a.mkv"
    with film.open("wb"):
        assert _writer(film) is Writer.ACTIVE
    assert _writer(film) is Writer.NONE
    script = f"f = open({str(film)!r}, 'ab'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        assert _writer(film) is Writer.ACTIVE
        other.communicate("\n", timeout=10)
    assert _writer(film) is Writer.NONE


def test_a_writable_mapping_counts_as_a_writer(tmp_path: Path) -> None:
    film = tmp_path / "a.mkv"
    film.write_bytes(bytes(4096))
    descriptor = os.open(film, os.O_RDWR)
    mapping = mmap.mmap(descriptor, 4096)
    os.close(descriptor)
    assert _writer(film) is Writer.ACTIVE
    mapping.close()
    assert _writer(film) is Writer.NONE


def test_what_is_no_regular_file_is_none_and_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mkv")
    (tmp_path / "folder.mkv").mkdir()
    (tmp_path / "real.mkv").write_bytes(b"film")
    (tmp_path / "link.mkv").symlink_to(tmp_path / "real.mkv")
    for name in ("fifo.mkv", "folder.mkv", "link.mkv", "absent.mkv", "real.mkv/below.mkv"):
        assert look(os.fsencode(tmp_path / name)) is None


def test_where_it_is_not_to_be_asked_the_writer_is_unknown(tmp_path: Path) -> None:
    film = tmp_path / "a.mkv"
    film.write_bytes(b"film")
    assert look(os.fsencode(film), ask=False) == (Identity.of(film.stat()), Writer.UNKNOWN)


def test_a_file_of_somebody_else_is_unknown_without_the_capability() -> None:
    path = Path("/bin/sh").resolve()
    if os.getuid() != 0:
        assert _writer(path) is Writer.UNKNOWN
        return
    script = (
        "import os; from mkv2castd.watch.lease import look; os.setuid(65534); "
        f"print(look({os.fsencode(path)!r})[1].name)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=90, check=True)
    assert ended.stdout == "UNKNOWN\n"


@pytest.mark.parametrize("rounds", [2000])
def test_writers_that_open_the_file_meanwhile_neither_fail_nor_end_the_process(tmp_path: Path, rounds: int) -> None:
    film = tmp_path / "a.mkv"
    film.write_bytes(b"film")
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            look(os.fsencode(film))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(rounds):
            os.close(os.open(film, os.O_WRONLY))
    finally:
        stop.set()
        asking.join(10)
    assert not asking.is_alive()
