"""Picture and sound stay together: flashes and beeps, measured before and after."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.command import convert_argv
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.survey import examine
from mkv2castd.encoder.timing import bitstream_filters, clock, input_options, out_of_order
from mkv2castd.encoder.verify import verify
from mkv2castd.model import Container
from tests.encoder.films import video
from tests.encoder.flashes import distances, make_flashes, moments

H264 = "libx264 -preset veryfast -pix_fmt yuv420p -bf 3 -g 50"
PLAIN = "libx264 -preset ultrafast -pix_fmt yuv420p -g 50"
MPEG4, MPEG2 = "mpeg4 -q:v 4 -bf 2", "mpeg2video -q:v 4 -bf 2"
VP9 = "libvpx-vp9 -deadline realtime -cpu-used 8"
# What two flashes or beeps may differ by at most, in seconds.
TOGETHER = 0.02


async def converted(film: Path, container: Container = Container.MKV) -> tuple[Path, Plan]:
    settings = Settings(container=container, quality="fast")
    decision = plan(await examine(film), settings)
    assert isinstance(decision, Plan), decision.reason
    output = film.with_name(f"out.{container.value}")
    argv = convert_argv(decision, film, output, "1;1;1;1")
    subprocess.run(argv, check=True, timeout=90, capture_output=True)
    return output, decision


@pytest.mark.parametrize(
    ("name", "picture", "sound", "late", "container"),
    [
        ("in.mkv", H264, "ac3", (0, 0), Container.MKV),
        ("in.mkv", MPEG4, "libmp3lame", (0, 0), Container.MKV),
        ("in.mkv", MPEG4, "libmp3lame", (0, 0), Container.WEBM),
        ("in.mkv", H264, "ac3", (0, 0.7), Container.MP4),
        ("in.mkv", MPEG4, "ac3", (0.7, 0), Container.MP4),
        ("in.mp4", H264, "aac", (0, 0), Container.WEBM),
        ("in.mp4", H264, "ac3", (0, 0), Container.MKV),
        ("in.mp4", MPEG4, "aac", (0.7, 0), Container.MKV),
        ("in.mp4", MPEG4, "aac", (0, 0.7), Container.MP4),
        ("in.ts", MPEG2, "mp2", (0, 0), Container.MKV),
        ("in.ts", H264, "ac3", (0, 0.7), Container.MP4),
        ("in.avi", PLAIN, "ac3", (0, 0), Container.MP4),
        ("in.avi", H264, "libmp3lame", (0, 0), Container.MKV),
        ("in.avi", MPEG4, "libmp3lame", (0, 0), Container.MP4),
        ("in.flv", H264, "aac", (0, 0), Container.WEBM),
        ("in.webm", VP9, "libopus", (0, 0), Container.MP4),
        ("in.ogv", "libtheora -q:v 7", "libvorbis", (0, 0), Container.MKV),
        ("in.wmv", "wmv2 -q:v 4", "wmav2", (0, 0), Container.MKV),
    ],
)
async def test_flashes_and_beeps_stay_together(
    tmp_path: Path, name: str, picture: str, sound: str, late: tuple[float, float], container: Container
) -> None:
    film = make_flashes(tmp_path / name, picture, sound, *late)
    output, _ = await converted(film, container)
    assert distances(output) == pytest.approx(distances(film), abs=TOGETHER)


async def test_frames_at_uneven_times_keep_them(tmp_path: Path) -> None:
    thinned = ",select='not(mod(n,3))+gt(t,1.4)*not(mod(n,2))',settb=1/1000"
    film = make_flashes(tmp_path / "in.mkv", f"{MPEG4} -fps_mode vfr", "ac3", then=thinned)
    output, _ = await converted(film)
    assert distances(output) == pytest.approx(distances(film), abs=TOGETHER)


async def test_a_clock_that_jumps_back_in_a_recording(tmp_path: Path) -> None:
    """Two recordings in one file: the second begins anew, and lasts as long as the first."""
    part = make_flashes(tmp_path / "part.ts", MPEG2, "mp2")
    film = tmp_path / "in.ts"
    film.write_bytes(part.read_bytes() * 2)
    output, _ = await converted(film)
    apart = moments(output)
    assert len(apart) == 4
    assert apart[2] - apart[0] == pytest.approx(4, abs=0.2)


async def test_a_clock_that_overflows(tmp_path: Path) -> None:
    """The clock of a transport stream counts to 95,443.7 s."""
    late = [*H264.split(), "-muxdelay", "0", "-output_ts_offset", "95442"]
    film = make_flashes(tmp_path / "in.ts", " ".join(late), "ac3")
    whole = make_flashes(tmp_path / "whole.ts", H264, "ac3")
    output, _ = await converted(film)
    assert distances(output) == pytest.approx(distances(whole), abs=TOGETHER)


async def test_a_picture_without_times_keeps_its_order(tmp_path: Path) -> None:
    film = make_flashes(tmp_path / "in.avi", H264, "libmp3lame")
    output, decision = await converted(film)
    assert not decision.copies_video
    assert moments(output) == pytest.approx([1.0, 2.52], abs=TOGETHER)
    plain = make_flashes(tmp_path / "plain.avi", PLAIN, "ac3")
    output, decision = await converted(plain)
    assert decision.copies_video
    assert moments(output) == pytest.approx([1.0, 2.52], abs=TOGETHER)


async def test_what_an_edit_list_hides_stays_hidden(tmp_path: Path) -> None:
    """Cut without encoding, between key frames: the edit list hides what lies in front."""
    whole = make_flashes(tmp_path / "whole.mp4", H264, "aac")
    film = tmp_path / "in.mov"
    argv = ["ffmpeg", "-v", "error", "-ss", "0.6", "-i", str(whole), "-map", "0", "-c", "copy", str(film)]
    subprocess.run(argv, check=True, timeout=90)
    shown = moments(film)
    assert shown == pytest.approx([0.4, 1.92], abs=0.05)
    output, decision = await converted(film)
    assert not decision.copies_video
    assert "edit list hides 0.6 s" in decision.picture.reason
    assert moments(output) == pytest.approx(shown, abs=TOGETHER)
    assert distances(output) == pytest.approx(distances(film), abs=TOGETHER)
    output, decision = await converted(film, Container.MP4)
    assert decision.copies_video
    assert distances(output) == pytest.approx(distances(film), abs=TOGETHER)


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
async def test_what_an_edit_list_hides_at_the_end_stays_hidden(tmp_path: Path, container: Container) -> None:
    """Trimmed without encoding, as phones do it: one key frame, and most of the film behind the edit's end."""
    film = make_flashes(tmp_path / "in.mov", H264.replace("-g 50", "-g 500"), "ac3")
    film.write_bytes(ending_after(film.read_bytes(), 1200))
    assert moments(film) == pytest.approx([1.0], abs=0.05)
    output, decision = await converted(film, container)
    assert decision.copies_video
    assert moments(output) == pytest.approx([1.0], abs=0.05)
    duration = (await examine(output)).duration
    assert duration == pytest.approx(1.3, abs=0.2)


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
async def test_a_sound_that_starts_late_goes_on_to_its_end_behind_a_trimmed_picture(
    tmp_path: Path, container: Container
) -> None:
    """The sound begins after 2 s, and lasts 4 s; half of the picture's 4 s are hidden."""
    film = make_flashes(tmp_path / "in.mov", H264.replace("-g 50", "-g 500"), "ac3", late_sound=2)
    film.write_bytes(ending_after(film.read_bytes(), 2000, tracks=1))
    source = await examine(film)
    assert source.picture is not None
    assert (source.picture.tail, source.audio[0].start) == pytest.approx((2.0, 2.0), abs=0.1)
    output, decision = await converted(film, container)
    assert decision.copies_video
    made = await verify(output, decision, film, source, decision.settings)
    assert made.duration == pytest.approx(6.0, abs=0.1)
    assert moments(output) == pytest.approx([1.0], abs=0.05)


def test_where_a_trimmed_copy_ends() -> None:
    trimmed = video(duration=5.0, tail=2.0, start=12.0)
    assert bitstream_filters(("mov",), trimmed, 10.0) == (r"noise=drop=gte(dts*tb\,7.000)",)
    assert bitstream_filters(("mov",), video(duration=5.0, tail=2.0), None) == (r"noise=drop=gte(dts*tb\,5.000)",)
    assert bitstream_filters(("mov",), video(duration=5.0, tail=0.5), None) == ()
    assert bitstream_filters(("matroska", "webm"), trimmed, 10.0) == ()


def ending_after(film: bytes, milliseconds: int, tracks: int = 2) -> bytes:
    """An MP4 whose edit lists end there (ISO/IEC 14496-12, 8.6.6): the first entry's duration, in 1/1000 s,
    of the first so many tracks."""
    changed = bytearray(film)
    place = -4
    for _ in range(tracks):
        place = changed.find(b"elst", place + 4)
        changed[place + 12 : place + 16] = milliseconds.to_bytes(4, "big")
    return bytes(changed)


def test_the_clock_of_an_encoder_counts_whole_frames() -> None:
    assert clock(Fraction(25)) == "1:10000"
    assert clock(Fraction(24)) == "1:10008"
    assert clock(Fraction(30000, 1001)) == "1:30000"
    assert clock(Fraction(2_000_003, 1_000_001)) == "1:90000"
    assert clock(None) == "1:90000"


def test_times_are_made_up_only_where_some_are_missing() -> None:
    assert input_options(("mpeg",), copied=True) == ("-fflags", "+genpts")
    assert input_options(("mpeg",), copied=False) == ()
    assert input_options(("avi",), copied=True) == ()
    assert bitstream_filters(("avi",), video(), None) == ("setts=pts=DTS",)
    assert bitstream_filters(("matroska", "webm"), video(), None) == ()
    assert out_of_order(("avi",), video(b_frames=2)) is not None
    assert out_of_order(("avi",), video(b_frames=0)) is None
    assert out_of_order(("matroska", "webm"), video(b_frames=2)) is None
