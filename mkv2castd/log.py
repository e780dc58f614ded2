"""Logging: short lines for people, journald's own protocol under systemd.

A record may carry `extra={"job_id": …, "folder": …, "device": …}`; under systemd these become fields to filter by
(`journalctl MKV2CASTD_JOB_ID=…`). Nothing here ever raises because of where the log goes.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from mkv2castd.errors import ConfigError

LEVELS = ("debug", "info", "warning", "error")
JOURNAL_SOCKET = Path("/run/systemd/journal/socket")
NAME = "mkv2castd"

# journald refuses a datagram larger than the socket's send buffer (208 KiB as Linux comes), so that each of the
# fields below stays far under it
_LONG_BYTES = 32 * 1024
_SHORT_BYTES = 1024
# syslog(3)
_PRIORITIES: Mapping[int, int] = MappingProxyType(
    {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
)
_FIELDS: Mapping[str, str] = MappingProxyType(
    {"job_id": "MKV2CASTD_JOB_ID", "folder": "MKV2CASTD_FOLDER", "device": "MKV2CASTD_DEVICE"}
)
# controls, line and paragraph separators, what turns the writing direction, lone surrogates
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSAFE_IN_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def escape(text: str) -> str:
    """The text as one line that no terminal and no reader can be misled by: file names come from anybody."""
    return _UNSAFE.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    number = ord(match[0])
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a name that is not UTF-8
        return f"\\x{number - 0xDC00:02x}"
    return match[0].encode("unicode_escape", "surrogatepass").decode("ascii")


class HumanFormatter(logging.Formatter):
    """One line a record. `dated`: with the date; `traces`: an exception's whole trace, indented, below it."""

    def __init__(self, dated: bool, traces: bool) -> None:
        super().__init__(datefmt="%Y-%m-%d %H:%M:%S" if dated else "%H:%M:%S")
        self._traces = traces

    def format(self, record: logging.LogRecord) -> str:
        text = escape(record.getMessage())
        if record.levelno != logging.INFO:
            text = f"{record.levelname.lower()}: {text}"
        line = f"{self.formatTime(record, self.datefmt)} {text}"
        if record.exc_info is None or record.exc_info[1] is None:
            return line
        if not self._traces:
            error = record.exc_info[1]
            return f"{line} ({escape(f'{type(error).__name__}: {error}')})"
        trace = self.formatException(record.exc_info).splitlines()
        return "\n".join([line, *(f"    {escape(part)}" for part in trace)])


class JournalHandler(logging.Handler):
    """Sends each record as one datagram of journald's native protocol (systemd.io, JOURNAL_NATIVE_PROTOCOL).

    What cannot be sent, because journald is away or does not keep up, is written to stderr instead.
    """

    def __init__(self, path: Path = JOURNAL_SOCKET) -> None:
        super().__init__()
        self._path = os.fspath(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._fallback = HumanFormatter(dated=False, traces=True)

    def emit(self, record: logging.LogRecord) -> None:
        datagram = b"".join(_framed(name, value) for name, value in _journal_fields(record))
        try:
            self._socket.sendto(datagram, socket.MSG_DONTWAIT, self._path)
        except OSError:
            self._write_to_stderr(record)

    def _write_to_stderr(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self._fallback.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # closed as well: there is nobody left to tell
            return

    def close(self) -> None:
        self._socket.close()
        super().close()


def _journal_fields(record: logging.LogRecord) -> Iterator[tuple[str, bytes]]:
    yield "MESSAGE", _bounded(record.getMessage(), _LONG_BYTES)
    yield "PRIORITY", str(_PRIORITIES.get(record.levelno, 6)).encode()
    yield "SYSLOG_IDENTIFIER", NAME.encode()
    yield "LOGGER", _bounded(record.name, _SHORT_BYTES)
    for attribute, field in _FIELDS.items():
        value = getattr(record, attribute, None)
        if value is not None:
            yield field, _bounded(str(value), _SHORT_BYTES)
    if record.exc_info is not None and record.exc_info[1] is not None:
        trace = logging.Formatter().formatException(record.exc_info)
        yield "MKV2CASTD_TRACE", _bounded(trace, _LONG_BYTES)


def _bounded(text: str, limit: int) -> bytes:
    """UTF-8 of at most about `limit` bytes: the beginning and, where ffmpeg says what went wrong, the end."""
    raw = _UNSAFE_IN_LINES.sub(_visible, text).encode()
    if len(raw) <= limit:
        return raw
    half = limit // 2
    cut = f" … {len(raw) - 2 * half} bytes left out … "
    return (raw[:half].decode("utf-8", "ignore") + cut + raw[-half:].decode("utf-8", "ignore")).encode()


def _framed(name: str, value: bytes) -> bytes:
    """A value of several lines is sent with its length, so that no line of it can pass for a field."""
    if b"\n" in value:
        return name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


def goes_to_journal(environment: Mapping[str, str], descriptor: int = 2) -> bool:
    """Is stderr the journal's? JOURNAL_STREAM names its device and inode (systemd.exec(5)); a program whose
    stderr was redirected inherits the variable too, so both are compared."""
    stream = environment.get("JOURNAL_STREAM", "")
    try:
        stat = os.fstat(descriptor)
    except OSError:
        return False
    return stream == f"{stat.st_dev}:{stat.st_ino}"


def configure(level: str, journal: Path = JOURNAL_SOCKET) -> None:
    """Sends everything that is logged from `level` on to where this process's log belongs; may be called again.

    Raises ConfigError for a level that is none of LEVELS.
    """
    if level not in LEVELS:
        raise ConfigError(f"log level {level!r}: allowed: {', '.join(LEVELS)}")
    handler: logging.Handler
    if goes_to_journal(os.environ):
        handler = JournalHandler(journal)
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(HumanFormatter(dated=not sys.stderr.isatty(), traces=level == "debug"))
    handler.set_name(NAME)
    root = logging.getLogger()
    for old in [old for old in root.handlers if old.name == NAME]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    # these tell of every request and every change of a file: for us, that is debugging
    for chatty in ("aiohttp.access", "watchfiles"):
        logging.getLogger(chatty).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
