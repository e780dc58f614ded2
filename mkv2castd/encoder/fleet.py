"""The GPUs of a running daemon: found, proved in the background, watched, set aside, and proved again.

What follows from what is decided in `fitness`; here it is carried out. Nobody waits for a trial: a GPU gets work from
the moment it has proved itself, and one whose driver hangs is only ever missed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Never

from mkv2castd.boundary import contained
from mkv2castd.config import DevicesConfig
from mkv2castd.device import Device, Gpu, Station
from mkv2castd.encoder.backends import GPU_ENCODERS
from mkv2castd.encoder.circumstances import watch
from mkv2castd.encoder.devices import Prover
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.fitness import Member, seen
from mkv2castd.encoder.hotplug import listening
from mkv2castd.encoder.proving import TRIAL_SECONDS
from mkv2castd.encoder.toolbox import Toolbox
from mkv2castd.threads import in_thread

_log = logging.getLogger(__name__)
_SETTLING_SECONDS = 60.0
_LOOK_SECONDS = 20.0
# Cards come with several events each, and udev gives their nodes a group a moment later.
_DEBOUNCE_SECONDS = 2.0
# How often what nobody tells is looked at.
_TICK_SECONDS = 60.0


class Fleet:
    """find: the GPUs that there are under a configuration; may block. on_change is called after whatever changes
    `stations()` or `settling`. running: how many films a device is encoding; one that is at work is not put to a
    trial again meanwhile. cache, rows, seconds and environment are as for `prove`."""

    def __init__(
        self,
        config: DevicesConfig,
        find: Callable[[DevicesConfig], tuple[Gpu, ...]],
        cache: Path | None,
        toolbox: Toolbox,
        environment: Mapping[str, str] | None,
        on_change: Callable[[], None],
        *,
        running: Callable[[str], int] = lambda _device_id: 0,
        rows: Sequence[VideoEncoder] = GPU_ENCODERS,
        seconds: float = TRIAL_SECONDS,
    ) -> None:
        self._config = config
        self._find = find
        self._prover = Prover(cache, toolbox, environment, rows, seconds)
        self._on_change = on_change
        self._running = running
        self._members: dict[str, Member] = {}
        self._proving: set[str] = set()
        self._finding: asyncio.Task[tuple[Gpu, ...] | None] | None = None
        self._settled = False
        self._looked = asyncio.Event()
        self._wake = asyncio.Event()
        self._look_due = True
        self._debounce: asyncio.TimerHandle | None = None

    @property
    def settling(self) -> bool:
        """Whether GPUs may be about to take work that the processor should not begin: until the first trials are
        over, at most a minute, and not where there is no GPU to be tried."""
        return not self._settled

    def stations(self) -> tuple[Station, ...]:
        """One for each GPU that is known; those that have vanished come last."""
        return tuple(
            member.station(slots=self._config.slots.get(name), enabled=self._enabled(name), due=_told(member))
            for name, member in self._members.items()
        )

    async def known(self) -> None:
        """Returns once those that there are have their ids, or a look has taken as long as it may."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._looked.wait()

    def failed(self, device_id: str, reason: str) -> None:
        """A failure of the device's own; the second in a row sets it aside."""
        if (member := self._members.get(device_id)) is not None:
            fitness = member.fitness.failed(reason, _now())
            if fitness.aside is not None and member.fitness.aside is None:
                _log.warning("%s is set aside %s", member.gpu.name, fitness.aside, extra={"device": device_id})
            self._put(member.fit(fitness))

    def succeeded(self, device_id: str) -> None:
        """A film that the device has encoded makes up for its failures."""
        if (member := self._members.get(device_id)) is not None:
            self._put(member.fit(member.fitness.succeeded()))

    def crowded(self, device_id: str, running: int) -> None:
        """The device refused a further encode beside `running` others of ours; it gets no more until it is proved
        again. Where there were none it counts as a failure."""
        if running <= 0:
            self.failed(device_id, "it takes no encode, though none of ours is running on it")
        elif (member := self._members.get(device_id)) is not None:
            _log.info("%s takes no more than %d at once", member.gpu.name, running, extra={"device": device_id})
            self._put(member.fit(member.fitness.crowded(running)))

    def apply(self, config: DevicesConfig) -> None:
        """Another configuration takes effect. A device that is disabled gets no further work; what runs on it goes
        on."""
        if config != self._config:
            self._config = config
            self._on_change()
            self.look_again()

    def look_again(self) -> None:
        """Something may have come, gone or changed."""
        self._look_due = True
        self._wake.set()

    async def serve(self) -> Never:
        """Looks, proves and watches until cancelled; leaves no child behind."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen())
                group.create_task(self._settle())
                group.create_task(watch(_TICK_SECONDS, self._tick))
                while True:
                    self._wake.clear()
                    if self._look_due:
                        self._look_due = False
                        await self._look(group)
                        self._looked.set()
                    self._begin_trials(group)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._until_due()):
                            await self._wake.wait()
        finally:
            if self._debounce is not None:
                self._debounce.cancel()

    async def _look(self, group: asyncio.TaskGroup) -> None:
        """A look that hangs is waited for no longer, but no second one is sent after it."""
        if self._finding is None:
            self._finding = group.create_task(self._found())
        await asyncio.wait((self._finding,), timeout=_LOOK_SECONDS)
        if not self._finding.done():
            _log.warning("the kernel does not tell within %.0f s which GPUs there are", _LOOK_SECONDS)
            return
        finding, self._finding = self._finding, None
        gpus = finding.result()
        if gpus is None:
            return
        before, self._members = self._members, seen(self._members, gpus)
        for name, member in self._members.items():
            known = before.get(name)
            if known is not None and known.here and not member.here:
                _log.warning("%s is gone", member.gpu.name, extra={"device": name})
        if self._members != before:
            self._on_change()

    async def _found(self) -> tuple[Gpu, ...] | None:
        """None where a mistake of ours is in the way: what was known before holds on."""
        try:
            with contained("finding GPUs", LookupError("a mistake of ours"), ()):
                return await in_thread(self._find, self._config)
        except LookupError:
            return None

    def _begin_trials(self, group: asyncio.TaskGroup) -> None:
        for name, member in self._members.items():
            if self._may_try(name, member):
                self._proving.add(name)
                group.create_task(self._try(name, member))
        if not self._proving:
            self._end_settling()

    def _may_try(self, name: str, member: Member) -> bool:
        if name in self._proving or not self._enabled(name) or not member.needs_proof(_now()):
            return False
        return member.device is None or self._running(name) == 0

    async def _try(self, name: str, tried: Member) -> None:
        try:
            proved = await self._prover.prove(tried.gpu, anew=tried.believes_nothing)
            member = self._members[name]
            if member.gpu != tried.gpu:
                return  # another driver or node meanwhile: that one has to prove itself
            if isinstance(proved, str):
                self._put(member.untried(proved, _now()))
                return
            if member.device is None or member.device.problem != proved.problem:
                _tell(proved)
            self._put(member.proved(proved, _now()))
        finally:
            self._proving.discard(name)
            self._wake.set()

    def _until_due(self) -> float | None:
        """Seconds until the next trial is due; None: only an event, or the next tick, brings one about."""
        now = _now()
        times = [
            member.fitness.due - now
            for name, member in self._members.items()
            if member.here and member.fitness.due is not None and self._enabled(name) and name not in self._proving
        ]
        return min((left for left in times if left > 0), default=None)

    async def _settle(self) -> None:
        await asyncio.sleep(_SETTLING_SECONDS)
        self._end_settling()

    def _end_settling(self) -> None:
        if not self._settled:
            self._settled = True
            self._on_change()

    def _tick(self, other_software: bool, woken: bool) -> None:
        if other_software or woken:
            for member in tuple(self._members.values()):
                self._put(member.doubted(anew=woken))
        self.look_again()

    async def _listen(self) -> Never:
        async with listening(self._rung):
            while True:
                await asyncio.Event().wait()

    def _rung(self) -> None:
        if self._debounce is None:
            self._debounce = asyncio.get_running_loop().call_later(_DEBOUNCE_SECONDS, self._debounced)

    def _debounced(self) -> None:
        self._debounce = None
        self.look_again()

    def _enabled(self, device_id: str) -> bool:
        return device_id not in self._config.disabled

    def _put(self, member: Member) -> None:
        before = self._members[member.gpu.id]
        if member != before:
            self._members[member.gpu.id] = member
            self._wake.set()
            self._on_change()


def _tell(device: Device) -> None:
    if device.problem is None:
        _log.info("%s encodes, %d at once", device.gpu.name, device.slots, extra={"device": device.gpu.id})
    else:
        _log.warning("%s: %s", device.gpu.name, device.problem, extra={"device": device.gpu.id})


def _now() -> float:
    return time.monotonic()


def _told(member: Member) -> str:
    """When it is tried again, by the clock on the wall."""
    due = member.fitness.due
    if due is None or due <= _now():
        return "now"
    return time.strftime("at %H:%M", time.localtime(time.time() + due - _now()))
