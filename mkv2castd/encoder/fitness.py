"""How the GPUs of a fleet stand: which get work, which are set aside, and when each is tried again. Decisions only.

Times are seconds of a clock that only goes forward; whoever calls says what it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mkv2castd.device import Device, Gpu, Skill, Station

GONE = "it is gone"
UNPROVED = "not proved yet"
_FIRST_DELAY = 30.0
_GROWTH = 4.0
_LONGEST_DELAY = 2 * 3600.0
# One failure may be an accident; two in a row are the device's habit.
_TOLERATED = 1


def delay(setbacks: int) -> float:
    """How many seconds a device is left alone that has failed its trial, or its work, so often before."""
    # beyond the longest no power needs to be computed
    return min(_FIRST_DELAY * _GROWTH ** min(setbacks, 10), _LONGEST_DELAY)


@dataclass(frozen=True, slots=True)
class Fitness:
    """How a device has done lately. failures: of its own, in a row. setbacks: how often it has had to be left alone
    since it last did its work. aside: on which occasion it was set aside, and why; None: it is not. due: when it is
    tried again. most: encodes at once, where it has refused more."""

    failures: int = 0
    setbacks: int = 0
    aside: str | None = None
    due: float | None = None
    most: int | None = None

    def failed(self, reason: str, now: float) -> Fitness:
        """After a failure of the device's own. Those of films that were under way when it was set aside say nothing
        new."""
        if self.aside is not None:
            return self
        failures = self.failures + 1
        if failures <= _TOLERATED:
            return replace(self, failures=failures)
        occasion = "two failures in a row" if self.setbacks == 0 else "a further failure"
        return replace(self, failures=failures, aside=f"after {occasion}: {reason}").put_off(now)

    def succeeded(self) -> Fitness:
        """After a film that it has encoded. One that was under way when it was set aside takes nothing back."""
        return self if self.aside is not None else replace(self, failures=0, setbacks=0)

    def crowded(self, running: int) -> Fitness:
        """After it has refused a further encode beside `running` others."""
        most = max(1, running)
        return replace(self, most=most if self.most is None else min(self.most, most))

    def proved(self, problem: str | None, now: float) -> Fitness:
        """After a trial. One that was set aside has to do its work before it is trusted like any other."""
        if problem is None:
            return Fitness(self.failures if self.aside is None else _TOLERATED, self.setbacks)
        aside = None if self.aside is None else f"and its trial fails as well: {problem}"
        return replace(self, aside=aside, most=None).put_off(now)

    def put_off(self, now: float) -> Fitness:
        """To be tried again after the next longer delay."""
        return replace(self, due=now + delay(self.setbacks), setbacks=self.setbacks + 1)


@dataclass(frozen=True, slots=True)
class Member:
    """A GPU of the fleet. device: what it has proved; None: nothing yet. here: the machine shows it. wanted: it has
    to be proved; anew: without believing older answers. obstacle: why it could not be tried."""

    gpu: Gpu
    device: Device | None = None
    fitness: Fitness = Fitness()
    here: bool = True
    wanted: bool = True
    anew: bool = False
    obstacle: str | None = None

    def needs_proof(self, now: float) -> bool:
        if not self.here or self.gpu.problem is not None:
            return False
        due = self.fitness.due
        return self.wanted if due is None else due <= now

    @property
    def believes_nothing(self) -> bool:
        """Whether older answers count for nothing, since its work has shown them to be wrong or may do so."""
        return self.anew or self.fitness.aside is not None

    def fit(self, fitness: Fitness) -> Member:
        return replace(self, fitness=fitness)

    def doubted(self, *, anew: bool) -> Member:
        """It has to be proved again, and at once: something has changed. Until then it is trusted as before."""
        fitness = replace(self.fitness, due=None)
        return replace(self, fitness=fitness, wanted=True, anew=self.anew or anew)

    def proved(self, device: Device, now: float) -> Member:
        fitness = self.fitness.proved(device.problem, now)
        return Member(self.gpu, device, fitness, self.here, wanted=False)

    def untried(self, obstacle: str, now: float) -> Member:
        """No trial was possible, for reasons that are not the device's."""
        return replace(self, fitness=self.fitness.put_off(now), obstacle=obstacle)

    def problem(self, due: str) -> str | None:
        """Why it gets no work, with the remedy. due: when it is tried again, in words."""
        if not self.here:
            return GONE
        if self.gpu.problem is not None:
            return self.gpu.problem
        if self.fitness.aside is not None:
            return f"set aside {self.fitness.aside}; tried again {due}"
        if self.device is None:
            return UNPROVED if self.obstacle is None else f"{UNPROVED}: {self.obstacle}"
        return self.device.problem

    def station(self, *, slots: int | None, enabled: bool, due: str) -> Station:
        """slots: as configured; None: as proved. A limit that the device has set itself wins over both, and what can
        encode nothing has none."""
        device = self.device if self.device is not None else Device(self.gpu)
        wished = slots if slots is not None else device.slots
        if not any(ability.skill is Skill.ENCODE for ability in device.abilities):
            wished = 0
        most = wished if self.fitness.most is None else min(wished, self.fitness.most)
        problem = self.problem(due)
        return Station(self.gpu.id, self.gpu.name, most, device, enabled, problem, untried=problem == UNPROVED)


def seen(members: Mapping[str, Member], gpus: Iterable[Gpu]) -> dict[str, Member]:
    """The fleet after a look at the machine. What has vanished stays known; what is new, has come back or has another
    driver or node is to be proved."""
    there = {gpu.id: gpu for gpu in gpus}
    fleet: dict[str, Member] = {}
    for name, gpu in there.items():
        known = members.get(name)
        if known is None:
            fleet[name] = Member(gpu)
        elif known.here and known.gpu == gpu:
            fleet[name] = known
        else:
            fleet[name] = replace(known, gpu=gpu, device=None, here=True, obstacle=None).doubted(anew=False)
    gone = {name: replace(member, here=False) for name, member in members.items() if name not in there}
    return fleet | gone
