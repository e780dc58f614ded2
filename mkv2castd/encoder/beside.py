"""Finds the subtitle files that lie beside a film. Only names are read, and the heads of a few small files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from mkv2castd.encoder.companions import companions, format_of, tracks_of_index
from mkv2castd.encoder.media import External
from mkv2castd.encoder.ours import mark_of
from mkv2castd.threads import in_thread_within

# Folders in which releases keep their subtitles, below the film's own.
_BELOW = frozenset({"subs", "subtitles"})
_MOST_NAMES = 50_000
_MOST_FILES = 64
_MOST_BYTES = 32 * 1024 * 1024  # of a text; a film's subtitles have a hundredth of it
_HEAD_BYTES = 64 * 1024


async def externals_of(film: Path, patience: float) -> tuple[External, ...]:
    """Those that belong to `film` by their names, at most 64; none where the folder cannot be read. Raises
    TimeoutError when the storage does not answer within `patience` seconds."""
    return await in_thread_within(patience, find_externals, film)


def find_externals(film: Path) -> tuple[External, ...]:
    """Blocks. Symbolic links are not followed. Our own subtitles are left out, unless somebody has changed them."""
    found: list[External] = []
    files, folders = _listed(film.parent)
    found += companions(film.name, files, film.parent)
    for name in sorted(folders):
        if name.lower() in _BELOW:
            below = film.parent / name
            found += companions(film.name, [film.name, *_listed(below)[0]], below)
    return tuple(islice((track for external in found for track in _tracks(external)), _MOST_FILES))


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    files, folders = [], []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in islice(entries, _MOST_NAMES):
            if entry.is_file(follow_symlinks=False):
                files.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
    return files, folders


def _tracks(external: External) -> Iterator[External]:
    """One for each of its tracks; none for what is empty, far too long, not to be read, or ours."""
    try:
        size = external.path.lstat().st_size
        if not 0 < size <= _MOST_BYTES or not os.access(external.path, os.R_OK, effective_ids=True):
            return
        if external.codec == "dvd_subtitle":
            told = tracks_of_index(_head(external.path, _MOST_BYTES))  # the languages lie as far apart as its times
            for number, track in enumerate(told):
                known = external.language if len(told) == 1 and external.language is not None else track.language
                title = external.title if external.title is not None else track.title
                yield replace(external, track=number, language=known, title=title)
        elif (mark := mark_of(external.path)) is None or not mark.untouched:
            yield replace(external, codec=format_of(_head(external.path), external.codec))
    except OSError:
        return


def _head(path: Path, most: int = _HEAD_BYTES) -> str:
    with path.open("rb", buffering=0) as file:
        raw = file.read(most)
    return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
