"""What people read on a terminal: findings and analyses; and the same analyses as JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mkv2castd.api import render
from mkv2castd.config import Config, settings_for
from mkv2castd.encoder.advice import Adviser
from mkv2castd.encoder.analyze import analyze_file
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.errors import SURFACES, Mkv2castdError
from mkv2castd.finding import Finding
from mkv2castd.model import Action, Analysis, Container, printable

_MARKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}
)
_ACTIONS: Mapping[Action, str] = MappingProxyType(
    {Action.COPY: "green", Action.TRANSCODE: "yellow", Action.CONVERT: "cyan", Action.DROP: "red"}
)


def print_findings(found: Sequence[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in found:
        mark, colour = _MARKS[finding.level]
        line = Text.assemble((mark, colour), " ", finding.what)
        if finding.remedy is not None:
            line.append(f" → {finding.remedy}", style="bold")
        console.print(line)


async def analyze_all(
    config: Config,
    wishes: tuple[tuple[str, ...] | None, Container | None],
    files: Sequence[Path],
    *,
    proofs: Path,
    as_json: bool,
) -> int:
    """Prints each file's analysis; the highest exit code that any of them earned. proofs: the file in which is kept
    what devices have proved."""
    code = 0
    console = Console(highlight=False)
    toolbox = Toolbox()
    adviser = Adviser(config.devices, toolbox, proofs)
    for file in files:
        settings = settings_for(config, config.owner_of(file.absolute()), *wishes)
        try:
            analysis = await analyze_file(file.absolute(), settings, adviser.choose, toolbox=toolbox)
        except Mkv2castdError as error:
            code = max(code, SURFACES[error.code].exit)
            if as_json:
                _print_json({"path": printable(file), "error": error.code.value, "message": error.message})
            else:
                sys.stderr.write(f"mkv2castd: {error.message}\n")
            continue
        if as_json:
            _print_json({"path": printable(file)} | msgspec.to_builtins(render.analysis_view(analysis)))
        else:
            _print_analysis(console, file, analysis)
    return code


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def _print_analysis(console: Console, file: Path, analysis: Analysis) -> None:
    verdict = f"nothing to do: {analysis.skip}" if analysis.skip is not None else f"→ {analysis.container.value}"
    console.print(Text(f"{printable(file)}: {verdict}", style="bold"), soft_wrap=True)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for stream in analysis.streams:
        name = f"  #{stream.index} {stream.kind.value}" + (f" ({stream.language})" if stream.language else "")
        codec = stream.codec if stream.codec is not None else "unknown"
        action = Text(stream.action.value, style=_ACTIONS[stream.action])
        if stream.target_codec is not None:
            action.append(f" → {stream.target_codec}")
        table.add_row(name, codec, action, Text(stream.reason))
    console.print(table)
    if analysis.lane is not None:
        console.print(Text(f"  on {analysis.lane}: {analysis.lane_reason}"), soft_wrap=True)
    _print_devices(console, analysis)


def _print_devices(console: Console, analysis: Analysis) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for device in analysis.devices:
        mark, colour = _MARKS["ok" if device.plays else "problem"]
        why = "plays as it is" if device.plays else "; ".join(device.reasons)
        table.add_row(Text(f"  {mark}", style=colour), device.id, Text(why))
    console.print(table)
