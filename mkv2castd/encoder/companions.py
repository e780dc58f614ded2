"""Which files beside a film are its subtitles, and what their names say: `film.en.forced.srt`.

Between the film's stem and the extension stand, divided by dots, a title, a language and marks, in the order that
Jellyfin, Plex and Kodi use: `film.commentary.en.sdh.srt`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mkv2castd.encoder import languages
from mkv2castd.encoder.media import External

# Extension → ffmpeg's name of the format. `.sub` is text only where no `.idx` stands beside it.
_FORMATS: Mapping[str, str] = MappingProxyType(
    {".srt": "subrip", ".ass": "ass", ".ssa": "ass", ".vtt": "webvtt", ".idx": "dvd_subtitle", ".sub": "microdvd"}
)
_SIGNS = (
    (re.compile(r"\ufeff?WEBVTT\b"), "webvtt"),
    (re.compile(r"\ufeff?\s*\[Script Info\]", re.IGNORECASE), "ass"),
    (re.compile(r"\ufeff?\s*\{\d+\}\{\d+\}"), "microdvd"),
    (re.compile(r"\ufeff?\s*\d+\s+\d+:\d\d:\d\d[,.]\d+\s*-->"), "subrip"),
)
# Lines of VobSub's index, as sscanf reads them in libavformat/mpeg.c. It has room for so many tracks.
_INDEX = re.compile(r"id:\s*([^,]{1,63}),\s*index:\s*([+-]?\d{1,9})")
_INDEX_TIME = re.compile(r"timestamp:\s*\d{1,2}:\s*\d{1,2}:\s*\d{1,2}:\s*\d{1,3},\s*filepos:\s*[0-9a-fA-F]")
_INDEX_NUMBERS = range(32)
_FORCED = frozenset({"forced", "foreign"})
_HEARING = frozenset({"sdh", "cc", "hi", "hoh"})
_IDLE = frozenset({"default"})
# What languages are called in names of files, in English and by those who speak them.
_SAID = (
    "arabic=ar bulgarian=bg chinese=zh chs=zh cht=zh croatian=hr hrvatski=hr czech=cs danish=da dansk=da dutch=nl "
    "nederlands=nl english=en estonian=et finnish=fi suomi=fi french=fr francais=fr français=fr german=de deutsch=de "
    "greek=el hebrew=he hindi=hi hungarian=hu magyar=hu icelandic=is indonesian=id italian=it italiano=it "
    "japanese=ja korean=ko latvian=lv lithuanian=lt malay=ms norwegian=no norsk=no persian=fa farsi=fa polish=pl "
    "polski=pl portuguese=pt português=pt portugues=pt brazilian=pt romanian=ro russian=ru serbian=sr slovak=sk "
    "slovenian=sl spanish=es español=es espanol=es swedish=sv svenska=sv thai=th turkish=tr ukrainian=uk "
    "vietnamese=vi"
)
_NAMES: Mapping[str, str] = MappingProxyType(dict(pair.split("=") for pair in _SAID.split()))


@dataclass(frozen=True, slots=True)
class _Marks:
    """What stands between stem and extension."""

    language: str | None = None
    title: str | None = None
    forced: bool = False
    hearing_impaired: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """One of a VobSub index."""

    language: str | None = None
    title: str | None = None


def companions(film: str, names: Sequence[str], folder: Path) -> tuple[External, ...]:
    """The subtitles of `film` (its file name) among the `names` in one folder, in the order of their names.

    A file belongs to the film whose stem is the longest that its own name begins with: `film.2.srt` is no subtitle of
    `film.mkv` where there is a `film.2.mkv`. A `.sub` with an `.idx` is told by the latter.
    """
    stem = os.path.splitext(film)[0]
    others = [f"{other}." for other in _stems(names) if len(other) > len(stem) and other.startswith(f"{stem}.")]
    found = []
    known = frozenset(names)
    for name in sorted(names):
        base, extension = os.path.splitext(name)
        codec = _FORMATS.get(extension.lower())
        if codec is None or not (base == stem or base.startswith(f"{stem}.")):
            continue
        if any(f"{base}.".startswith(other) for other in others) or _is_half(base, codec, known):
            continue
        marks = _read(base[len(stem) + 1 :])
        external = External(folder / name, codec, marks.language, marks.title, marks.forced, marks.hearing_impaired)
        found.append(external)
    return tuple(found)


def _stems(names: Sequence[str]) -> list[str]:
    parts = (os.path.splitext(name) for name in names)
    return [stem for stem, extension in parts if extension and extension.lower() not in _FORMATS]


def _is_half(base: str, codec: str, names: frozenset[str]) -> bool:
    """VobSub's two files are one subtitle; an index without its pictures, where ffmpeg looks for them, is none."""
    if codec == "microdvd":
        return any(f"{base}{extension}" in names for extension in (".idx", ".IDX"))
    return codec == "dvd_subtitle" and f"{base}{'.SUB' if f'{base}.IDX' in names else '.sub'}" not in names


def _read(text: str) -> _Marks:
    """From the right: marks, then a language, then a title."""
    words = [word for word in text.split(".") if word]
    marks = set()
    while words and words[-1].lower() in _FORCED | _HEARING | _IDLE:
        # Hindi where no other language stands before it
        if words[-1].lower() == "hi" and not (len(words) > 1 and _language(words[-2]) is not None):
            break
        marks.add(words.pop().lower())
    language = _language(words[-1]) if words else None
    if language is not None:
        words.pop()
    title = " ".join(words) or None
    return _Marks(language, title, not marks.isdisjoint(_FORCED), not marks.isdisjoint(_HEARING))


def _language(word: str) -> str | None:
    """The language's code, as short as there is one."""
    named = _NAMES.get(word.lower())
    return named if named is not None else languages.short(word)


def format_of(head: str, codec: str) -> str:
    """What a text is by its first lines, where the extension says `codec`: many an `.srt` is something else."""
    return next((found for sign, found in _SIGNS if sign.match(head)), codec)


def tracks_of_index(text: str) -> tuple[Track, ...]:
    """The tracks of a VobSub `.idx`, as ffmpeg counts them (libavformat's vobsub demuxer, by experiment): one begins
    with a time whose last `id: en, index: 0` had another number than the track before, so that a language without
    pictures is none. None at all where ffmpeg would refuse the file."""
    tracks: list[Track] = []
    language = title = number = begun = None
    for line in re.split(r"\r\n|\r|\n", text):
        if line.startswith("id:"):
            told = _INDEX.match(line)
            language, number = (languages.short(told[1]), int(told[2])) if told is not None else (None, 0)
            title = None
            if number not in _INDEX_NUMBERS:
                return ()
        elif line.startswith("alt:"):
            title = line.removeprefix("alt:").strip() or None
        elif line.startswith("timestamp:"):
            if number is None or _INDEX_TIME.match(line) is None:
                return ()
            if number != begun:
                tracks.append(Track(language, title))
            begun = number
    return tuple(tracks)
