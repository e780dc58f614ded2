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
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.tag import parse_tag
from mkv2castd.encoder.webvtt import tag_of, to_webvtt
from mkv2castd.errors import MediaError
from mkv2castd.model import Identity, printable

_log = logging.getLogger(__name__)
_HEAD_BYTES = 1024
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
    file of somebody else's keeps its place."""
    notes = [note for note in (commit.note, *made.notes) if note is not None]
    placed = []
    for one in made.files:
        target = naming.sidecar(commit.target, one.ending)
        there = lstat(target)
        if there is not None and not _is_ours(target, there, commit.source):
            notes.append(f"no {printable(target.name)}: a file that mkv2castd has not made is in its place")
            one.temporary.unlink()
            continue
        older = Identity.of(there) if there is not None else None
        placed.append(Beside(one.temporary, target, Identity.of(one.temporary.lstat()), older))
    kept = {one.target for one in placed}
    obsolete = tuple(one for one in _older(commit) if one.path not in kept)
    return replace(commit, note="; ".join(notes) or None, sidecars=tuple(placed), obsolete=obsolete)


def _older(commit: Commit) -> list[Obsolete]:
    found = []
    with suppress(OSError), os.scandir(commit.target.parent) as entries:
        for entry in entries:
            if naming.is_sidecar_name(entry.name, commit.target):
                path = commit.target.with_name(entry.name)
                there = lstat(path)
                if there is not None and _is_ours(path, there, commit.source):
                    found.append(Obsolete(path, Identity.of(there)))
    return found


def _is_ours(path: Path, there: os.stat_result, source: Path) -> bool:
    """Made by us, from a version of this film."""
    if not stat.S_ISREG(there.st_mode):
        return False
    try:
        with path.open("rb", buffering=0) as file:
            tag = tag_of(file.read(_HEAD_BYTES).decode("utf-8", "replace"))
    except OSError:
        return False
    origin = parse_tag(tag) if tag is not None else None
    return origin is not None and any(origin.is_named(name) for name in _versions(source))


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
