"""A thousand films on one to eight devices, by the schedule, against what no schedule can beat and two simpler ways.

All of it is simulated (world.py, simulation.py): only decisions are real, and the time that they take.
"""

from __future__ import annotations

import asyncio
import time

from benchmarks.bound import lower_bound
from benchmarks.figures import Figure
from benchmarks.simulation import Assigned, Scheduled, SharedQueue, Trouble, run
from benchmarks.world import FOLDERS, Film, World, world
from mkv2castd.device import CPU
from mkv2castd.encoder.speeds import guess

FILMS, MOST_DEVICES = 1000, 8
# One attempt in so many dies half way, and a card is out for an hour.
FAILING = 0.03
QUEUED, TAKEN = 100_000, 2_000


async def measure() -> list[Figure]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Figure]:
    rows = [_row(devices) for devices in range(1, MOST_DEVICES + 1)]
    return [
        _figure("1,000 films to the bound", [row["plain"] for row in rows], 1.05),
        _figure("with 3 % failures and a card out for an hour", [row["failing"] for row in rows], 1.15),
        _figure("coming over four fifths of the time that they take", [row["arriving"] for row in rows], None),
        _figure("one shared queue instead", [row["shared"] for row in rows], None),
        _figure("each film to the next device in turn", [row["in turn"] for row in rows], None),
        _figure("each film given away once by nominal speed", [row["nominal"] for row in rows], None),
        *_decisions(),
    ]


def _figure(what: str, ratios: list[float], aim: float | None) -> Figure:
    told = ", ".join(f"{number}: {one:.3f}" for number, one in enumerate(ratios, 1))
    return Figure(
        f"{what}, worst of 1 to {MOST_DEVICES} devices", max(ratios), "×", aim, f"by number of devices: {told}"
    )


def _row(devices: int) -> dict[str, float]:
    house = world(FILMS, devices, 0)
    bound = lower_bound(house)
    coming = world(FILMS, devices, 0, arriving=0.8 * bound / 3600)
    return {
        "plain": run(house, Scheduled()) / bound,
        "failing": run(house, Scheduled(), Trouble(FAILING, bound / 4), 1) / bound,
        "arriving": run(coming, Scheduled()) / lower_bound(coming),
        "shared": run(house, SharedQueue(house)) / bound,
        "in turn": run(house, Assigned(house)) / bound,
        "nominal": run(house, Assigned(house, _nominal)) / bound,
    }


def _nominal(device: str, film: Film) -> float:
    assert film.turn.work is not None
    return film.turn.work.megapixels / guess(film.turn.work.shape.kind, processor=device == CPU)


def _decisions() -> list[Figure]:
    house = world(QUEUED, MOST_DEVICES, 0)
    rules = Scheduled()
    for station in house.stations:
        rules.set_station(station)
    began = time.perf_counter()
    for film in house.films:
        rules.put(film.turn, 0.0)
    putting = (time.perf_counter() - began) / QUEUED
    taking = _taking(house, rules, ())
    blocked = _taking(house, rules, FOLDERS[:1])
    return [
        Figure("placing a film, up to 100,000 queued on 8 devices", putting * 1e6, "µs", 50),
        Figure("choosing the next one among 100,000", taking * 1e6, "µs", 50),
        Figure("the same with one of three folders away", blocked * 1e6, "µs", 50),
    ]


def _taking(house: World, rules: Scheduled, blocked: tuple[str, ...]) -> float:
    began, now = time.perf_counter(), 0.0
    for number in range(TAKEN):
        now += 10.0
        turn = rules.take(house.stations[number % len(house.stations)].id, blocked, now)
        if turn is not None:
            rules.release(turn.job_id)
    return (time.perf_counter() - began) / TAKEN
