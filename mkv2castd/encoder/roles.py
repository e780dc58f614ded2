"""What a sound track is for, by its flags and its title: the film itself, commentary, audio description …"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from mkv2castd.encoder.media import AudioStream


class Role(StrEnum):
    """MAIN is what one watches a film with; no other is heard first where there is one of it."""

    MAIN = "main"
    DESCRIPTION = "audio description"
    COMMENTARY = "commentary"
    HEARING = "hard of hearing"
    MUSIC = "music only"


# ffmpeg's flags. An audio description may be flagged as a comment besides, so that it stands first.
_FLAGS: tuple[tuple[str, Role], ...] = (
    ("visual_impaired", Role.DESCRIPTION),
    ("descriptions", Role.DESCRIPTION),
    ("comment", Role.COMMENTARY),
    ("hearing_impaired", Role.HEARING),
)
# The flag that says so in Matroska and MP4, and words that say so in a title.
FLAG_OF: Mapping[Role, str] = MappingProxyType(
    {Role.DESCRIPTION: "visual_impaired", Role.COMMENTARY: "comment", Role.HEARING: "hearing_impaired"}
)
WORDS_OF: Mapping[Role, str] = MappingProxyType(
    {Role.DESCRIPTION: "Audio description", Role.COMMENTARY: "Commentary", Role.HEARING: "Hearing impaired"}
)
# What titles say, without accents and in small letters. Description stands before commentary, since Russian and
# others call it a comment of a kind.
_WORDS: tuple[tuple[Role, re.Pattern[str]], ...] = (
    (
        Role.DESCRIPTION,
        re.compile(
            r"\bad\b|\bdvs\b|audio ?-?descri|descri\w* (?:audio|video|narration|service)|video ?-?descri|audiovision"
            r"|visual\w* impair|\bblinde?n?\b|horfilm|audiodesk|sehbehindert|malvoyant|aveugle|non vedenti|\bciegos\b"
            r"|syntolk|synstolk|kuvailutulk|audiopopis|nevidom|тифло|音声解説|解説放送|口述影像|화면 ?해설"
        ),
    ),
    (
        Role.COMMENTARY,
        re.compile(
            r"comment|kommentar|kommentti|komentar|comentari|commento|commenti\b|коммент|комент|yorum"
            r"|コメンタリ|評論|评论|코멘터리"
        ),
    ),
    (
        Role.HEARING,
        re.compile(
            r"hearing.impair|hard.of.hearing|clean audio|enhanced dialog|dialog\w* enhance|klare sprache|horgeschad"
            r"|schwerhorig|malentendant"
        ),
    ),
    (
        Role.MUSIC,
        re.compile(
            r"isolated (?:score|music)|(?:score|music) only|music (?:and|&) effects|\bm ?& ?e\b|karaoke|nur musik"
        ),
    ),
)
# Of a title, what tells of how a track is stored and not of what is heard.
_TECHNICAL = re.compile(
    r"stereo|surround|mono|dolby|digital|plus|dd[p+]?|dts|es|hd|ma|hra?|x|true ?hd|mlp|atmos|he|lc|aac|e|ac|ac3|eac3"
    r"|mp[23]|flac|alac|opus|pcm|lpcm|vorbis|wav|ch|channels?|kanal|kbps|kbit|kb|s|k?hz|bits?|lossless|core|master"
    r"|audio|sound|ton|track|spur|piste|default|commentary|description|hearing|impaired|(?!(?:19|20)\d\d$)\d+(?:kbps|kbit|khz|hz|ch|bits?|k)?"
)


def role_of(stream: AudioStream) -> Role:
    """By its title; by its flags where that says nothing."""
    told = titled(stream.title)
    if told is not Role.MAIN:
        return told
    return next((role for flag, role in _FLAGS if flag in stream.dispositions), Role.MAIN)


def titled(title: str | None) -> Role:
    """What a title says a track is for."""
    plain = _plain(title)
    return next((role for role, words in _WORDS if words.search(plain)), Role.MAIN)


def may_be_one_programme(one: AudioStream, other: AudioStream) -> bool:
    """Whether two tracks of one language and role may hold the same, one in stereo and one in surround: their titles
    name no two different things, such as two dubs of 1970 and 2005."""
    first, second = _told(one.title), _told(other.title)
    return first == second or not first or not second


def _told(title: str | None) -> frozenset[str]:
    words = re.findall(r"\w+", _plain(title))
    return frozenset(word for word in words if _TECHNICAL.fullmatch(word) is None)


def _plain(title: str | None) -> str:
    """Small letters without accents; Korean syllables and kana stay what they are."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", title or "") if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFKC", bare.casefold())
