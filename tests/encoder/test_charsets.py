"""Old subtitle files are read in whatever character set they are in."""

from __future__ import annotations

import pytest

from mkv2castd.encoder.charsets import to_text

WESTERN = "Ich weiß nicht, was soll es bedeuten.\nOù est la bibliothèque? À côté.\nEl niño está aquí, ¿no?"
FRENCH = "Où est la bibliothèque? À côté.\nIl était une fois dans l'Ouest.\nÇa va? Très bien, merci."
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy.\nNevím, co mám říct."
RUSSIAN = "Привет, как дела?\nЭто субтитры.\nЯ не знаю, что тебе сказать."
GREEK = "Γεια σου, τι κάνεις;\nΑυτοί είναι υπότιτλοι."
CHINESE = "你好,你今天怎么样?\n这是电影的字幕。\n我不知道该说什么。"
JAPANESE = "こんにちは、元気ですか?\nこれは映画の字幕です。\n何を言えばいいのかわからない。\n東京へ行きましょう。"
KOREAN = "안녕하세요, 어떻게 지내세요?\n영화 자막입니다.\n무슨 말을 해야 할지 모르겠어요."


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_in_any_form(charset: str) -> None:
    text = f"{WESTERN}\n{CHINESE}"
    assert to_text(text.encode(charset)) == text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        *((WESTERN, "cp1252"), (FRENCH, "cp1252"), (CZECH, "cp1250"), (RUSSIAN, "cp1251"), (GREEK, "cp1253")),
        *((CHINESE, "gb18030"), (JAPANESE, "shift_jis"), (KOREAN, "euc_kr")),
    ],
)
def test_what_was_usual_before(text: str, charset: str) -> None:
    whole = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{line}\n\n" for n, line in enumerate(text.split("\n")))
    assert to_text(whole.encode(charset)) == whole


def test_the_language_in_the_name_decides_between_several_that_would_do() -> None:
    one_line = "1\n00:00:01,000 --> 00:00:02,000\nこれは映画の字幕です。\n"
    assert to_text(one_line.encode("shift_jis"), "ja") == one_line
    assert to_text("ÄÖÜ äöü ß".encode("cp1252"), "de") == "ÄÖÜ äöü ß"


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [WESTERN, CHINESE, "Nothing but ASCII"])
def test_utf_16_without_a_mark(text: str, charset: str) -> None:
    whole = f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n"
    assert to_text(whole.encode(charset), "zh") == whole


@pytest.mark.parametrize("charset", ["cp1250", "iso8859_2"])
@pytest.mark.parametrize(
    ("text", "language"),
    [
        (CZECH, "cs"),
        ("Ne znam što da kažem.\nGdje si bio jučer navečer? Čekaj, žurim kući, đavole.", "hr"),
        ("Zażółć gęślą jaźń.\nNie wiem, co powiedzieć.\nGdzie byłeś wczoraj wieczorem? Śpię.", "pl"),
        ("Árvíztűrő tükörfúrógép.\nHol voltál tegnap este?", "hu"),
    ],
)
def test_sets_that_differ_in_few_letters_are_told_by_those_of_the_language(
    text: str, language: str, charset: str
) -> None:
    assert to_text(text.encode(charset), language) == text
    quoted = f"„{text}“ – …"
    assert to_text(quoted.encode("cp1250"), language) == quoted


@pytest.mark.parametrize("charset", ["cp1253", "iso8859_7"])
def test_greek_capitals_with_an_accent(charset: str) -> None:
    text = f"{GREEK}\nΆσε με."
    assert to_text(text.encode(charset), "el") == text


def test_what_is_no_text_is_no_error() -> None:
    assert isinstance(to_text(bytes(range(256)) * 8), str)
    assert to_text(b"") == ""


def test_a_few_broken_letters_do_not_make_it_another_character_set() -> None:
    raw = (RUSSIAN * 20).encode()
    assert "Это субтитры" in to_text(raw[:301] + raw[302:], "ru")


def test_the_language_may_be_told_as_a_track_tells_it() -> None:
    assert to_text("Часть".encode("cp1251"), "rus") == "Часть"
