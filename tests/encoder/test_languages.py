"""One language has many codes."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.encoder.languages import known, same, short

SPELLINGS = [
    ("de", "ger", "deu", "DE", "de-AT", " deu "),
    ("fr", "fre", "fra", "fr_CA"),
    ("zh", "chi", "zho", "cmn", "zh-Hant"),
    ("cs", "cze", "ces"),
    ("el", "gre", "ell"),
    ("gsw",),
    ("he", "heb", "iw"),
    ("pt", "por", "pt-BR"),
]


@pytest.mark.parametrize("codes", SPELLINGS, ids=lambda codes: codes[0])
def test_a_language_has_one_short_name(codes: tuple[str, ...]) -> None:
    assert {short(code) for code in codes} == {codes[0]}
    assert all(same(a, b) for a, b in itertools.product(codes, codes))


def test_languages_differ() -> None:
    for one, other in itertools.permutations(SPELLINGS, 2):
        assert not same(one[0], other[-1])


def test_norwegian_is_both_of_its_forms_and_these_are_two() -> None:
    assert same("nor", "nob")
    assert same("nno", "no")
    assert not same("nob", "nno")
    assert (short("nob"), short("nno"), short("nor")) == ("nb", "nn", "no")


@pytest.mark.parametrize("code", [None, "", "und", "UND", "mul", "zxx", "mis", "xxx", "German", "e", "1", "\0"])
def test_what_names_no_language_is_the_same_as_nothing(code: str | None) -> None:
    assert short(code) is None
    assert not same(code, code)
    assert not same(code, "de")


@pytest.mark.parametrize("code", ["de", "deu", "ger", "gsw", "FRA", "sh"])
def test_iso_639_is_known(code: str) -> None:
    assert known(code)


@pytest.mark.parametrize(
    "code", ["", "d", "germ", "xx", "xyz", "und", "mul", "de-AT", "deutsch", "d1", "de ", "de\n"]
)
def test_anything_else_is_not(code: str) -> None:
    assert not known(code)


@given(st.text(max_size=12))
def test_any_text_has_an_answer_that_fits_a_file_name(text: str) -> None:
    name = short(text)
    assert name is None or (name.isascii() and name.isalpha() and name.islower() and 2 <= len(name) <= 3)
    assert name is None or short(name) == name
    assert same(text, name) is (name is not None)


def test_the_tables_are_not_loaded_before_they_are_needed() -> None:
    code = "import sys, mkv2castd.cli, mkv2castd.daemon; print('langcodes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
