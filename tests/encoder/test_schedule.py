"""Which device encodes which film, and what a free one does next."""

from __future__ import annotations

from itertools import count
from uuid import UUID

from mkv2castd.device import CPU, REMUX, Ability, Backend, Device, Gpu, Proof, Skill, Station, Vendor
from mkv2castd.encoder.schedule import Schedule
from mkv2castd.encoder.speeds import Seen, Speeds
from mkv2castd.encoder.turns import Turn
from mkv2castd.work import Shape, Work

SHAPE = Shape("h264", 1920, 1080, "mkv", "balanced")
DEEP = Shape("hevc", 3840, 2160, "mkv", "balanced", deep=True)


def gpu(name: str, *, deep: bool = False, slots: int = 1) -> Station:
    card = Gpu(name, name, Vendor.NVIDIA, driver="nvidia", index=0)
    skills = [Ability(Backend.NVENC, Skill.ENCODE, "h264")]
    if deep:
        skills.append(Ability(Backend.NVENC, Skill.ENCODE, "hevc", deep=True))
    return Station(name, name, slots, Device(card, tuple(map(Proof, skills))))


def cpu(slots: int = 1) -> Station:
    return Station(CPU, "the processor", slots)


def remux(slots: int = 1) -> Station:
    return Station(REMUX, "copies", slots)


_numbers = count()


def turn(
    shape: Shape | None = SHAPE,
    *,
    minutes: float = 60.0,
    priority: int = 0,
    pin: str | None = None,
    folder: str = "films",
) -> Turn:
    number = next(_numbers)
    work = Work(shape, minutes * 60, 25.0) if shape is not None else None
    return Turn(-priority, number, UUID(int=number), folder, work, pin)


def schedule(*stations: Station, speeds: dict[str, float] | None = None) -> Schedule:
    """speeds: how many times as fast as it is played, for h264."""
    pixels = Work(SHAPE, 1.0, 25.0).megapixels
    seen = {
        (name, SHAPE.kind): Seen(speed * pixels, 5) for name, speed in (speeds if speeds is not None else {}).items()
    }
    made = Schedule(Speeds(seen))
    for station in stations:
        made.set_station(station)
    return made


def test_a_film_waits_where_it_ends_first() -> None:
    one = schedule(cpu(), gpu("fast"), speeds={CPU: 1.0, "fast": 4.0})
    turns = [turn() for _ in range(5)]
    for each in turns:
        one.put(each, 0.0)
    assert (one.queued("fast"), one.queued(CPU)) == (4, 1)


def test_a_new_device_takes_the_first_of_those_that_wait() -> None:
    one = schedule(cpu(), speeds={CPU: 1.0, "fast": 4.0})
    turns = [turn() for _ in range(5)]
    for each in turns:
        one.put(each, 0.0)
    assert one.take(CPU, (), 0.0) is turns[0]
    one.set_station(gpu("fast"))
    assert one.take("fast", (), 10.0) is turns[1]


def test_a_device_does_not_begin_what_would_end_last_of_all_where_another_soon_does_it_sooner() -> None:
    usual, deep = Work(SHAPE, 1.0, 25.0).megapixels, Work(DEEP, 1.0, 25.0).megapixels
    cards = [f"card {number}" for number in range(3)]
    one = Schedule(
        Speeds(
            {
                (CPU, SHAPE.kind): Seen(usual, 5),
                (CPU, DEEP.kind): Seen(deep / 6, 5),
                ("fast", DEEP.kind): Seen(deep / 2.4, 5),
                **{(name, SHAPE.kind): Seen(2 * usual, 5) for name in ("fast", *cards)},
            }
        )
    )
    one.set_station(cpu())
    running, long = turn(minutes=30), turn(DEEP)
    one.put(running, 0.0)
    assert one.take(CPU, (), 0.0) is running
    one.put(long, 0.0)
    for station in (gpu("fast", deep=True), *map(gpu, cards)):
        one.set_station(station)
    one.put(turn(pin="fast"), 0.0)
    assert one.take("fast", (), 0.0) is not long
    for _ in range(10):
        one.put(turn(), 0.0)
    for card in cards:
        assert one.take(card, (), 0.0) is not None
    one.release(running.job_id)
    assert one.take(CPU, (), 1800.0) is not long, "six hours here, while all else is done in three"
    place = one.place(long.job_id, 1800.0)
    assert place is not None
    assert place.lane == "fast"
