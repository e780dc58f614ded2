"""The GPUs as a journey meets them: what they can do for a job, and what is remembered of how they did it."""

from __future__ import annotations

from mkv2castd.device import CPU, REMUX, alone
from mkv2castd.encoder.fleet import Fleet
from mkv2castd.encoder.ladder import rungs
from mkv2castd.encoder.speeds import Speeds
from mkv2castd.encoder.targets import ON_CPU, Means
from mkv2castd.encoder.turns import Turn
from mkv2castd.store import Store

# Shorter ones tell how long ffmpeg takes to start.
_LEAST_SECONDS = 5.0


class Crew:
    def __init__(self, fleet: Fleet, speeds: Speeds, store: Store) -> None:
        self._fleet = fleet
        self._speeds = speeds
        self._store = store

    def rungs(self, device_id: str, turn: Turn) -> tuple[Means, ...]:
        """Empty where the device cannot do it (any more)."""
        if turn.work is None or device_id in (CPU, REMUX):
            return (ON_CPU,)
        there = self._fleet.stations()
        station = next((station for station in there if station.id == device_id), None)
        if station is None or station.device is None:
            return ()
        return rungs(turn.work.shape, station.device, alone=alone(there))

    def failed(self, device_id: str, reason: str) -> None:
        self._fleet.failed(device_id, reason)

    def crowded(self, device_id: str, running: int) -> None:
        self._fleet.crowded(device_id, running)

    async def succeeded(self, device_id: str, turn: Turn, seconds: float | None) -> None:
        """Remembers how fast it was, where that tells anything."""
        if device_id not in (CPU, REMUX):
            self._fleet.succeeded(device_id)
        work = turn.work
        if work is None or work.seconds is None or seconds is None or seconds < _LEAST_SECONDS:
            return
        kind = work.shape.kind
        seen = self._speeds.learn(device_id, kind, work.megapixels / seconds)
        await self._store.write(lambda ledger: ledger.save_speed(device_id, kind, seen.speed, seen.count))
