"""A subtitle that is drawn into the picture is seen where and when it is due, and nowhere else."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.burning import escaped
from mkv2castd.encoder.groundwork import groundwork
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.survey import examine
from tests.encoder.bitmaps import Block, pgs
from tests.encoder.converting import Made, convert, ffmpeg, run_child
from tests.matrix.patches import turned

RATE = 25
WIDTH, HEIGHT = 320, 180
BURN = Settings(subtitles="burn", quality="fast")
SRT = "1\n00:00:00,800 --> 00:00:01,200\nBURNT {}\n"
ASS = """[Script Info]
ScriptType: v4.00+
PlayResX: 320
PlayResY: 180

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Alignment, MarginL, MarginR, MarginV
Style: Default,{},40,&Hffffff,0,0,8,10,10,10

[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:00.80,0:00:01.20,Default,BURNT
"""


def dark_film(path: Path, *inputs: str, late: float = 0, extra: tuple[str, ...] = ()) -> Path:
    """Two seconds of black; `inputs` are subtitle files. late: its picture begins so many seconds after its sound."""
    argv = ["-f", "lavfi", "-i", "sine=r=48000:d=2"]
    argv += ["-itsoffset", str(late), "-f", "lavfi", "-i", f"color=black:s={WIDTH}x{HEIGHT}:r={RATE}:d=2"]
    for name in inputs:
        argv += ["-i", name]
    for number in (1, 0, *range(2, 2 + len(inputs))):
        argv += ["-map", str(number)]
    ffmpeg(*argv, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-c:s", "copy", *extra, str(path))
    return path


def lit(made: Made) -> dict[float, tuple[int, int]]:
    """Time of each frame that is not all black → its first and last bright line."""
    argv = ["ffmpeg", "-v", "error", "-i", f"file:{made.path}", "-map", "0:v:0", "-fps_mode", "passthrough"]
    argv += ["-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout
    wide = made.picture.width
    assert wide is not None
    assert made.picture.height is not None
    size = wide * made.picture.height
    probe = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time", "-of", "csv=p=0"]
    told = subprocess.run([*probe, f"file:{made.path}"], capture_output=True, check=True, timeout=90).stdout
    times = [float(row.strip(",")) for row in told.decode().split()]
    assert len(raw) == size * len(times)
    found = {}
    for number, time in enumerate(times):
        frame = raw[number * size : (number + 1) * size]
        lines = [row for row in range(size // wide) if max(frame[row * wide : (row + 1) * wide]) > 120]
        if lines:
            found[time] = (lines[0], lines[-1])
    return found


def assert_shown(made: Made, start: float, end: float) -> tuple[int, int]:
    """Within a frame; returns the bright lines in the middle of the time."""
    seen = lit(made)
    assert seen, "nothing is drawn"
    assert min(seen) == pytest.approx(start, abs=1 / RATE + 0.005)
    assert max(seen) == pytest.approx(end - 1 / RATE, abs=1 / RATE + 0.005)
    assert len(seen) == pytest.approx((end - start) * RATE, abs=1)
    assert made.media.subtitles == ()
    return seen[sorted(seen)[len(seen) // 2]]


@pytest.fixture
def srt(tmp_path: Path) -> Path:
    path = tmp_path / "text.srt"
    path.write_text(SRT)
    return path


def test_subrip_is_drawn_at_the_bottom_at_its_time_only(tmp_path: Path, srt: Path) -> None:
    first, _ = assert_shown(convert(dark_film(tmp_path / "film.mkv", str(srt)), BURN), 0.8, 1.2)
    assert first > HEIGHT / 2


def test_ass_is_drawn_with_its_own_places_and_the_films_fonts(tmp_path: Path) -> None:
    font = next(Path("/usr/share/fonts").rglob("DejaVuSansMono.ttf"), None)
    (tmp_path / "text.ass").write_text(ASS.format("DejaVu Sans Mono"))
    extra = ()
    if font is not None:
        extra = ("-attach", str(font), "-metadata:s:3", "mimetype=font/ttf", "-metadata:s:3", "filename=a b'c.ttf")
    made = convert(dark_film(tmp_path / "film.mkv", str(tmp_path / "text.ass"), extra=extra), BURN)
    _, last = assert_shown(made, 0.8, 1.2)
    assert last < HEIGHT / 2
    assert list(tmp_path.glob("out.*")) == []


@pytest.mark.parametrize("late", [0.48, -0.2])
def test_a_picture_that_starts_late_keeps_its_subtitles_in_time(tmp_path: Path, srt: Path, late: float) -> None:
    """Its time counts from the start of the film, whichever of its streams comes first."""
    film = dark_film(tmp_path / "film.mkv", str(srt), late=max(late, 0))
    if late < 0:
        shifted = tmp_path / "shifted.mkv"
        ffmpeg("-itsoffset", "3", "-i", str(film), "-map", "0", "-c", "copy", "-copyts", str(shifted))
        film = shifted
    assert_shown(convert(film, BURN), 0.8, 1.2)


def test_a_file_beside_the_film_is_drawn(tmp_path: Path) -> None:
    film = dark_film(tmp_path / "film.mkv")
    (tmp_path / "film.ru.srt").write_bytes(SRT.format("Привет, как дела? Это субтитры.").encode("cp1251"))
    assert_shown(convert(film, BURN), 0.8, 1.2)


ODD = ["it's; a [b], c", "back\\slash per%cent %d col:on=x", "ünï \n two lines \\'"]


@pytest.mark.parametrize("name", ODD)
def test_no_name_of_a_folder_is_in_the_way(tmp_path: Path, srt: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    film = dark_film(tmp_path / "film.mkv", str(srt))
    shutil.move(film, folder / "film.mkv")
    assert_shown(convert(folder / "film.mkv", BURN), 0.8, 1.2)


def test_paths_are_escaped_for_option_and_graph() -> None:
    assert escaped(Path("/a:b")) == r"/a\\:b"
    assert escaped(Path("/a'b")) == r"/a\\\'b"
    assert escaped(Path("/a[b],c;d")) == r"/a\[b\]\,c\;d"


BLOCKS = [Block(0.4, 0.6, forced=False), Block(0.8, 1.2, top=60, forced=True)]


def film_with_pictures(folder: Path, codec: str, canvas: tuple[int, int], blocks: list[Block]) -> Path:
    sup, film = folder / "text.sup", folder / "film.mkv"
    sup.write_bytes(pgs(blocks, *canvas))
    argv = ["-f", "lavfi", "-i", f"color=black:s={WIDTH}x{HEIGHT}:r={RATE}:d=2", "-f", "lavfi", "-i", "sine=d=2"]
    argv += [
        "-seek_timestamp",
        "1",
        "-f",
        "sup",
        "-i",
        str(sup),
        "-map",
        "0",
        "-map",
        "1",
        "-map",
        "2",
        "-c:v",
        "libx264",
        "-c:a",
        "aac",
    ]
    ffmpeg(*argv, "-preset", "ultrafast", "-c:s", codec, str(film))
    return film


# ffmpeg's encoder of DVD subtitles loses the end of one that was on a Blu-ray: it is shown to the end of the film
@pytest.mark.parametrize(("codec", "end"), [("copy", 1.2), ("dvdsub", 2.0)])
def test_pictures_of_text_are_drawn_at_their_time_and_place(tmp_path: Path, codec: str, end: float) -> None:
    made = convert(film_with_pictures(tmp_path, codec, (WIDTH, HEIGHT), BLOCKS[1:]), BURN)
    first, last = assert_shown(made, 0.8, end)
    assert (first, last) == (pytest.approx(60, abs=2), pytest.approx(79, abs=2))


def test_a_screen_of_another_size_is_fitted_to_the_picture(tmp_path: Path) -> None:
    made = convert(film_with_pictures(tmp_path, "copy", (WIDTH * 2, HEIGHT * 2), BLOCKS[1:]), BURN)
    first, last = assert_shown(made, 0.8, 1.2)
    assert (first, last) == (pytest.approx(30, abs=2), pytest.approx(39, abs=2))


def test_only_the_forced_ones_are_drawn_if_so_wished(tmp_path: Path) -> None:
    film = film_with_pictures(tmp_path, "copy", (WIDTH, HEIGHT), BLOCKS)
    forced_only = Settings(subtitles="burn", burn_forced_only=True, quality="fast")
    assert_shown(convert(film, forced_only), 0.8, 1.2)
    assert min(lit(convert(film, BURN, tmp_path / "all"))) == pytest.approx(0.4, abs=0.045)


def test_tracks_without_forced_pictures_cost_no_encoding(tmp_path: Path) -> None:
    film = film_with_pictures(tmp_path, "copy", (WIDTH, HEIGHT), [Block(0.8, 1.2)])
    settings = Settings(subtitles="burn", burn_forced_only=True)
    media = asyncio.run(examine(film, settings=settings))
    assert [track.forced_events for track in media.subtitles] == [False]
    assert isinstance(plan(media, settings), Skip)
    assert isinstance(plan(media, BURN), Plan)


def vobsub(folder: Path, name: str) -> None:
    """The pair of files that VobSub consists of, made of a DVD subtitle."""
    film = film_with_pictures(folder, "dvdsub", (WIDTH, HEIGHT), BLOCKS[1:])
    sub = folder / f"{name}.sub"
    ffmpeg("-copyts", "-i", str(film), "-map", "0:s", "-c", "copy", "-f", "vob", str(sub))
    film.unlink()
    place = sub.read_bytes().rindex(b"\x00\x00\x01\xba", 0, sub.read_bytes().index(b"\x00\x00\x01\xbd"))
    (folder / f"{name}.idx").write_text(
        "# VobSub index file, v7 (do not modify this line!)\n"
        f"size: {WIDTH}x{HEIGHT}\npalette: 000000, ffffff, {', '.join(['808080'] * 14)}\n"
        f"id: en, index: 0\ntimestamp: 00:00:00:800, filepos: {place:09x}\n"
    )


def test_vobsub_beside_the_film_is_kept_or_drawn(tmp_path: Path) -> None:
    vobsub(tmp_path, "film")
    film = dark_film(tmp_path / "film.mkv")
    drawn = convert(film, BURN)
    assert min(lit(drawn)) == pytest.approx(0.8, abs=0.045)
    assert drawn.media.subtitles == ()
    ffmpeg("-i", str(film), "-map", "0", "-c:v", "copy", "-c:a", "ac3", str(tmp_path / "new.mkv"))
    (tmp_path / "new.mkv").rename(film)
    kept = convert(film, Settings(), tmp_path / "out2")
    assert [(s.codec, s.language) for s in kept.media.subtitles] in (
        [("dvd_subtitle", "eng")],
        [("dvd_subtitle", "en")],
    )
    times = ["ffprobe", "-v", "error", "-select_streams", "s", "-show_entries", "packet=pts_time", "-of", "csv=p=0"]
    told = subprocess.run([*times, str(kept.path)], capture_output=True, check=True).stdout.decode().strip()
    assert float(told.splitlines()[0]) == pytest.approx(0.8, abs=0.045)


def test_a_vobsub_that_ffmpeg_refuses_is_left_out_and_costs_no_film(tmp_path: Path) -> None:
    vobsub(tmp_path, "film")
    film = dark_film(tmp_path / "film.mkv")
    decision = plan(asyncio.run(examine(film)), BURN)
    assert isinstance(decision, Plan)
    (tmp_path / "film.idx").write_text("timestamp: now\n")  # after it was found

    async def lay() -> dict[int, str]:
        async with groundwork(decision, film, tmp_path / "out.part", run_child) as laid:
            assert laid.externals == {}
            return dict(laid.lost)

    assert asyncio.run(lay()) == {2: "film.idx: left out: it cannot be read"}


HDR = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=none"


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("hdr", ("-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", HDR)),
        ("interlaced", ("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-vf", "setfield=tff")),
        ("too large", ("-c:v", "libx264", "-vf", "scale=640:360", "-preset", "ultrafast")),
    ],
)
def test_it_is_drawn_after_all_that_is_done_to_the_picture(
    tmp_path: Path, srt: Path, name: str, encoded: tuple[str, ...]
) -> None:
    settings = replace(BURN, max_height=180)
    made = convert(dark_film(tmp_path / "film.mkv", str(srt), extra=encoded), settings)
    assert not made.picture.hdr
    assert made.picture.height == HEIGHT
    first, _ = assert_shown(made, 0.8, 1.2)
    assert first > (made.picture.height or 0) / 2
    assert brightest(made, 1.0) > 200, "white is white, also after tone mapping"


def test_a_turned_picture_has_its_subtitles_upright(tmp_path: Path, srt: Path) -> None:
    straight, film = dark_film(tmp_path / "straight.mkv", str(srt)), tmp_path / "film.mp4"
    ffmpeg("-i", str(straight), "-map", "0", "-c", "copy", "-c:s", "mov_text", str(film))
    film.write_bytes(turned(90)(film.read_bytes()))
    made = convert(film, BURN)
    assert (made.picture.width, made.picture.height) == (HEIGHT, WIDTH)
    first, last = assert_shown(made, 0.8, 1.2)
    assert first > WIDTH / 2
    assert last - first < WIDTH / 4


def brightest(made: Made, time: float) -> int:
    argv = ["ffmpeg", "-v", "error", "-ss", str(time), "-i", f"file:{made.path}", "-frames:v", "1"]
    argv += ["-f", "rawvideo", "-pix_fmt", "gray", "-"]
    return max(subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout)
