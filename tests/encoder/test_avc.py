"""What H.264 says of itself, read from real files, from bytes that are none, and used where ffprobe does not know."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkv2castd.config import Settings
from mkv2castd.encoder.avc import Sequence, sequences
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.survey import examine
from tests.encoder.converting import convert

CLIP = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=24:d=0.5", "-c:v", "libx264", "-preset", "veryfast")


def made(path: Path, *options: str, size: str = "320x180") -> Path:
    argv = [part.replace("320x180", size) for part in CLIP]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *argv, *options, str(path)], check=True, timeout=90)
    return path


def decoded_refs(film: Path) -> int:
    """As the decoder has them."""
    argv = ["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_frames", "-show_entries", "stream=refs:frame="]
    told = subprocess.run([*argv, str(film)], capture_output=True, check=True, text=True, timeout=90).stdout
    return int(told.split()[-1])


@pytest.mark.parametrize(
    ("name", "options", "fields"),
    [
        ("a.mkv", "-pix_fmt yuv420p -refs 3", False),
        ("b.mp4", "-pix_fmt yuv420p -refs 7", False),
        ("c.flv", "-pix_fmt yuv420p -profile:v baseline -refs 2", False),
        ("d.mov", "-pix_fmt yuv422p10le -refs 4 -movflags +faststart", False),
        ("e.mkv", "-pix_fmt yuv444p -bf 0 -refs 1", False),
        ("f.mkv", "-pix_fmt yuv420p -refs 2 -flags +ildct+ilme", True),
        ("g.mkv", "-pix_fmt yuv420p -refs 2 -x264-params cqm=jvt", False),
        ("h.mkv", "-pix_fmt yuv420p -refs 1 -x264-params fake-interlaced=1", True),
    ],
)
def test_the_parameters_of_real_films(tmp_path: Path, name: str, options: str, fields: bool) -> None:
    film = made(tmp_path / name, *options.split())
    assert list(sequences(film.read_bytes())) == [Sequence(320, 192, decoded_refs(film), fields)]


@given(st.binary(max_size=300), st.binary(max_size=200))
def test_bytes_that_only_resemble_parameters_do_no_harm(before: bytes, behind: bytes) -> None:
    record = b"\x01\x64\x00\x1f\xff\xe1\x00\x18\x67\x64\x00\x1f"
    for found in sequences(before + record + behind):
        assert 0 <= found.references <= 16
        assert 16 <= found.width <= 16384


def test_a_film_with_more_references_than_its_level_keeps_is_encoded(tmp_path: Path) -> None:
    """Nine frames of this size are what level 4.1 keeps; the container tells nothing of sixteen."""
    film = made(
        tmp_path / "f.mkv", "-pix_fmt", "yuv420p", "-refs", "16", "-x264-params", "level=4.1", size="1280x720"
    )
    settings = Settings(quality="fast")
    decision = plan(asyncio.run(examine(film)), settings)
    assert isinstance(decision, Plan)
    assert "needs more than level 4.1" in decision.picture.reason
    assert not convert(film, settings).plan.copies_video


def test_an_overstated_level_is_lowered_where_the_references_fit(tmp_path: Path) -> None:
    film = made(tmp_path / "f.mp4", "-pix_fmt", "yuv420p", "-refs", "4", "-x264-params", "level=5.2", size="1280x720")
    media = asyncio.run(examine(film))
    assert media.picture is not None
    assert media.picture.refs == 4
    assert convert(film).plan.copies_video


def test_frames_tell_that_they_are_interlaced_where_the_container_denies_it(tmp_path: Path) -> None:
    film = made(tmp_path / "f.mkv", "-pix_fmt", "yuv420p", "-x264-params", "tff=1")
    media = asyncio.run(examine(film))
    assert media.picture is not None
    assert media.picture.coded_fields
    assert media.picture.field_order == "bb"
    assert not isinstance(plan(media, Settings()), Skip)


def test_what_could_be_fields_and_is_not_plays(tmp_path: Path) -> None:
    film = made(tmp_path / "f.mkv", "-pix_fmt", "yuv420p", "-x264-params", "fake-interlaced=1")
    media = asyncio.run(examine(film))
    assert media.picture is not None
    assert media.picture.coded_fields
    assert isinstance(plan(media, Settings()), Skip)


def test_levels_above_are_looked_at_where_the_film_has_no_record(tmp_path: Path) -> None:
    film = made(tmp_path / "f.ts", "-pix_fmt", "yuv420p", "-refs", "3", "-x264-params", "level=5.1", size="1280x720")
    media = asyncio.run(examine(film))
    assert media.picture is not None
    assert media.picture.refs == decoded_refs(film) > 1
