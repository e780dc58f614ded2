"""Runs the program over many films at once, as `mkv2castd convert --json` does, and reads what it says."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mkv2castd.config import Config, DevicesConfig, QueueConfig, VideoConfig
from mkv2castd.convert import Order, convert_all
from mkv2castd.model import Container
from tests.matrix.checker import Wanted

_ENDS = ("completed", "failed", "cancelled")
# Two at a time; nothing is tried twice, since a second try that succeeds would hide the first one's failure.
_CONFIG = Config(
    video=VideoConfig(quality="fast"),
    devices=DevicesConfig(cpu_slots=2, remux_slots=2, detect=False),
    queue=QueueConfig(min_free_gib=0, retries=0),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a film. end: "made" (output is where it lies), "left" (as it is) or "refused" (code: why)."""

    end: str
    said: str
    output: Path | None = None
    code: str | None = None


def convert(films: Sequence[Path], wanted: Wanted, output: Path) -> Mapping[str, Outcome]:
    """File name → outcome, for each of `films`; what is made goes to the folder `output`."""
    assert wanted.container is not None, "an output has a container"
    order = Order(tuple(films), (wanted.devices, Container(wanted.container)), output)
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        asyncio.run(convert_all(_CONFIG, order, proofs=output.with_name("proofs.json"), as_json=True))
    ended: dict[str, Outcome] = {}
    names: dict[str, str] = {}
    for line in told.getvalue().splitlines():
        message = json.loads(line)
        if "path" in message:
            ended[Path(message["path"]).name] = Outcome("refused", message["message"], code=message["error"])
            continue
        if message["type"] == "status":
            names[message["job_id"]] = message["filename"]
        if message["type"] in ("status", "error") and message["status"] in _ENDS:
            ended[names[message["job_id"]]] = _outcome(message, output)
    return ended


def _outcome(message: Mapping[str, Any], output: Path) -> Outcome:
    if message["status"] != "completed":
        said = "\n".join(str(part) for part in (message.get("message"), message.get("details")) if part)
        return Outcome("refused", said, code=message["error"])
    if message["skipped"]:
        return Outcome("left", message["reason"])
    return Outcome("made", "", output / message["output_filename"])
