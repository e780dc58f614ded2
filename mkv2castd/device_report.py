"""`mkv2castd devices`: the GPUs that were found, what each has just encoded, or why it did not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mkv2castd.api.encoder_views import EncoderView, encoder_view
from mkv2castd.config import DevicesConfig
from mkv2castd.device import Gpu
from mkv2castd.encoder.backends import GPU_ENCODERS
from mkv2castd.encoder.device_telling import facts, processor, station_of
from mkv2castd.encoder.devices import find_devices
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.toolbox import Toolbox


async def show_devices(
    config: DevicesConfig,
    find: Callable[[], tuple[Gpu, ...]],
    *,
    as_json: bool,
    rows: Sequence[VideoEncoder] = GPU_ENCODERS,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Tries all devices anew and prints what came of it: who asks may just have mended one.

    Raises ConfigError where ffmpeg is not installed, DeviceError where it does not answer at all.
    """
    disabled = frozenset(config.disabled)
    tools = await Toolbox().tools()
    devices = await find_devices(find, disabled=disabled, rows=rows, tools=tools, environment=environment)
    stations = [station_of(device, config) for device in devices]
    views = [encoder_view(facts(station, tools)) for station in (*stations, processor(config.cpu_slots))]
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(views), indent=2).decode() + "\n")
    else:
        _print(views)


def _print(views: Sequence[EncoderView]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("id", no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("driver", no_wrap=True)
    table.add_column("at once", justify="right", no_wrap=True)
    table.add_column("encodes", overflow="fold")
    for view in views:
        encodes = Text(", ".join(view.encoders).replace("-10bit", " 10-bit"))
        if not view.enabled:
            encodes = Text("disabled", style="yellow")
        elif not view.healthy:
            encodes = Text("nothing", style="red")
        at_once = str(view.slots) if view.enabled and view.slots > 0 else ""
        table.add_row(view.id, view.name, view.driver if view.driver is not None else "", at_once, encodes)
    console.print(table)
    for view in views:
        if view.problem is not None:
            console.print(Text.assemble(("✗", "red"), f" {view.id}: {view.problem}"))
    if not any(view.kind == "gpu" for view in views):
        console.print("No GPU was found: pictures are encoded on the processor.")
