"""What outputs and temporaries are called. No name is ever taken as proof of anything: naming is one-way."""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path
from uuid import UUID

from mkv2castd.config import Settings

NAME_BYTES = 255
# For an empty suffix, where the plain name would be the source itself.
_FALLBACK_SUFFIX = "_chromecast"
# The year in `the.castle.2020` is no extension: one has a letter and is short.
_EXTENSION = re.compile(r"\.(?=[0-9]*[a-z])[a-z0-9]{1,5}", re.IGNORECASE)


def default_target(source: Path, settings: Settings) -> Path:
    """movie.mkv → movie_chromecast.mkv, beside the source or, with the tree below the watched folder kept, below
    `output_root`. Never the source itself: where an empty suffix would make it so, `_chromecast` is put in."""
    stem = _split(source.name)[0]
    target = _folder(source, settings) / _name(stem, settings.suffix, settings, source.name)
    if _same_place(target, source):
        return target.with_name(_name(stem, _FALLBACK_SUFFIX, settings, source.name))
    return target


def alternate_target(source: Path, settings: Settings) -> Path:
    """For a film whose default name is another film's: movie.avi → movie.avi_chromecast.mkv."""
    return _folder(source, settings) / _name(source.name, settings.suffix, settings, source.name)


def final_for_replace(source: Path, settings: Settings) -> Path:
    """Where the output goes that replaces its source: movie.avi → movie.mkv; one with the right extension, in
    whatever case, keeps its name."""
    stem, extension = _split(source.name)
    if extension.lower() == f".{settings.container.value}":
        return source
    return source.with_name(_name(stem, "", settings, source.name))


def temporary_for(target: Path, job_id: UUID) -> Path:
    """The hidden file beside `target` in which the output grows."""
    return target.with_name(f".mkv2castd-{job_id}.part")


def working_file(temporary: Path, name: str) -> Path:
    """A further file of the attempt, beside its temporary: `TEMPORARY.NAME`. `name` is short."""
    return temporary.with_name(f"{temporary.name}.{name}")


def sidecar(target: Path, ending: str) -> Path:
    """A subtitle beside the output: movie.mkv, `.en.forced` → movie.en.forced.vtt."""
    return target.with_name(_fit(_split(target.name)[0], f"{ending}.vtt", target.name))


def is_sidecar_name(name: str, target: Path) -> bool:
    """Could a file of this name be a subtitle of the output?"""
    stem = _split(target.name)[0]
    return name.endswith(".vtt") and (name == f"{stem}.vtt" or name.startswith(f"{stem}."))


def numbered(path: Path, number: int) -> Path:
    """movie.mkv → movie.2.mkv: another name when the first one is taken."""
    stem, extension = _split(path.name)
    return path.with_name(_fit(stem, f".{number}{extension}", path.name))


def _split(name: str) -> tuple[str, str]:
    stem, extension = os.path.splitext(name)
    return (stem, extension) if _EXTENSION.fullmatch(extension) else (name, "")


def _folder(source: Path, settings: Settings) -> Path:
    if settings.output_root is None:
        return source.parent
    if settings.root is None or not source.is_relative_to(settings.root):
        return settings.output_root
    return settings.output_root / source.parent.relative_to(settings.root)


def _name(stem: str, suffix: str, settings: Settings, unique: str) -> str:
    return _fit(stem, f"{suffix}.{settings.container.value}", unique)


def _fit(stem: str, ending: str, unique: str) -> str:
    """stem + ending, cut at a character when it is longer than a file system takes. What is cut away is stood in
    for by a checksum of `unique`, so that long names of one beginning stay apart."""
    raw = os.fsencode(stem)
    room = NAME_BYTES - len(os.fsencode(ending))
    if len(raw) <= room:
        return stem + ending
    mark = f"~{zlib.crc32(os.fsencode(unique)):08x}"
    end = max(room - len(mark), 0)
    for _ in range(3):  # a UTF-8 character has at most three bytes more
        if end > 0 and raw[end] & 0xC0 == 0x80:
            end -= 1
    return os.fsdecode(raw[:end]) + mark + ending


def _same_place(one: Path, other: Path) -> bool:
    """Also on a file system that does not tell case apart."""
    return one.parent == other.parent and one.name.casefold() == other.name.casefold()
