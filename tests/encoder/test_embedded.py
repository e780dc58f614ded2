"""Texts inside a film that are not UTF-8 come out right, and cost no film."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder import naming
from mkv2castd.encoder.attempt import Handle, Task, attempt
from mkv2castd.encoder.commit import Commit
from mkv2castd.encoder.embedded import embedded
from mkv2castd.encoder.groundwork import groundwork
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.survey import examine
from mkv2castd.model import Container, Identity
from tests.clips import make_clip
from tests.encoder.converting import ffmpeg, run_child
from tests.encoder.test_charsets import FRENCH, GREEK, JAPANESE, RUSSIAN

STYLES = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Pensée,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,-1,0,0,100,100,0,0,1,1,0,8,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""  # noqa: E501


def srt(text: str) -> str:
    rows = enumerate(text.split("\n"))
    return "".join(f"{n + 1}\n00:00:0{n},100 --> 00:00:0{n},900\n{row}\n\n" for n, row in rows)


def ass(text: str) -> str:
    rows = enumerate(text.split("\n"))
    return STYLES + "".join(f"Dialogue: 0,0:00:0{n}.10,0:00:0{n}.90,Pensée,,0,0,0,,{row}\n" for n, row in rows)


def film_with(path: Path, raw: bytes, *marks: str, form: str = "srt", audio: str = "aac", seconds: int = 4) -> Path:
    """The text goes in byte for byte."""
    clip, text = make_clip(path.with_name("clip.mkv"), audio=(audio,), seconds=seconds), path.with_name("text")
    text.write_bytes(raw)
    inputs = ("-i", str(clip), "-f", form, "-i", str(text))
    ffmpeg(*inputs, "-map", "0", "-map", "1", "-c", "copy", *marks, str(path))
    clip.unlink()
    return path


class Nowhere:
    async def begin(self, commit: Commit) -> None:
        pass


def made(film: Path, settings: Settings) -> Commit:
    target = film.with_name(f"out.{settings.container.value}")
    task = Task(uuid4(), film, Identity.of(film.lstat()), settings, target)
    return asyncio.run(attempt(task, Nowhere(), lambda progress: None, Handle())).commit


def text_of(path: Path, form: str = "srt") -> str:
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:s", "-f", form, "-"]
    return subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout.decode("utf-8", "strict")


@pytest.mark.parametrize(
    ("text", "charset", "language", "container"),
    [
        pytest.param(FRENCH, "cp1252", "fre", Container.MKV, id="french"),
        pytest.param(RUSSIAN, "cp1251", "rus", Container.MP4, id="russian"),
        pytest.param(GREEK, "iso8859_7", "gre", Container.MP4, id="greek"),
        pytest.param(JAPANESE, "cp932", "jpn", Container.MKV, id="japanese"),
    ],
)
def test_any_letters_come_out_right_beside_and_inside(
    tmp_path: Path, text: str, charset: str, language: str, container: Container
) -> None:
    marks = (
        "-metadata:s:s:0",
        f"language={language}",
        "-metadata:s:s:0",
        "title=Main",
        "-disposition:s:0",
        "default",
    )
    film = film_with(tmp_path / "film.mkv", srt(text).encode(charset), *marks, audio="ac3")
    commit = made(film, Settings(container=container, quality="fast"))
    (beside,) = commit.sidecars
    assert commit.note is None
    for row in text.split("\n"):
        assert row in beside.target.read_text(encoding="utf-8")
        assert row in text_of(commit.target)
    ((track),) = asyncio.run(examine(commit.target)).subtitles
    assert (track.language, track.default) == (language, True)
    if container is Container.MKV:
        assert track.title == "Main"


def test_styles_by_names_beyond_ascii_are_still_known(tmp_path: Path) -> None:
    film = film_with(tmp_path / "film.mkv", ass(FRENCH).encode("cp1252"), form="ass", audio="ac3")
    commit = made(film, Settings(quality="fast"))
    (beside,) = commit.sidecars
    assert " line:0\n<i>Où est la bibliothèque? À côté.</i>" in beside.target.read_text(encoding="utf-8")
    assert "Pensée" in text_of(commit.target, "ass")


def test_a_film_of_which_nothing_but_its_text_is_decoded_does_not_fail(tmp_path: Path) -> None:
    overstated = ("-bsf:v", "h264_metadata=level=6.2")  # is mended in a copy
    film = film_with(tmp_path / "film.mkv", srt(RUSSIAN).encode("cp1251"), *overstated)
    commit = made(film, Settings(quality="fast"))
    assert "Привет, как дела?" in commit.sidecars[0].target.read_text(encoding="utf-8")


def test_what_the_look_does_not_meet_is_right_beside_the_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long film, of which only the start is not ASCII."""
    monkeypatch.setattr("mkv2castd.encoder.embedded._SHORT", 1.0)
    monkeypatch.setattr("mkv2castd.encoder.embedded._PACKETS", "5")
    text = "Où est la bibliothèque? À côté.\n" + "\n".join(["nothing but ASCII"] * 7)
    film = film_with(tmp_path / "film.mkv", srt(text).encode("cp1252"), audio="ac3", seconds=8)
    commit = made(film, Settings(quality="fast"))
    assert "Où est la bibliothèque? À côté." in commit.sidecars[0].target.read_text(encoding="utf-8")
    assert commit.note is None


def test_letters_that_are_drawn_are_right(tmp_path: Path) -> None:
    film = film_with(tmp_path / "film.mkv", srt(FRENCH).encode("cp1252"))
    settings = Settings(subtitles="burn", quality="fast")

    async def drawn() -> str:
        decision = await decided(film, settings)
        async with groundwork(decision, film, tmp_path / "out.part", run_child) as laid:
            assert laid.burn is not None
            return laid.burn.read_text(encoding="utf-8")

    assert "Où est la bibliothèque? À côté." in asyncio.run(drawn())


async def decided(film: Path, settings: Settings) -> Plan:
    decision = plan(await examine(film, settings=settings), settings)
    assert isinstance(decision, Plan)
    return decision


@pytest.mark.parametrize(("text", "runs"), [(FRENCH.encode(), 1), (FRENCH.encode("cp1252"), 2)], ids=["utf8", "old"])
def test_an_ordinary_film_costs_one_look(tmp_path: Path, text: bytes, runs: int) -> None:
    film = film_with(tmp_path / "film.mkv", srt(text.decode("latin-1")).encode("latin-1"), audio="ac3")
    seen: list[Sequence[str]] = []

    async def counting(argv: Sequence[str]) -> str:
        seen.append(argv)
        return await run_child(argv)

    async def look() -> int:
        decision = await decided(film, Settings(quality="fast"))
        place = tmp_path / "out.part"
        return len(await embedded(decision, film, lambda name: naming.working_file(place, name), counting))

    assert asyncio.run(look()) == runs - 1
    assert len(seen) == runs


def test_a_film_without_texts_costs_none(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mkv", audio=("ac3",))

    async def look() -> object:
        decision = await decided(film, Settings(quality="fast"))
        return await embedded(decision, film, lambda name: tmp_path / name, _never)

    assert asyncio.run(look()) == {}


async def _never(argv: Sequence[str]) -> str:
    raise AssertionError(argv)
