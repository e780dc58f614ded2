"""The log: lines for people that no file name can break, and journald's protocol over a real socket."""

from __future__ import annotations

import io
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mkv2castd import log
from mkv2castd.errors import ConfigError

logger = logging.getLogger("mkv2castd.tests")


@pytest.fixture(autouse=True)
def root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "journal"))
        receiver.settimeout(5)
        yield receiver


@pytest.fixture
def handler(tmp_path: Path, journal: socket.socket) -> Iterator[log.JournalHandler]:
    handler = log.JournalHandler(tmp_path / "journal")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    handler.close()


def received(journal: socket.socket) -> dict[str, bytes]:
    """One datagram, read as journald reads it."""
    data, fields = journal.recv(1 << 20), {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            length = int.from_bytes(data[:8], "little")
            value, data = data[8 : 8 + length], data[8 + length :]
            assert data[:1] == b"\n"
            data = data[1:]
        fields[name.decode()] = value
    return fields


def human(level: int = logging.INFO, *, message: str, traces: bool = False, error: Exception | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("x", level, "", 0, message, (), info)
    return log.HumanFormatter(dated=False, traces=traces).format(record)


class TestLinesForPeople:
    def test_an_ordinary_line_is_time_and_message(self) -> None:
        clock, _, text = human(message="film.mkv: completed").partition(" ")
        assert text == "film.mkv: completed"
        assert len(clock) == len("12:34:56")

    def test_anything_but_information_names_its_level(self) -> None:
        assert human(logging.WARNING, message="slow").endswith(" warning: slow")

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("a\nb", r"a\nb"),
            ("a\rb\x1b[31m", r"a\rb\x1b[31m"),
            ("caf\udce9.mkv", r"caf\xe9.mkv"),
            ("a\u2028b\u202eb", r"a\u2028b\u202eb"),
            ("\x85\x9b", r"\x85\x9b"),
            ("\ud800", r"\ud800"),
            ("Crème brûlée – 映画 🎬", "Crème brûlée – 映画 🎬"),
        ],
    )
    def test_a_name_cannot_break_the_line(self, name: str, shown: str) -> None:
        line = human(message=f"seen: {name}")
        assert line.endswith(f"seen: {shown}")
        line.encode()

    def test_an_unexpected_error_is_one_line(self) -> None:
        line = human(logging.ERROR, message="stopped", error=ValueError("odd\nvalue"))
        assert line.endswith(r"error: stopped (ValueError: odd\nvalue)")

    def test_debugging_shows_the_whole_trace_indented(self) -> None:
        try:
            raise ValueError("odd\x1b")
        except ValueError as error:
            lines = human(logging.ERROR, message="stopped", error=error, traces=True).splitlines()
        assert len(lines) > 2
        assert all(line.startswith("    ") for line in lines[1:])
        assert lines[-1].endswith(r"ValueError: odd\x1b")


class TestJournal:
    def test_a_record_carries_its_job_folder_and_device(
        self, handler: log.JournalHandler, journal: socket.socket
    ) -> None:
        logger.warning("%s: slow", "film.mkv", extra={"job_id": "j-1", "folder": "incoming", "device": "cpu"})
        assert received(journal) == {
            "MESSAGE": b"film.mkv: slow",
            "PRIORITY": b"4",
            "SYSLOG_IDENTIFIER": b"mkv2castd",
            "LOGGER": b"mkv2castd.tests",
            "MKV2CASTD_JOB_ID": b"j-1",
            "MKV2CASTD_FOLDER": b"incoming",
            "MKV2CASTD_DEVICE": b"cpu",
        }

    def test_a_message_without_a_job_has_no_such_field(
        self, handler: log.JournalHandler, journal: socket.socket
    ) -> None:
        logger.info("ready")
        fields = received(journal)
        assert not any(name.startswith("MKV2CASTD_") for name in fields)
        assert fields["PRIORITY"] == b"6"

    def test_several_lines_cannot_pass_for_a_field(self, handler: log.JournalHandler, journal: socket.socket) -> None:
        logger.error("first\nPRIORITY=0\nlast", extra={"folder": "a\nb"})
        fields = received(journal)
        assert fields["MESSAGE"] == b"first\nPRIORITY=0\nlast"
        assert fields["PRIORITY"] == b"3"
        assert fields["MKV2CASTD_FOLDER"] == b"a\nb"

    def test_a_name_that_is_not_utf_8_is_escaped(self, handler: log.JournalHandler, journal: socket.socket) -> None:
        logger.info("caf\udce9\x1b.mkv")
        assert received(journal)["MESSAGE"] == rb"caf\xe9\x1b.mkv"

    def test_a_huge_message_keeps_its_beginning_and_end(
        self, handler: log.JournalHandler, journal: socket.socket
    ) -> None:
        logger.info("start %s end", "ü" * 1_000_000, extra={"folder": "x" * 1_000_000})
        fields = received(journal)
        assert fields["MESSAGE"].startswith(b"start ")
        assert fields["MESSAGE"].endswith(b" end")
        assert b"bytes left out" in fields["MESSAGE"]
        assert len(fields["MESSAGE"]) < 33 * 1024
        fields["MESSAGE"].decode()
        assert len(fields["MKV2CASTD_FOLDER"]) < 2048

    def test_an_exception_brings_its_trace(self, handler: log.JournalHandler, journal: socket.socket) -> None:
        try:
            raise ValueError("odd")
        except ValueError:
            logger.exception("stopped")
        fields = received(journal)
        assert fields["MESSAGE"] == b"stopped"
        assert fields["MKV2CASTD_TRACE"].endswith(b"ValueError: odd")

    def test_without_a_journal_the_line_goes_to_stderr(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], handler: log.JournalHandler, journal: socket.socket
    ) -> None:
        (tmp_path / "journal").unlink()
        logger.info("still told")
        assert "still told" in capsys.readouterr().err

    def test_a_journal_that_comes_back_is_used_again(self, tmp_path: Path, handler: log.JournalHandler) -> None:
        (tmp_path / "journal").unlink()
        logger.info("lost to stderr")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as again:
            again.bind(str(tmp_path / "journal"))
            again.settimeout(5)
            logger.info("back")
            assert received(again)["MESSAGE"] == b"back"

    def test_a_journal_that_does_not_read_holds_nobody_up(
        self, handler: log.JournalHandler, journal: socket.socket, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for number in range(2000):
            logger.info("%d %s", number, "x" * 1000)
        assert "1999 " in capsys.readouterr().err

    def test_nothing_is_raised_when_stderr_is_closed_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handler: log.JournalHandler
    ) -> None:
        (tmp_path / "journal").unlink()
        closed = io.StringIO()
        closed.close()
        monkeypatch.setattr(sys, "stderr", closed)
        logger.info("to nobody")


class TestConfigure:
    def test_an_unknown_level_is_refused_with_the_allowed_ones(self) -> None:
        with pytest.raises(ConfigError, match="debug, info, warning, error"):
            log.configure("loud")

    def test_lines_below_the_level_are_left_out(self) -> None:
        told = subprocess.run(
            [sys.executable, "-c", PROGRAM, "warning"], capture_output=True, text=True, check=True, timeout=90
        )
        assert "quiet" not in told.stderr
        assert "loud" in told.stderr

    def test_configuring_twice_writes_each_line_once(self) -> None:
        told = subprocess.run(
            [sys.executable, "-c", PROGRAM, "info", "info"], capture_output=True, text=True, check=True, timeout=90
        )
        assert told.stderr.count("quiet") == 1

    def test_under_systemd_the_journal_gets_the_record_and_stderr_nothing(
        self, tmp_path: Path, journal: socket.socket
    ) -> None:
        stderr = tmp_path / "stderr"
        with stderr.open("wb") as stream:
            stat = os.fstat(stream.fileno())
            subprocess.run(
                [sys.executable, "-c", PROGRAM, "info"],
                env={
                    **os.environ,
                    "JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}",
                    "JOURNAL": str(tmp_path / "journal"),
                },
                stderr=stream,
                check=True,
                timeout=90,
            )
        assert received(journal)["MESSAGE"] == b"quiet"
        assert stderr.read_bytes() == b""

    def test_a_redirected_stderr_is_not_taken_for_the_journal(self) -> None:
        assert not log.goes_to_journal({"JOURNAL_STREAM": "1:1"})
        assert not log.goes_to_journal({})
        assert not log.goes_to_journal({"JOURNAL_STREAM": "1:1"}, descriptor=-1)


PROGRAM = """
import logging, os, sys
from pathlib import Path
from mkv2castd import log
for level in sys.argv[1:]:
    log.configure(level, Path(os.environ.get("JOURNAL", "/nowhere")))
logging.getLogger("x").info("quiet")
logging.getLogger("x").warning("loud")
"""
