"""`python -m tests.gpu`: see `scripts/test-gpu --help`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from mkv2castd.device import Device, Gpu
from mkv2castd.encoder.backends import GPU_ENCODERS
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.gpus import gpus
from mkv2castd.encoder.proving import prove
from mkv2castd.encoder.sysfs import read_machine
from mkv2castd.encoder.targets import Means
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.errors import Mkv2castdError
from tests.gpu import telling
from tests.gpu.cases import CODECS, Case, cases
from tests.gpu.films import SIZE
from tests.gpu.host import host, numbers, secrets
from tests.gpu.trying import Failed, Studio, opened_with

SECONDS = 6.0
Write = Callable[[str], None]


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        machine = read_machine(nodes=[Path(node).absolute() for node in options.node])
        return asyncio.run(self_test(gpus(machine), numbers(machine), seconds=options.seconds))
    except Mkv2castdError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    except KeyboardInterrupt:
        return 130


async def self_test(
    found: Sequence[Gpu],
    pci: Mapping[str, str],
    *,
    seconds: float = SECONDS,
    size: tuple[int, int] = SIZE,
    rows: Sequence[VideoEncoder] = GPU_ENCODERS,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Writes the report to stdout, line by line as it is known; 0 or 1. Raises Mkv2castdError without ffmpeg."""
    own = environment if environment is not None else {}
    with tempfile.TemporaryDirectory(prefix="mkv2castd-self-test-", ignore_cleanup_errors=True) as folder:
        hidden = secrets(Path(folder), found)

        def write(line: str) -> None:
            print(hidden.hide(line), flush=True)

        _all(write, telling.heading(await host()))
        _all(write, telling.found(found, pci))
        tools = await Toolbox(own).tools()
        devices = [await _prove(gpu, write, rows, own) for gpu in found]
        studio = Studio(Path(folder), tools, seconds=seconds, size=size, environment=own)
        usable = [device for device in devices if any(device.can_encode(codec) for codec in CODECS)]
        claims, failures = ({device.gpu.id: 0 for device in devices} for _ in range(2))
        for device in usable:
            for case in cases(device, size):
                tried, failed = await _try(case, device, studio, write, alone=len(found) == 1)
                claims[device.gpu.id] += tried
                failures[device.gpu.id] += failed
        _all(write, telling.verdict(claims, failures))
        write(telling.SEND)
    return 0 if telling.passed(claims, failures) else 1


async def _prove(gpu: Gpu, write: Write, rows: Sequence[VideoEncoder], environment: Mapping[str, str]) -> Device:
    """Alone, so that the time is its own."""
    began = time.monotonic()
    (device,) = await prove([gpu], rows=rows, tools=await Toolbox(environment).tools(), environment=environment)
    took = time.monotonic() - began
    _all(write, telling.proved(device, took, await opened_with(device, environment)))
    return device


async def _try(case: Case, device: Device, studio: Studio, write: Write, *, alone: bool) -> tuple[int, int]:
    """How many ways there were to convert it on the device, and how many of them failed."""
    depth = ", 10 bits" if case.deep else ""
    write(f"  {device.gpu.id}, {case.codec}{depth}: {case.title}")
    try:
        ready = await studio.ready(case, device, alone=alone)
    except Mkv2castdError as error:
        # the device is not to blame
        _all(write, telling.left_out(error.message, error.details or ""))
        return 0, 0
    if isinstance(ready, Failed):
        _all(write, telling.left_out(ready.what))
        return 0, 0
    film, ways = ready
    failed = 0
    for means in ways:
        made = await studio.convert(film, means)
        failed += isinstance(made, Failed)
        _all(write, telling.result(_called(means), made))
    _all(write, telling.result("the processor", await studio.by_processor(film)))
    write("")
    return len(ways), failed


def _called(means: Means) -> str:
    return f"{means.backend.value}, {'decoded and encoded' if means.decode else 'encoded only'}"


def _all(write: Write, lines: Iterable[str]) -> None:
    for line in lines:
        write(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/test-gpu",
        description="Tests this machine's graphics cards with films that it makes itself, and prints a report.",
        epilog="Takes some minutes a card. Exit code: 0 when a card encodes and all that the cards claim works, else "
        "1. TMPDIR needs 2 GB.",
    )
    parser.add_argument(
        "--node",
        action="append",
        default=[],
        metavar="PATH",
        help="a render node that is not found by itself, as in some containers; may be given several times",
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=SECONDS, metavar="N", help=f"how long each film is (default {SECONDS:g})"
    )
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 59:
        raise argparse.ArgumentTypeError("allowed: 1 to 59")
    return seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
