"""ASS and SSA as they are found: odd, broken, huge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.encoder.ass import Event, events
from mkv2castd.encoder.webvtt import to_webvtt

STYLES = "Format: Name, Fontname, Bold, Italic, Underline, Alignment"
EVENTS = "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
SOME = "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,text"


def read(*lines: str) -> list[Event]:
    return list(events(["[V4+ Styles]", STYLES, *lines]))


def one(*lines: str) -> Event:
    (event,) = read(*lines)
    return event


@pytest.mark.parametrize(
    "style",
    [
        "Style:",
        "Style: Default",
        "Style: Default,Arial",
        "Style: Default,Arial,yes,no,,somewhere",
        "Style: Default,Arial,99999999999999999999,0,0,2",
        "Style: Default,Arial,0,0,0,2,1,2,3,4,5,6,7,8,9",
        "Style",
        "Format: Fontname, Bold",
        "Format:",
    ],
)
def test_a_style_that_cannot_be_read_costs_no_line(style: str) -> None:
    assert one(style, "[Events]", EVENTS, SOME).parts[0][0] == "text"


def test_what_a_style_says_is_kept_where_others_are_broken() -> None:
    rows = ("Style: Broken,,x", "Style: Thought,Arial,0,-1,0,8", "Style: *Loud,Arial,1,0,1,2", "[Events]", EVENTS)
    thought, loud = read(*rows, SOME.replace("Default", "Thought"), SOME.replace("Default", "Loud"))
    assert (thought.base.italic, thought.base.bold, thought.top) == (True, False, True)
    assert (loud.base.italic, loud.base.bold, loud.base.underline, loud.top) == (False, True, True, False)


@pytest.mark.parametrize(
    "event",
    [
        "Dialogue:",
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default",
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,",
        "Dialogue: 0,once,0:00:02.00,Default,,0,0,0,,text",
        "Dialogue: 0,0:00:01.00,,Default,,0,0,0,,text",
        "Dialogue: 0,99999999:00:01.00,0:00:02.00,Default,,0,0,0,,text",
        "Dialogue 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,text",
        "Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,text",
    ],
)
def test_an_event_that_cannot_be_read_costs_no_other(event: str) -> None:
    assert len(read("[Events]", EVENTS, event, SOME, event)) == 1


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("0:00:01.00", 1000), ("0:00:01.5", 1500), ("0:00:01", 1000), ("-0:00:01.00", -1000), ("100:00:00.00", 36e7)],
)
def test_times_as_they_are_written(text: str, milliseconds: float) -> None:
    assert one("[Events]", SOME.replace("0:00:01.00", text)).start == milliseconds


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("", SOME),
        ("Format: Layer, Start, Text, End", SOME),
        ("Format: nonsense", SOME),
        ("Format: Layer, Start, End, Style, Text", "Dialogue: 0,0:00:01.00,0:00:02.00,Default,text"),
        ("Format: Marked,Start,End,Text", "Dialogue: Marked=0,0:00:01.00,0:00:02.00,text"),
    ],
)
def test_fields_are_told_by_the_format_where_it_makes_sense(form: str, line: str) -> None:
    event = one("[Events]", form, line)
    assert (event.start, event.end, event.parts[0][0]) == (1000, 2000, "text")


def test_ssa_counts_places_in_its_own_way() -> None:
    style = "Style: Default,Arial,20,1,2,3,4,{},0,1,1,1,{},10,10,10,0,0"
    for alignment, top in ((2, False), (6, True), (9, False)):
        head = ("[V4 Styles]", style.format(-1, alignment), "[Events]", SOME)
        (event,) = events(head)
        assert (event.top, event.base.bold) == (top, True)


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        (r"{\i1}a{\i}b", [("a", True), ("b", False)]),
        (r"{\iclip(1,2,3,4)\pos(1,2)\bord1\blur1\u\fnArial i1}a", [("a", False)]),
        (r"a {comment \i1} b", [("a ", False), (" b", True)]),
        (r"{\t(\i1)\b1}a", [("a", True)]),
        (r"{\i1\r}a", [("a", False)]),
        ("a { b", [("a { b", False)]),
        ("} a", [("} a", False)]),
    ],
)
def test_overrides(text: str, looks: list[tuple[str, bool]]) -> None:
    parts = one("[Events]", SOME.replace("text", text)).parts
    assert [(piece, look.italic) for piece, look in parts if piece] == looks


def test_bold_may_be_a_weight() -> None:
    parts = one("[Events]", SOME.replace("text", r"{\b700}a{\b400}b{\b1}c{\b0}d")).parts
    assert [look.bold for _, look in parts] == [False, True, False, True, False]


@given(st.lists(st.text(alphabet="[]V4+SstylesEvents:,{}\\ianbpr0189.-&Format DialogueTx\n\x00é", max_size=80)))
def test_nothing_that_can_be_written_is_an_error(lines: list[str]) -> None:
    to_webvtt(["[V4+ Styles]", STYLES, *lines, "[Events]", *(f"Dialogue: {line}" for line in lines)], "tag")


class TestHuge:
    """Each takes a second; where the work grew with the square of the length, minutes to hours."""

    def test_a_line_with_an_override_for_each_letter(self) -> None:
        text = "".join(rf"{{\k1\c&H{n:06X}&}}x" for n in range(100_000))
        assert "x" * 100_000 in (to_webvtt([SOME.replace("text", text)], "tag") or "")

    def test_a_line_of_brackets_that_nothing_closes(self) -> None:
        text = "{" * 300_000
        assert text in (to_webvtt([SOME.replace("text", text)], "tag") or "")

    def test_a_film_typeset_frame_by_frame_on_many_layers(self) -> None:
        frames = (
            f"Dialogue: {layer},0:{frame // 1500:02}:{frame // 25 % 60:02}.{frame % 25 * 4:02},"
            f"0:{(frame + 1) // 1500:02}:{(frame + 1) // 25 % 60:02}.{(frame + 1) % 25 * 4:02},"
            rf"Sign,,0,0,0,,{{\an7\pos({frame},{layer})\blur{layer}}}Sign {frame // 5000}{{\p1}}m 0 0 l 1 1"
            for frame in range(10_000)
            for layer in range(5)
        )
        made = to_webvtt(frames, "tag") or ""
        assert [block.split("\n")[1] for block in made.rstrip().split("\n\n")[2:]] == ["Sign 0", "Sign 1"]

    def test_a_cue_for_each_of_many_lines(self) -> None:
        rows = (SOME.replace("text", f"line {n}") for n in range(50_000))
        assert (to_webvtt(rows, "tag") or "").count("-->") == 50_000
