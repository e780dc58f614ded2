"""The checker of argv finds what ffmpeg would refuse, or would take for something else."""

from __future__ import annotations

import pytest

from tests.encoder.ffmpeg_options import argv_complaints, encoder_complaints, graph_complaints, parsed

HEAD = ["ffmpeg", "-hide_banner", "-y", "-i", "file:in", "-map", "0:0"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("-nonsense", "1"), "knows no -nonsense"),
        (("-crf", "21"), "h264_vaapi knows no -crf"),
        (("-rc_mode", "CRF"), "-rc_mode CRF: neither a number nor one of"),
        (("-rc_mode", "9"), "-rc_mode 9: not within 0 and 6"),
        (("-qp", "-1"), "not within 0 and 52"),
        (("-qp", "23.5"), "not a whole number"),
        (("-level", "4.0"), "a name that is not known"),
        (("-profile", "main10"), "neither a number nor one of"),
        (("-low_power", "maybe"), "no boolean"),
        (("-sei", "timing+hdr"), "no flag hdr"),
        (("-maxrate", "62500kbit"), "neither a number"),
        (("-maxrate", "5000M"), "not within 0 and INT_MAX"),
    ],
)
def test_what_an_encoder_would_refuse_is_found(options: tuple[str, str], complaint: str) -> None:
    found = list(encoder_complaints("h264_vaapi", options))
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    "options",
    [
        ("-rc_mode", "QVBR"),
        ("-rc_mode", "5"),
        ("-level", "4.1"),
        ("-level", "40"),
        ("-sei", "identifier+timing"),
        ("-maxrate", "62500k"),
        ("-global_quality", "23"),
        ("-color_trc", "bt709"),
        ("-enc_time_base", "1:12000"),
    ],
)
def test_what_an_encoder_takes_is_let_through(options: tuple[str, str]) -> None:
    assert list(encoder_complaints("h264_vaapi", options)) == []


@pytest.mark.parametrize(
    ("graph", "complaint"),
    [
        ("nonsense", "no filter nonsense"),
        ("bwdif=mode=send_frames", "bwdif mode=send_frames: neither a number"),
        ("bwdif=parity=2", "not within -1 and 1"),
        ("scale_vaapi=width=10", "scale_vaapi knows no width"),
        ("scale=2:2,[0:1]scale_cuda=format=nv21x;nullsink", "no pixel format"),
        ("hwdownload=1", "hwdownload takes nothing"),
        ("format=nv12|vaapi|p10", "no pixel format p10"),
    ],
)
def test_what_a_filter_would_refuse_is_found(graph: str, complaint: str) -> None:
    found = list(graph_complaints(graph))
    assert len(found) == 1
    assert complaint in found[0]


def test_labels_and_escapes_are_no_filters() -> None:
    assert (
        list(graph_complaints(r"[0:0]ass=filename=a\\:b\,c\;d,fps=24/1:eof_action=pass[picture];[0:0]nullsink")) == []
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-nonsense", "1", "file:out"], "-nonsense is not known"),
        (["-c:0", "libx264", "-crf:0", "90x", "file:out"], "-crf 90x: neither a number"),
        (["-c:0", "libx264", "-cpu-used:0", "3", "file:out"], "libx264 knows no -cpu-used"),
        (["-filter:0", "scales=2:2", "file:out"], "no filter scales"),
        (["-movflags", "+fasterstart", "file:out"], "no flag fasterstart"),
        (["-hwaccel", "warp", "-i", "file:in", "file:out"], "-hwaccel warp: not known"),
        (["-init_hw_device", "warp=gpu", "file:out"], "-init_hw_device warp=gpu: not known"),
        (["file:out", "-b:0", "1M"], "-b:0 belongs to no file"),
    ],
)
def test_what_a_command_would_fail_for_is_found(words: list[str], complaint: str) -> None:
    found = list(argv_complaints([*HEAD, *words]))
    assert len(found) == 1
    assert complaint in found[0]


def test_a_sound_command_is_let_through() -> None:
    told = [
        "-c:0",
        "libx264",
        "-crf:0",
        "21",
        "-preset:0",
        "slow",
        "-movflags",
        "+faststart",
        "-f",
        "mp4",
        "file:out",
    ]
    assert list(argv_complaints([*HEAD, *told])) == []


def test_help_is_read_as_both_generations_print_it() -> None:
    text = (
        "x AVOptions:\n"
        "  -rc                <int>        E..V....... Mode (from -1 to INT_MAX) (default -1)\n"
        "     vbr             1            E..V....... Variable\n"
        "     flagged                      E..V.......\n"
        "   w                 <string>     ..FV.....T. Width\n"
        "   sizes             [<int>     ]..FV....... Numbers\n"
    )
    found = parsed(text)
    assert set(found) == {"rc", "w", "sizes"}
    assert found["rc"][0].constants == {"vbr", "flagged"}
    assert (found["rc"][0].least, found["rc"][0].most) == ("-1", "INT_MAX")
