"""Subtitles beside the output: made from what ffmpeg has written, put in their places, removed when they are no more.

They never fail a film: what cannot be made or placed is left out, and said. Everything here blocks.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from mkv2castd.config import VIDEO_GLOBS
from mkv2castd.encoder import naming
from mkv2castd.encoder.charsets import charset_of
from mkv2castd.encoder.commit import Beside, Commit, Obsolete, put, same
from mkv2castd.encoder.extra_options import sidecar_text
from mkv2castd.encoder.files import Files, lstat
from mkv2castd.encoder.ours import Mark, mark_of
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.webvtt import to_webvtt
from mkv2castd.errors import MediaError
from mkv2castd.model import Identity, printable

_log = logging.getLogger(__name__)
_ENOUGH_BYTES = 16 * 1024 * 1024  # of a text, to tell which letters it is written in


@dataclass(frozen=True, slots=True)
class Made:
    """A subtitle as WebVTT. ending: what its name has between the output's stem and `.vtt`."""

    temporary: Path
    ending: str


@dataclass(frozen=True, slots=True)
class Sidecars:
    """notes: what was left out, and why."""

    files: tuple[Made, ...] = ()
    notes: tuple[str, ...] = ()


NO_SIDECARS = Sidecars()


def make(plan: Plan, temporary: Path, tag: str, lost: Mapping[int, str] = MappingProxyType({})) -> Sidecars:
    """Turns what ffmpeg has written beside `temporary` into WebVTT. tag: the output's. lost: what was left out
    before, by its stream's index, and why. Raises OSError."""
    files = []
    notes = []
    for number, sidecar in enumerate(plan.sidecars):
        text = sidecar_text(temporary, number)
        vtt = _converted(text, tag, sidecar.source.language)
        text.unlink(missing_ok=True)
        if vtt is None:
            notes.append(f"no {sidecar.ending}.vtt: its subtitle holds no text")
            continue
        place = naming.working_file(temporary, f"{number}.vtt")
        place.write_text(vtt, encoding="utf-8", newline="\n")
        files.append(Made(place, sidecar.ending))
    return Sidecars(tuple(files), (*(lost[index] for index in sorted(lost)), *notes))


def _converted(text: Path, tag: str, language: str | None) -> str | None:
    """Read twice, since a film that is typeset frame by frame has a hundred times the text that is shown of it."""
    try:
        with text.open("rb") as file:
            charset = charset_of(_whole_lines(file.read(_ENOUGH_BYTES)), language)
    except FileNotFoundError:
        return None
    with text.open(encoding=charset, errors="replace", newline="\n") as lines:
        return to_webvtt(lines, tag)


def _whole_lines(raw: bytes) -> bytes:
    return raw[: raw.rfind(b"\n") + 1] if len(raw) == _ENOUGH_BYTES else raw


def settle(commit: Commit, made: Sidecars) -> Commit:
    """The commit with the place of each subtitle, and with those of an older output that are not made any more. A
    file of somebody else's keeps its place, and so does one of ours that somebody has changed."""
    notes = [note for note in (commit.note, *made.notes) if note is not None]
    placed = []
    for one in made.files:
        target = naming.sidecar(commit.target, one.ending)
        older = _older(target, commit.source)
        if lstat(target) is not None and (older is None or not older.mark.untouched):
            notes.append(_foreign(target) if older is None else _changed(target))
            one.temporary.unlink()
            continue
        replaced = older.identity if older is not None else None
        placed.append(Beside(one.temporary, target, Identity.of(one.temporary.lstat()), replaced))
    wanted = {naming.sidecar(commit.target, one.ending) for one in made.files}
    rest = [older for older in _all_older(commit) if older.path not in wanted]
    notes += [_changed(older.path) for older in rest if not older.mark.untouched]
    obsolete = tuple(Obsolete(older.path, older.identity) for older in rest if older.mark.untouched)
    return replace(commit, note="; ".join(notes) or None, sidecars=tuple(placed), obsolete=obsolete)


def _foreign(path: Path) -> str:
    return f"no {printable(path.name)}: a file that mkv2castd has not made is in its place"


def _changed(path: Path) -> str:
    return f"{printable(path.name)} stays as it is: it was changed by hand"


@dataclass(frozen=True, slots=True)
class _Older:
    """A file that was made before. identity: of before its content was read."""

    path: Path
    identity: Identity
    mark: Mark


def _all_older(commit: Commit) -> list[_Older]:
    found: list[str] = []
    with suppress(OSError), os.scandir(commit.target.parent) as entries:
        found += sorted(entry.name for entry in entries if naming.is_sidecar_name(entry.name, commit.target))
    older = (_older(commit.target.with_name(name), commit.source) for name in found)
    return [one for one in older if one is not None]


def _older(path: Path, source: Path) -> _Older | None:
    """None for what we have not made, or not from a version of this film."""
    there = lstat(path)
    if there is None or not stat.S_ISREG(there.st_mode):
        return None
    try:
        mark = mark_of(path)
    except OSError:
        return None
    if mark is None or mark.origin is None or not any(mark.origin.is_named(name) for name in _versions(source)):
        return None
    return _Older(path, Identity.of(there), mark)


def _versions(source: Path) -> list[Path]:
    """The film, and what an older version of it may have been called that was replaced: movie.avi, now movie.mkv."""
    endings = (glob.removeprefix("*") for glob in VIDEO_GLOBS)
    return [source, *(source.with_suffix(ending) for ending in endings)]


def carry_out(commit: Commit, files: Files) -> None:
    """Does what is left to do beside an output that is in its place; may be called again at any point."""
    for one in commit.sidecars:
        try:
            _place(one, files)
        except (OSError, MediaError) as error:
            _log.warning("no %s: %s", printable(one.target), printable(str(error)), extra={"job_id": commit.job_id})
            with suppress(OSError):
                files.unlink(one.temporary)
    for old in commit.obsolete:
        there = lstat(old.path)
        if there is not None and same(there, old.identity):
            with suppress(OSError):
                files.unlink(old.path)


def _place(one: Beside, files: Files) -> None:
    found = lstat(one.temporary)
    if found is not None and same(found, one.identity):
        put(one.temporary, one.target, one.replaces, files)
