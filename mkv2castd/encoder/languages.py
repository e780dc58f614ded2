"""Languages by their codes: `ger`, `deu`, `de` and `de-AT` are one language, and what a file name calls it.

The tables are the library langcodes' (IANA's registry, which holds all of ISO 639). It is imported where it is used,
since it costs 4 MB that a daemon without films in work does not need.
"""

from __future__ import annotations

import re

# what says that there is no language, or none that can be named
_NONE = frozenset({"und", "zxx", "mis", "mul"})
_CODE = re.compile(r"[a-z]{2,3}", re.IGNORECASE)


def known(code: str) -> bool:
    """Whether `code` is one of ISO 639: two letters (`de`) or three (`deu`, `ger`) that stand for a language."""
    return _CODE.fullmatch(code) is not None and short(code) is not None


def short(code: str | None) -> str | None:
    """The one spelling of a language, as in file names: `de` for `ger`, `deu`, `de` or `de-AT`; three letters where
    ISO 639-1 has none (`gsw`). None where `code` names no language."""
    bare = re.split("[-_]", code.strip(), maxsplit=1)[0].lower() if code is not None else ""
    if _CODE.fullmatch(bare) is None or bare in _NONE:
        return None
    from langcodes import Language, tag_is_valid

    return Language.get(bare).prefer_macrolanguage().language if tag_is_valid(bare) else None


def same(one: str | None, other: str | None) -> bool:
    """Whether two codes name one language. A language that is a group of others is each of these: `no` (Norwegian)
    is `nb` and `nn`, which differ from one another. What names no language is the same as nothing."""
    a, b = short(one), short(other)
    if a is None or b is None:
        return False
    from langcodes.data_dicts import MACROLANGUAGES

    return a == b or MACROLANGUAGES.get(a) == b or a == MACROLANGUAGES.get(b)


def letters(code: str | None) -> str | None:
    """A language in the three letters that MP4 has room for: `deu` for `de`; `ger` stays. None where `code` names no
    language."""
    named = short(code)
    if code is None or named is None:
        return None
    if re.fullmatch(r"[a-z]{3}", code) is not None:
        return code
    from langcodes import Language

    return Language.get(named).to_alpha3()
