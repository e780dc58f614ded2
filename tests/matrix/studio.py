"""Makes the clips of a test session, has them converted set by set, and judges what comes out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.matrix import checker, checker_picture, product
from tests.matrix.checker import Wanted
from tests.matrix.clips import BY_NAME, put
from tests.matrix.devices import CONTAINERS, h264_level_fault
from tests.matrix.product import Outcome
from tests.matrix.rows import Row
from tests.matrix.seen import Seen, see
from tests.matrix.sets import SETS

_AT_ONCE = 2
_CANNOT = "unsupported_media"
# What can be mended in a copy.
_MENDABLE = ("is above", "the stated level is not true", "is tagged", "are said to be RGB")


@dataclass
class Studio:
    """wishes: (row's name, set's name) of everything that the session is going to ask for."""

    folder: Path
    wishes: Iterable[tuple[str, str]]
    _films: dict[str, tuple[Path, str]] = field(default_factory=dict)
    _sources: dict[str, Seen] = field(default_factory=dict)
    _outcomes: dict[str, Mapping[str, Outcome]] = field(default_factory=dict)
    _faults: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def outcome(self, row: Row, where: str) -> Outcome:
        if where not in self._outcomes:
            self._convert(where)
        told = self._outcomes[where]
        assert row.file in told, f"nothing was said about {row.file}"
        return told[row.file]

    def faults(self, row: Row, where: str) -> list[str]:
        """What is wrong with what became of the row's film. Empty: nothing."""
        self.outcome(row, where)
        return self._faults[row.name, where]

    def source(self, row: Row) -> Seen:
        if row.name not in self._sources:
            self._sources[row.name] = see(self._film(row))
        return self._sources[row.name]

    def _rows(self, where: str) -> list[Row]:
        return [BY_NAME[name] for name, place in self.wishes if place == where]

    def _convert(self, where: str) -> None:
        rows, output = self._rows(where), self.folder / where
        output.mkdir()
        self._outcomes[where] = {}  # should the program break off, only the first test tells how
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            films = list(pool.map(self._film, rows))
            self._outcomes[where] = product.convert(films, SETS[where], output)
            for row, found in zip(rows, pool.map(lambda row: self._judge(row, where), rows), strict=True):
                self._faults[row.name, where] = found

    def _film(self, row: Row) -> Path:
        if row.name not in self._films:
            folder = self.folder / "films"
            folder.mkdir(exist_ok=True)
            film = put(row, folder)
            self._films[row.name] = (film, _print_of(film))
        return self._films[row.name][0]

    def _judge(self, row: Row, where: str) -> list[str]:
        outcome, wanted = self._outcomes[where].get(row.file), SETS[where]
        film, before = self._films[row.name]
        if outcome is None:
            return ["nothing was said about it"]
        found = [] if _print_of(film) == before else ["the source was changed"]
        if row.expect in ("refused", "left"):
            return found if outcome.end == row.expect else [*found, f"{outcome.end} instead of {row.expect}"]
        if outcome.end == "refused" and where in row.refused_on and outcome.code == _CANNOT:
            return found
        if outcome.end == "refused":
            return [*found, f"refused: {outcome.code}: {outcome.said}"]
        source = self.source(row)
        if outcome.end == "left":
            faults = checker.judge(source, replace(wanted, container=None), row.facts)
            return [*found, *(f"left as it is, but: {fault}" for fault in faults)]
        assert outcome.output is not None, "what was made lies somewhere"
        made = see(outcome.output)
        found += checker.judge(made, wanted, row.facts)
        return [*found, *_losses(source, made, wanted, row), *_beside(outcome.output, row)]


def _losses(source: Seen, made: Seen, wanted: Wanted, row: Row) -> list[str]:
    """What plays is to be copied: as it is the film, or at least its picture."""
    if row.facts.not_first is None and not checker.judge(source, replace(wanted, container=None), row.facts):
        return ["converted, although it plays as it is"]
    if row.facts.look is None or not _copyable(source, wanted):
        return []
    return [] if set(made.thumbs) <= set(source.thumbs) else ["the picture was encoded anew, although it plays"]


def _beside(output: Path, row: Row) -> list[str]:
    """Each subtitle that is text lies beside the output as WebVTT, which is all that a Cast device draws."""
    there = sorted(output.parent.glob(f"{output.stem}.*vtt"))
    due = len(row.facts.text) + len(row.beside)
    found = [] if len(there) == due else [f"{len(there)} WebVTT files beside it instead of {due}"]
    for file in there:
        text = file.read_text(encoding="utf-8")
        if not text.startswith("WEBVTT") or "Good evening" not in text or "Über" not in text:
            found.append(f"{file.name} is not what was said")
    return found


def _copyable(source: Seen, wanted: Wanted) -> bool:
    assert wanted.container is not None, "an output has a container"
    pictures = source.pictures
    if len(pictures) != 1 or pictures[0].codec not in CONTAINERS[wanted.container].video:
        return False
    if not all("pts_time" in packet for packet in pictures[0].packets):
        return False  # nobody knows when its frames are to be shown
    hidden = any("D" in str(packet.get("flags", "")) for packet in pictures[0].packets)
    if hidden and source.container != wanted.container:
        return False  # only an edit list says what is not to be shown
    if pictures[0].turned and source.container != wanted.container:
        return False
    faults = list(checker_picture.faults(source, wanted.all))
    if not all(any(word in fault for word in _MENDABLE) for fault in faults):
        return False
    if pictures[0].codec != "h264" or not faults:
        return True
    size, rate = checker_picture.size(pictures[0]), checker_picture.rate(pictures[0])
    levels = [device.video["h264"].level for _, device in wanted.all]
    return all(
        h264_level_fault(level, size, rate, pictures[0].told.get("refs")) is None
        for level in levels
        if level is not None
    )


def _print_of(film: Path) -> str:
    """Its contents, and when they were written."""
    told = film.stat()
    return f"{hashlib.sha256(film.read_bytes()).hexdigest()} {told.st_mtime_ns} {told.st_ino}"
