"""The devices of this machine, found and proved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from mkv2castd.device import Device, Gpu
from mkv2castd.encoder.backends import GPU_ENCODERS
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.proving import TRIAL_SECONDS, prove
from mkv2castd.encoder.tools import UNASKED, Tools
from mkv2castd.threads import in_thread


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
