"""Whether a film is interlaced is seen in its frames, where its flags do not tell."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from mkv2castd.encoder.media import Scan
from mkv2castd.encoder.scanning import Fields, is_doubtful, read_idet, scan_of
from mkv2castd.encoder.survey import examine
from tests.encoder.films import video

PROGRESSIVE = Fields(progressive=90, undetermined=30)
TOP = Fields(top_first=95, progressive=2, undetermined=23)
BOTTOM = Fields(bottom_first=95, progressive=2, undetermined=23)
PULLED_DOWN = Fields(top_first=80, progressive=20, undetermined=20, repeated_top=24, repeated_bottom=24)
STILL = Fields(undetermined=120)
FLICKER = Fields(top_first=48, bottom_first=41, progressive=31)
NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("facts", "samples", "found"),
    [
        ({}, [TOP], Scan.TOP_FIRST),
        ({}, [BOTTOM, BOTTOM, STILL], Scan.BOTTOM_FIRST),
        ({}, [PROGRESSIVE, TOP, PROGRESSIVE], Scan.TOP_FIRST),
        ({}, [PROGRESSIVE, PROGRESSIVE], None),
        ({}, [STILL, FLICKER], None),
        ({}, [], None),
        ({}, [replace(TOP, top_first=20)], None),
        ({"field_order": "bb"}, [replace(TOP, top_first=20)], Scan.TOP_FIRST),
        ({"field_order": "tt"}, [PROGRESSIVE, PROGRESSIVE], Scan.PROGRESSIVE),
        ({"field_order": "tt"}, [PROGRESSIVE, STILL], None),
        ({"field_order": "tt"}, [PROGRESSIVE, replace(PROGRESSIVE, top_first=9)], None),
        ({"field_order": "tt"}, [STILL, STILL], None),
        ({"frame_rate": NTSC}, [PULLED_DOWN, STILL, PULLED_DOWN], Scan.TELECINED),
        ({"frame_rate": NTSC}, [PULLED_DOWN, TOP], Scan.TOP_FIRST),
        ({"frame_rate": NTSC}, [PULLED_DOWN, PROGRESSIVE], Scan.TOP_FIRST),
        ({"frame_rate": Fraction(25)}, [PULLED_DOWN], Scan.TOP_FIRST),
        ({"frame_rate": None}, [PULLED_DOWN], Scan.TOP_FIRST),
    ],
)
def test_what_the_samples_say_together(facts: dict[str, object], samples: list[Fields], found: Scan | None) -> None:
    assert scan_of(video(**({"codec": "mpeg4", "field_order": None} | facts)), samples) is found


@pytest.mark.parametrize(
    ("codec", "order", "doubtful"),
    [
        *(("h264", "progressive", False), ("h264", "tt", True), ("h264", None, True)),
        *(("mpeg4", "progressive", True), ("mpeg4", None, True), ("dvvideo", None, True)),
        *(("hevc", None, False), ("vp9", None, False), ("av1", None, False), (None, None, False)),
        *(("mpeg2video", "progressive", True), ("mpeg2video", "bb", True)),
    ],
)
def test_who_is_looked_at(codec: str | None, order: str | None, doubtful: bool) -> None:
    assert is_doubtful(video(codec=codec, field_order=order)) is doubtful
    assert not is_doubtful(video(codec=codec, field_order=order, scan=Scan.PROGRESSIVE))


def test_counts_are_told_apart_by_their_filter() -> None:
    said = """
[Parsed_idet_0 @ 0x55a] Repeated Fields: Neither:    61 Top:    20 Bottom:    19
[Parsed_idet_0 @ 0x55a] Single frame detection: TFF:    80 BFF:     1 Progressive:    18 Undetermined:     2
[Parsed_idet_0 @ 0x55a] Multi frame detection: TFF:    97 BFF:     4 Progressive:     0 Undetermined:     0
[Parsed_idet_0 @ 0x66b] Repeated Fields: Neither:     1 Top:     0 Bottom:     0
[Parsed_idet_0 @ 0x66b] Single frame detection: TFF:     0 BFF:     0 Progressive:     0 Undetermined:     1
[Parsed_idet_0 @ 0x77c] Repeated Fields: Neither:     0 Top:     0 Bottom:     0
[Parsed_idet_0 @ 0x77c] Single frame detection: TFF:     0 BFF:     0 Progressive:     0 Undetermined:     0
"""
    assert read_idet(said) == (Fields(80, 1, 18, 2, 20, 19), Fields(undetermined=1))
    assert read_idet("Conversion failed!") == ()


MOVING = "testsrc2=s=640x480:r=50:d=4,zoompan=z='1+0.002*on':d=1:s=320x240:fps=50"
SLIDING = "testsrc2=s=640x480:r=60000/1001:d=5,zoompan=z='1+0.002*on':d=1:s=320x240:fps=60000/1001"


@pytest.mark.parametrize(
    ("picture", "options", "suffix", "found"),
    [
        (f"{MOVING},tinterlace=interleave_top", "mpeg4", "avi", Scan.TOP_FIRST),
        (f"{MOVING},tinterlace=interleave_bottom", "ffv1", "mkv", Scan.BOTTOM_FIRST),
        (f"{MOVING},scale=720:576,tinterlace=interleave_top", "dvvideo -pix_fmt yuv420p", "avi", Scan.TOP_FIRST),
        (f"{MOVING},tinterlace=interleave_top,setfield=tff", "libx264 -flags +ildct+ilme", "ts", Scan.TOP_FIRST),
        (f"{MOVING},fps=25", "mpeg4", "avi", None),
        ("testsrc2=s=720x576:d=1", "huffyuv", "avi", None),
        ("testsrc2=s=720x576:d=5", "mpeg4", "mkv", None),
        ("smptebars=s=320x240:r=25:d=3", "mpeg4", "avi", None),
        ("color=s=320x240:r=25:d=3", "mjpeg", "avi", None),
        (f"{SLIDING},fps=24000/1001,telecine=pattern=23", "mpeg2video -q:v 3", "mpg", Scan.TELECINED),
        (f"{SLIDING},fps=24000/1001,telecine=pattern=23:first_field=bottom", "mpeg4 -q:v 3", "mkv", Scan.TELECINED),
        (f"{SLIDING},fps=25,setfield=tff", "mpeg2video -q:v 3 -flags +ildct+ilme", "ts", Scan.PROGRESSIVE),
    ],
)
async def test_real_films(tmp_path: Path, picture: str, options: str, suffix: str, found: Scan | None) -> None:
    film = tmp_path / f"film.{suffix}"
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", picture, "-c:v", *options.split(), str(film)]
    subprocess.run(argv, check=True, timeout=90)
    media = await examine(film)
    assert media.picture is not None
    assert media.picture.scan is found


async def test_an_ordinary_film_costs_one_ffprobe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = tmp_path / "film.mkv"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=160x90:d=1", "-c:v", "libx264", "-preset", "ultrafast"]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *picture, str(film)], check=True, timeout=90)
    monkeypatch.setattr("mkv2castd.encoder.survey.capture", None)
    media = await examine(film)
    assert media.picture is not None
    assert media.picture.scan is None


async def test_a_look_that_fails_leaves_the_film_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = tmp_path / "film.avi"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=160x90:d=1", "-c:v", "mpeg4"]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *picture, str(film)], check=True, timeout=90)
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "ffmpeg").write_text("#!/bin/sh\nsleep 60\n")
    (broken / "ffmpeg").chmod(0o755)
    environment = {"PATH": f"{broken}:/usr/local/bin:/usr/bin:/bin"}
    monkeypatch.setenv("PATH", environment["PATH"])
    media = await examine(film, patience=2.0)
    assert media.picture is not None
    assert media.picture.scan is None
