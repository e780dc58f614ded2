"""Results on stdout, messages on stderr. On a terminal tables are coloured and wrapped; elsewhere they are plain, one
line a row, and never cut."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TextIO

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from mkv2castd.api.wire import encode
from mkv2castd.ctl_tables import STYLES, Table
from mkv2castd.ctl_text import safe

_PLAIN_WIDTH = 1_000_000  # columns; wider than anything that is shown
_UNSPELLED = re.compile("[\x7f-\x9f]")  # control characters that JSON may leave as they are


def console(stream: TextIO) -> Console:
    """For a terminal as it is; for a file or a pipe so wide that nothing is cut or wrapped."""
    plain = Console(file=stream, highlight=False, markup=False, emoji=False)
    if plain.is_terminal:
        return plain
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=_PLAIN_WIDTH)


def show(table: Table) -> None:
    out = console(sys.stdout)
    if table.rows:
        with out.capture() as captured:
            out.print(_rich(table))
        for line in captured.get().splitlines():
            sys.stdout.write(line.rstrip() + "\n")
    for note in table.notes:
        say(note)


def say(line: str, *, at_once: bool = False) -> None:
    """A line of the result; wrapped on a terminal only. at_once: whoever reads our output has use for it before we
    end."""
    sys.stdout.write(f"{line}\n")
    if at_once:
        sys.stdout.flush()


def say_json(value: Struct | Sequence[Struct]) -> None:
    """For programs: readable, whole, and without anything that a terminal would obey."""
    text = msgspec.json.format(encode(value), indent=2).decode()
    sys.stdout.write(_spelled(text) + "\n")


def say_json_line(value: Struct) -> None:
    sys.stdout.write(_spelled(encode(value).decode()) + "\n")
    sys.stdout.flush()


def complain(message: str) -> None:
    """On stderr; what the daemon or a file's name puts into it is made safe here."""
    sys.stderr.write(f"mkv2castctl: {safe(message, lines=True)}\n")
    sys.stderr.flush()


def _rich(table: Table) -> RichTable:
    heads = table.heads
    made = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=heads is not None)
    width = len(table.rows[0])
    for number in range(width):
        made.add_column(
            heads[number] if heads is not None else "",
            justify="right" if number in table.right else "left",
            no_wrap=number == 0,
            overflow="fold",
        )
    for row in table.rows:
        made.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    return made


def _spelled(text: str) -> str:
    return _UNSPELLED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
