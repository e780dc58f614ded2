"""ASS as ffmpeg writes it → WebVTT as receivers draw it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.encoder.webvtt import is_as_written, tag_of, to_webvtt

HEAD = r"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0
Style: Loud,Arial,16,&Hffffff,&Hffffff,&H0,&H0,-1,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0
Style: Thought,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,-1,0,0,100,100,0,0,1,1,0,2,10,10,10,0
Style: Sign,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,8,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""  # noqa: E501


def cues(*events: str) -> list[str]:
    """What is made of lines of text, or of whole events, without the file's head."""
    rows = [e if e.startswith(("Dialogue:", "Comment:")) else line(e) for e in events]
    made = to_webvtt([*HEAD.split("\n"), *rows], "tag")
    return [] if made is None else made.rstrip("\n").split("\n\n")[2:]


def line(text: str, start: str = "0:00:01.00", end: str = "0:00:02.00", style: str = "Default") -> str:
    return f"Dialogue: 0,{start},{end},{style},,0,0,0,,{text}"


def text_of(event: str) -> str:
    (cue,) = cues(event)
    return cue.partition("\n")[2]


@pytest.mark.parametrize(
    ("ass", "vtt"),
    [
        ("Hello", "Hello"),
        (r"One\NTwo\nthree\hfour", "One\nTwo three four"),
        (r"{\i1}Hello{\i0} world", "<i>Hello</i> world"),
        (r"{\b1\i1}both{\b0\i0} {\u1}under{\u0}", "<b><i>both </i></b><u>under</u>"),
        (r"{\i1}over\Ntwo lines", "<i>over</i>\n<i>two lines</i>"),
        (r"{\k20}Ka{\k30}ra{\k10}o{\k5}ke", "Karaoke"),
        (r"{\pos(100,20)\blur3\c&H0000FF&\fs40\t(0,500,\fs60)}Sign", "Sign"),
        (r"5 < 6 & 7 --> 8", "5 &lt; 6 &amp; 7 --&gt; 8"),
        (r"one\N\N\Ntwo", "one\ntwo"),
        (r"{\p1}m 0 0 l 100 0 100 100{\p0}after", "after"),
        ("a\x00b\x1bc", "abc"),
    ],
)
def test_styling_is_reduced(ass: str, vtt: str) -> None:
    assert text_of(ass) == vtt


def test_styles_count_where_they_say_something() -> None:
    assert text_of(line("thinking", style="Thought")) == "<i>thinking</i>"
    assert text_of(line("all of it is bold", style="Loud")) == "all of it is bold"
    assert text_of(line(r"no{\rThought}w", style="Default")) == "no<i>w</i>"
    assert text_of(line("no such style", style="Nowhere")) == "no such style"


@pytest.mark.parametrize(
    ("event", "top"),
    [
        (line(r"{\an8}up"), True),
        (line(r"{\an2}down"), False),
        (line(r"{\a6}up, as SSA says it"), True),
        (line(r"{\a10}middle, as SSA says it"), False),
        (line("up", style="Sign"), True),
        (line(r"{\an2}down", style="Sign"), False),
    ],
)
def test_what_stands_at_the_top_stays_there(event: str, top: bool) -> None:
    (cue,) = cues(event)
    assert cue.partition("\n")[0].endswith(" line:0") is top


def test_times_are_told_in_hours() -> None:
    (cue,) = cues(line("late", "11:59:58.76", "12:00:01.00"))
    assert cue == "11:59:58.760 --> 12:00:01.000\nlate"


def test_what_shows_nothing_is_left_out() -> None:
    assert cues("Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,a note") == []
    assert cues(r"{\p1}m 0 0 l 100 0", "", r"\N\N", line("no time", "0:00:02.00", "0:00:02.00")) == []
    assert to_webvtt(HEAD.split("\n"), "tag") is None


def test_a_line_shown_frame_by_frame_or_on_several_layers_is_one() -> None:
    frames = [line(rf"{{\pos({n},5)}}Sign", f"0:00:01.{n:02}", f"0:00:01.{n + 4:02}") for n in range(0, 40, 4)]
    layers = [line("Twice", "0:00:05.00", "0:00:06.00")] * 2
    again = [line("Sign", "0:00:09.00", "0:00:10.00")]
    told = [cue.replace("\n", " ") for cue in cues(*frames, *layers, *again)]
    assert told == [
        "00:00:01.000 --> 00:00:01.400 Sign",
        "00:00:05.000 --> 00:00:06.000 Twice",
        "00:00:09.000 --> 00:00:10.000 Sign",
    ]


def test_ours_are_known_by_their_tag() -> None:
    made = to_webvtt([*HEAD.split("\n"), line("x")], "1;2;3;4")
    assert made is not None
    assert made.startswith("WEBVTT\n\n")
    assert tag_of(made) == "1;2;3;4"
    assert is_as_written(made)
    assert not is_as_written(made.replace("x", "y"))
    assert is_as_written("WEBVTT\n\nNOTE MKV2CASTD=1;2;3;4\n\n"), "an older one, which does not tell"
    assert not is_as_written("WEBVTT\n\n")
    assert tag_of("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nNOTE MKV2CASTD=x") is not None
    assert tag_of("WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\na\nNOTE MKV2CASTD=x") is None
    assert tag_of("") is None


@given(st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=("Cs",)), max_size=60))
def test_any_text_makes_a_file_that_can_be_read(text: str) -> None:
    made = to_webvtt([*HEAD.split("\n"), line(text)], "tag")
    if made is None:
        return
    blocks = made.rstrip("\n").split("\n\n")
    assert blocks[0] == "WEBVTT"
    assert blocks[1].startswith("NOTE MKV2CASTD=tag ")
    assert is_as_written(made)
    for block in blocks[2:]:
        times, *rest = block.split("\n")
        assert times.startswith("00:00:01.000 --> 00:00:02.000")
        assert rest
        assert all(row.strip() and "-->" not in row for row in rest)
