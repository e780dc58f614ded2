"""Which device would get a film, asked without a daemon."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from mkv2castd.config import DevicesConfig
from mkv2castd.encoder.device_telling import copies, processor, station_of
from mkv2castd.encoder.devices import find_devices, look
from mkv2castd.encoder.schedule import Schedule
from mkv2castd.encoder.speeds import Speeds
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.work import Place, Work


class Adviser:
    """Answers as an idle daemon would that has learned nothing yet. proofs: the file with earlier trials' answers."""

    def __init__(self, config: DevicesConfig, toolbox: Toolbox, proofs: Path) -> None:
        self._config = config
        self._toolbox = toolbox
        self._proofs = proofs
        self._schedule = Schedule(Speeds({}))
        self._schedule.set_station(processor(config.cpu_slots))
        self._schedule.set_station(copies(config.remux_slots))
        self._asking = asyncio.Lock()
        self._asked = False

    async def choose(self, work: Work | None) -> Place:
        """The GPUs are found and proved once the first film is there that one of them could encode.

        Raises ConfigError where ffmpeg is not installed, DeviceError where it does not answer.
        """
        async with self._asking:
            if work is not None and not self._asked:
                await self._find()
                self._asked = True
        return self._schedule.choose(work, None, 0.0)

    async def _find(self) -> None:
        config, tools = self._config, await self._toolbox.tools()
        find = partial(look, config)
        for device in await find_devices(find, disabled=config.disabled, cache=self._proofs, tools=tools):
            self._schedule.set_station(station_of(device, config))
