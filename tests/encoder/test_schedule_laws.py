"""What holds of the schedule whatever happens: any devices, films, failures and changes."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from mkv2castd.device import CPU, REMUX, Ability, Backend, Device, Gpu, Proof, Skill, Station, Vendor
from mkv2castd.encoder.schedule import Schedule
from mkv2castd.encoder.speeds import Seen, Speeds
from mkv2castd.encoder.turns import Turn
from mkv2castd.work import Shape, Work

PLAIN = Shape("h264", 1920, 1080, "mkv", "balanced")
DEEP = Shape("hevc", 3840, 2160, "mkv", "balanced", deep=True)
ABILITIES = {"all": (PLAIN, DEEP), "plain": (PLAIN,), "both": (PLAIN, DEEP)}
DEVICES = (*ABILITIES, CPU, REMUX)
SPEEDS = {
    (name, shape.kind): Seen(speed, 3)
    for name, speeds in {
        "all": (900.0, 200.0),
        "plain": (500.0, 1.0),
        "both": (300.0, 300.0),
        CPU: (90.0, 10.0),
    }.items()
    for shape, speed in zip((PLAIN, DEEP), speeds, strict=True)
}


def station(name: str, slots: int = 1, **changes: object) -> Station:
    if name in (CPU, REMUX):
        return Station(name, name, slots)
    proofs = tuple(Proof(Ability(Backend.NVENC, Skill.ENCODE, shape.codec, shape.deep)) for shape in ABILITIES[name])
    gpu = Gpu(name, name, Vendor.NVIDIA, driver="nvidia", index=0)
    return Station(name, name, slots, Device(gpu, proofs), **changes)  # type: ignore[arg-type]


def may(name: str, turn: Turn) -> bool:
    if turn.work is None or name == REMUX:
        return turn.work is None and name == REMUX
    return name not in turn.shunned and (name == CPU or turn.work.shape in ABILITIES[name])


FILMS = st.tuples(
    st.sampled_from([None, PLAIN, DEEP]),
    st.floats(60, 20_000),
    st.integers(-2, 2),
    st.sampled_from(["a", "b"]),
    st.sampled_from([None, None, None, "all", CPU]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), FILMS),
        st.tuples(st.just("take"), st.sampled_from(DEVICES)),
        st.tuples(st.just("end"), st.integers(0, 50)),
        st.tuples(st.just("fail"), st.integers(0, 50)),
        st.tuples(st.just("discard"), st.integers(0, 50)),
        st.tuples(st.just("break"), st.sampled_from(tuple(ABILITIES))),
        st.tuples(st.just("mend"), st.sampled_from(tuple(ABILITIES))),
        st.tuples(st.just("unplug"), st.sampled_from(tuple(ABILITIES))),
        st.tuples(st.just("wait"), st.floats(0, 5000)),
    ),
    max_size=60,
)


class House:
    """Does what the steps say, and holds what is true on the way."""

    def __init__(self) -> None:
        self.schedule = Schedule(Speeds(SPEEDS))
        self.now = 0.0
        self.count = 0
        self.waiting: dict[UUID, Turn] = {}
        self.running: dict[UUID, tuple[str, Turn]] = {}
        self.slots = {name: 1 + (name == "both") for name in DEVICES}
        self.open = set(DEVICES)
        for name in DEVICES:
            self.schedule.set_station(station(name, self.slots[name]))

    def put(self, film: tuple[Shape | None, float, int, str, str | None]) -> None:
        shape, seconds, priority, folder, pin = film
        self.count += 1
        work = Work(shape, seconds, 25.0) if shape is not None else None
        self._put(Turn(-priority, self.count, UUID(int=self.count), folder, work, pin))

    def _put(self, turn: Turn) -> None:
        self.schedule.put(turn, self.now)
        self.waiting[turn.job_id] = turn

    def take(self, name: str, blocked: tuple[str, ...] = ()) -> bool:
        before = {job_id: self.schedule.place(job_id, self.now) for job_id in self.waiting}
        turn = self.schedule.take(name, blocked, self.now)
        if turn is None:
            return False
        assert self.waiting.pop(turn.job_id) == turn, "what is taken has waited"
        assert before[turn.job_id] is not None, "and where, could be told"
        assert name in self.open
        assert turn.folder not in blocked
        assert may(name, turn), f"{name} cannot do {turn}"
        self.running[turn.job_id] = name, turn
        assert turn.job_id in self.schedule.running(name)
        assert len(self.schedule.running(name)) <= self.slots[name]
        assert self.schedule.why(turn.job_id, self.now)
        return True

    def end(self, number: int) -> tuple[str, Turn] | None:
        if not self.running:
            return None
        job_id = sorted(self.running)[number % len(self.running)]
        self.schedule.release(job_id)
        return self.running.pop(job_id)

    def fail(self, number: int) -> None:
        ended = self.end(number)
        if ended is not None:
            name, turn = ended
            shunned = turn.shunned if name in (CPU, REMUX) else turn.shunned | {name}
            self._put(replace(turn, shunned=shunned))

    def discard(self, number: int) -> None:
        if self.waiting:
            job_id = sorted(self.waiting)[number % len(self.waiting)]
            del self.waiting[job_id]
            assert self.schedule.discard(job_id)
            assert not self.schedule.discard(job_id)

    def do(self, verb: str, value: object) -> None:
        match verb, value:
            case "wait", float(seconds):
                self.now += seconds
            case "break", str(name):
                self.schedule.set_station(station(name, self.slots[name], problem="out"))
                self.open.discard(name)
            case "mend", str(name):
                self.schedule.set_station(station(name, self.slots[name]))
                self.open.add(name)
            case "unplug", str(name):
                self.schedule.remove_station(name)
                self.open.discard(name)
            case _:
                getattr(self, verb)(value)
        assert all((job_id in self.schedule) for job_id in self.waiting)
        counted = sum(self.schedule.queued(name) for name in DEVICES) + self.schedule.adrift
        assert counted == len(self.waiting), "every film waits in one place"

    def finish(self) -> None:
        """Everything that waits is done in the end, whatever has happened before."""
        for _ in range(10 * (self.count + 1)):
            self.now += 100.0
            for name in DEVICES:
                while self.take(name):
                    pass
            if not self.running:
                break
            self.end(0)
        assert not self.waiting, "nothing waits for ever beside a processor that is free"


@settings(deadline=None)
@given(STEPS)
def test_every_film_is_taken_once_by_who_can_and_none_is_left_behind(steps: list[tuple[str, object]]) -> None:
    house = House()
    for verb, value in steps:
        house.do(verb, value)
    house.finish()


@settings(deadline=None)
@given(st.lists(FILMS, max_size=30), st.sampled_from(DEVICES))
def test_a_blocked_folders_films_are_passed_over_and_keep_their_place(
    films: list[tuple[Shape | None, float, int, str, str | None]], name: str
) -> None:
    house = House()
    for film in films:
        house.put(film)
    while house.take(name, ("a",)):
        house.end(0)
    house.finish()


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(60, 20_000), st.integers(-2, 2)), min_size=1, max_size=30))
def test_of_what_one_device_does_alone_the_more_urgent_comes_first_then_the_first_that_came(
    films: list[tuple[float, int]],
) -> None:
    alone = Schedule(Speeds(SPEEDS))
    alone.set_station(station(CPU))
    turns = [
        Turn(-priority, number, UUID(int=number), "a", Work(PLAIN, seconds, 25.0))
        for number, (seconds, priority) in enumerate(films)
    ]
    for turn in turns:
        alone.put(turn, 0.0)
    taken = []
    while (one := alone.take(CPU, (), 0.0)) is not None:
        taken.append(one)
        alone.release(one.job_id)
    assert taken == sorted(turns)
