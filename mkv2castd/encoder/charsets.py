"""Bytes of a subtitle file → text, whatever character set it is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mkv2castd.encoder import languages

# What subtitles are written in. Fewer choices than the library knows make fewer mistakes.
_CHARSETS = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("gb18030", "big5", "cp932", "euc_jp", "cp949", "koi8_r", "iso8859_2"),
)
# What a text in this language is most likely in, where several would do.
_USUAL: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        **dict.fromkeys(("bs", "cs", "hr", "hu", "pl", "ro", "sk", "sl"), ("cp1250", "iso8859_2")),
        **dict.fromkeys(("be", "bg", "mk", "ru", "sr", "uk"), ("cp1251", "koi8_r")),
        **dict.fromkeys(("ca", "da", "de", "en", "es", "fi", "fr", "is", "it"), ("cp1252",)),
        **dict.fromkeys(("nb", "nl", "nn", "no", "pt", "sv"), ("cp1252",)),
        **dict.fromkeys(("et", "lt", "lv"), ("cp1257",)),
        "ar": ("cp1256",),
        "el": ("cp1253", "iso8859_7"),
        "fa": ("cp1256",),
        "he": ("cp1255",),
        "ja": ("cp932", "euc_jp"),
        "ko": ("cp949",),
        "th": ("cp874",),
        "tr": ("cp1254",),
        "vi": ("cp1258",),
        "zh": ("gb18030", "big5"),
    }
)
# Letters beyond ASCII of languages whose usual sets differ in few of them, so that only these tell which one it is.
_LETTERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("bs", "hr"), frozenset("čćđšž")),
        "cs": frozenset("áčďéěíňóřšťúůýž"),
        "el": frozenset(map(chr, range(0x0386, 0x03CF))),
        "hu": frozenset("áéíóöőúüű"),
        "pl": frozenset("ąćęłńóśźż"),
        "ro": frozenset("ăâîşţ"),
        "sk": frozenset("áäčďéíĺľňóôŕšťúýž"),
        "sl": frozenset("čšž"),
    }
)
_PUNCTUATION = frozenset("„“”‚‘’‹›«»–—…°§•\xa0")
_MARKED = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_ZEROS = 0.1  # so large a part of a text in UTF-16 is zeros at least, also in Chinese: a cue's times are ASCII
# So large a part of the letters beyond ASCII may be broken in a text that is UTF-8 nevertheless.
_BROKEN = 0.05


def to_text(raw: bytes, language: str | None = None) -> str:
    """`raw` decoded as `charset_of` tells. What cannot be decoded at all becomes U+FFFD."""
    return raw.decode(charset_of(raw, language), "replace")


def charset_of(raw: bytes, language: str | None = None) -> str:
    """Python's name of what `raw` is in: by its byte order mark or the zeros of UTF-16, UTF-8 if it is that but for a
    few broken letters, else by what its letters look like. language: as the file's name or the track tells it (`ru`,
    `rus`), which decides between several that would do. Slow for megabytes: call it in a thread."""
    for mark, name in _MARKED:
        if raw.startswith(mark):
            return name
    wide = _wide(raw)
    if wide is not None:
        return wide
    return "utf-8" if _is_utf8(raw) else _charset(raw, languages.short(language))


def _wide(raw: bytes) -> str | None:
    """UTF-16 without a mark, by the zeros that its digits, spaces and arrows have in every second place."""
    enough = len(raw) * _ZEROS
    odd, even = raw[1::2].count(0), raw[::2].count(0)
    if max(odd, even) <= enough or min(odd, even) > enough / 10:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_utf8(raw: bytes) -> bool:
    """Other character sets make a valid letter of more than one byte now and then, never most of the time."""
    text = raw.decode("utf-8", "replace")
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    return text.count("\ufffd") <= foreign * _BROKEN


def _charset(raw: bytes, language: str | None) -> str:
    from charset_normalizer import from_bytes  # 5 MB, and only for old files

    matches = from_bytes(raw, cp_isolation=list(_CHARSETS))
    found = [name for match in matches for name in (match.encoding, *match.could_be_from_charset)]
    usual = _USUAL.get(language or "", ())
    letters = _LETTERS.get(language or "")
    if letters is not None and (fitting := [name for name in usual if _fits(raw, name)]):
        return min(fitting, key=lambda name: _strange(raw.decode(name), letters))
    likely = [name for name in usual if name in found] or [name for name in usual if _fits(raw, name)]
    if likely or not found:
        return likely[0] if likely else "cp1252"
    # Western and Central European differ in few letters; a text that may be both is far more often the former
    return "cp1252" if found[0] == "cp1250" and "cp1252" in found else found[0]


def _strange(text: str, letters: frozenset[str]) -> int:
    """How many characters are neither ASCII nor what a text with these letters has besides."""
    known = letters | _PUNCTUATION
    return sum(not letter.isascii() and letter not in known for letter in text.lower())


def _fits(raw: bytes, charset: str) -> bool:
    try:
        raw.decode(charset)
    except UnicodeDecodeError:
        return False
    return True
