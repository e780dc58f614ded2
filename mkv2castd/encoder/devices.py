"""The devices of this machine, found and proved."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from mkv2castd.boundary import contained
from mkv2castd.config import DevicesConfig
from mkv2castd.device import Device, Gpu
from mkv2castd.encoder.backends import GPU_ENCODERS
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.gpus import gpus
from mkv2castd.encoder.proving import TRIAL_SECONDS, prove
from mkv2castd.encoder.sysfs import read_machine
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.encoder.tools import UNASKED, Tools
from mkv2castd.errors import DeviceError, ErrorCode, Mkv2castdError
from mkv2castd.threads import in_thread

_log = logging.getLogger(__name__)


def look(config: DevicesConfig) -> tuple[Gpu, ...]:
    """The GPUs of this machine, or those that the configuration restricts it to. Blocking, some milliseconds."""
    return gpus(read_machine(nodes=[Path(node) for node in config.nodes], detect=config.detect))


async def find_devices(
    find: Callable[[], tuple[Gpu, ...]],
    *,
    disabled: Collection[str] = (),
    cache: Path | None = None,
    rows: Sequence[VideoEncoder] = GPU_ENCODERS,
    tools: Tools = UNASKED,
    seconds: float = TRIAL_SECONDS,
    environment: Mapping[str, str] | None = None,
) -> tuple[Device, ...]:
    """All that `find` finds, in its order; those whose ids are `disabled` without a trial.

    find may block. cache, rows, tools, seconds and environment are as for `prove`, which raises what is raised here.
    """
    gpus = await in_thread(find)
    wanted = [gpu for gpu in gpus if gpu.id not in disabled]
    proved: tuple[Device, ...] = ()
    if wanted:
        proved = await prove(wanted, cache=cache, rows=rows, tools=tools, seconds=seconds, environment=environment)
    by_id = {device.gpu.id: device for device in proved}
    return tuple(by_id.get(gpu.id, Device(gpu)) for gpu in gpus)


class Prover:
    """With what the devices of a running daemon are proved, which nothing of this may end. cache, environment, rows
    and seconds are as for `prove`."""

    def __init__(
        self,
        cache: Path | None,
        toolbox: Toolbox,
        environment: Mapping[str, str] | None,
        rows: Sequence[VideoEncoder],
        seconds: float,
    ) -> None:
        self._cache = cache
        self._toolbox = toolbox
        self._environment = environment
        self._rows = rows
        self._seconds = seconds

    async def prove(self, gpu: Gpu, *, anew: bool) -> Device | str:
        """The device, or why it could not be tried; that is logged as well. anew: without believing the cache."""
        known = (Mkv2castdError, OSError)
        mistake = DeviceError(ErrorCode.INTERNAL_ERROR, "a mistake of ours; the log tells more")
        try:
            with contained(f"proving {gpu.id}", mistake, known, device=gpu.id):
                (device,) = await prove(
                    [gpu],
                    cache=self._cache,
                    rows=self._rows,
                    tools=await self._toolbox.tools(),
                    seconds=self._seconds,
                    environment=self._environment,
                    anew=anew,
                )
                return device
        except known as error:
            obstacle = error.message if isinstance(error, Mkv2castdError) else str(error)
            _log.error(
                "%s cannot be proved, and will be tried again: %s", gpu.name, obstacle, extra={"device": gpu.id}
            )
            return obstacle
