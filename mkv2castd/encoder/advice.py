"""Which device would get a film, asked without a daemon."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from mkv2castd.config import DevicesConfig
from mkv2castd.encoder.device_telling import copies, processor, station_of
from mkv2castd.encoder.devices import find_devices, look
from mkv2castd.encoder.schedule import Schedule
from mkv2castd.encoder.speeds import Speeds
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.work import Place, Work


async def adviser(config: DevicesConfig, toolbox: Toolbox, proofs: Path) -> Callable[[Work | None], Place]:
    """Finds and proves the devices, then answers for any work, as an idle daemon would that has learned nothing yet.
    proofs: the file with answers of earlier trials.

    Raises ConfigError where ffmpeg is not installed, DeviceError where it does not answer.
    """
    devices = await find_devices(
        partial(look, config), disabled=config.disabled, cache=proofs, tools=await toolbox.tools()
    )
    schedule = Schedule(Speeds({}))
    for station in (
        *(station_of(device, config) for device in devices),
        processor(config.cpu_slots),
        copies(config.remux_slots),
    ):
        schedule.set_station(station)
    return lambda work: schedule.choose(work, None, 0.0)
