"""A thousand films on one to eight devices, by the schedule, against what no schedule can beat and two simpler ways.

All of it is simulated (world.py, simulation.py): only decisions are real, and the time that they take.
"""

from __future__ import annotations

import asyncio
import time
from statistics import mean

from benchmarks.bound import lower_bound
from benchmarks.figures import Figure
from benchmarks.simulation import Assigned, Scheduled, SharedQueue, Trouble, run
from benchmarks.world import FOLDERS, Film, World, world
from mkv2castd.device import CPU
from mkv2castd.encoder.speeds import guess

FILMS, MOST_DEVICES = 1000, 8
# One house may be lucky with its last film: so many are worked through, each with films and devices of its own.
HOUSES = 5
# One attempt in so many dies half way, and a card is out for an hour.
FAILING = 0.03
QUEUED, TAKEN = 100_000, 2_000


async def measure() -> list[Figure]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Figure]:
    rows = [[_row(devices, seed) for seed in range(HOUSES)] for devices in range(1, MOST_DEVICES + 1)]
    return [
        _figure("1,000 films to the bound", "plain", rows, 1.05),
        _figure("with 3 % failures and a card out for an hour", "failing", rows, 1.15),
        _figure("coming over four fifths of the time that they take", "arriving", rows, None),
        _figure("one shared queue instead", "shared", rows, None),
        _figure("each film to the next device in turn", "in turn", rows, None),
        _figure("each film given away once by nominal speed", "nominal", rows, None),
        *_decisions(),
    ]


def _figure(what: str, name: str, rows: list[list[dict[str, float]]], aim: float | None) -> Figure:
    means = [mean(house[name] for house in houses) for houses in rows]
    told = ", ".join(f"{number}: {one:.3f}" for number, one in enumerate(means, 1))
    most = max(house[name] for houses in rows for house in houses)
    return Figure(
        f"{what}, mean of {HOUSES} houses, worst of 1 to {MOST_DEVICES} devices",
        max(means),
        "×",
        aim,
        f"by number of devices: {told}; the worst of all houses {most:.3f}",
    )


def _row(devices: int, seed: int) -> dict[str, float]:
    house = world(FILMS, devices, seed)
    bound = lower_bound(house)
    coming = world(FILMS, devices, seed, arriving=0.8 * bound / 3600)
    return {
        "plain": run(house, Scheduled(), seed=seed) / bound,
        "failing": run(house, Scheduled(), Trouble(FAILING, bound / 4), seed + 1) / bound,
        "arriving": run(coming, Scheduled(), seed=seed) / lower_bound(coming),
        "shared": run(house, SharedQueue(house), seed=seed) / bound,
        "in turn": run(house, Assigned(house), seed=seed) / bound,
        "nominal": run(house, Assigned(house, _nominal), seed=seed) / bound,
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
