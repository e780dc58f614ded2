"""What a benchmark comes to: one figure, its aim, and how it was arrived at."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """value: in `unit` ("×": a ratio to a baseline of the same run). aim: the most it should be; None: told only.
    how: the measurements behind it."""

    what: str
    value: float
    unit: str
    aim: float | None = None
    how: str = ""

    def __str__(self) -> str:
        aim = "" if self.aim is None else f"   aim ≤ {self.aim:g}{_spaced(self.unit)}: {self._verdict()}"
        how = f"\n      {self.how}" if self.how else ""
        return f"  {self.what}: {self.value:.{_digits(self.unit)}f}{_spaced(self.unit)}{aim}{how}"

    def _verdict(self) -> str:
        assert self.aim is not None
        return "reached" if round(self.value, _digits(self.unit)) <= self.aim else "MISSED"


def _digits(unit: str) -> int:
    return {"×": 3, "s": 2, "MB": 1, "ms": 0, "%": 1}.get(unit, 1)


def _spaced(unit: str) -> str:
    return unit if unit in ("×", "%") else f" {unit}"


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], per_cent: float) -> float:
    """The smallest measured value that so many per cent do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * int(per_cent) // 100) - 1)]


def spread(values: Sequence[float], factor: float = 1, unit: str = "s", digits: int = 2) -> str:
    """Median and range, for people."""
    low, middle, high = (value * factor for value in (min(values), median(values), max(values)))
    return f"{middle:.{digits}f} {unit} ({low:.{digits}f}–{high:.{digits}f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios run by run: what slows the machine for a while slows both sides of a run."""
    return median([mine / other for mine, other in zip(ours, theirs, strict=True)])
