"""The commands as people and scripts use them: results on stdout, messages on stderr, exit codes, no litter."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.clips import make_clip
from tests.daemon import command
from tests.trouble import Ended, ends, fake, litter, slow_film, soon, state_of


async def _run(films: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> Ended:
    """With a home, a state and temporary files of its own, and no configuration."""
    own = films.parent / "own"
    own.mkdir(exist_ok=True)
    names = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "TMPDIR")
    config = films.parent / "convert.toml"
    config.write_text("[queue]\nmin_free_gib = 0\n")
    verb, *others = arguments
    reads = ["--config", config] if verb in ("analyze", "convert", "check") and "--config" not in others else []
    ended = await ends(verb, *reads, *others, environment={**dict.fromkeys(names, str(own)), **(environment or {})})
    assert [path for path in own.rglob("*") if "mkv2castd" in path.name] == [], "no litter"
    return ended


def _lines(ended: Ended) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ended.out.splitlines()]


async def test_analyze_tells_people_stream_by_stream(films: Path) -> None:
    film = make_clip(films / "film.mkv", video="hevc", audio=("ac3", "aac"))
    plays = make_clip(films / "plays.mkv")
    ended = await _run(films, "analyze", film, plays)
    assert (ended.code, ended.err) == (0, "")
    for word in ("film.mkv", "#0 video", "hevc", "transcode → h264", "#1 audio", "ac3", "copy", "nothing to do"):
        assert word in ended.out, ended.out
    assert sorted(path.name for path in films.iterdir()) == ["film.mkv", "plays.mkv"]


async def test_analyze_answers_programs_for_each_film_good_or_bad(films: Path) -> None:
    good = make_clip(films / "good.mkv", video="hevc", audio=("ac3",))
    (films / "empty.mkv").touch()
    (films / "random.mkv").write_bytes(os.urandom(9000))
    (films / "folder.mkv").mkdir()
    os.mkfifo(films / "pipe.mkv")
    bad = [films / name for name in ("empty.mkv", "random.mkv", "folder.mkv", "pipe.mkv", "nowhere.mkv")]
    ended = await _run(films, "analyze", "--json", "--profile", "chromecast-1", "--container", "mp4", *bad, good)
    assert (ended.code, ended.err) == (1, "")
    *told, last = _lines(ended)
    assert [(one["path"], one["error"]) for one in told] == [(str(path), "source_unreadable") for path in bad]
    assert len({one["message"] for one in told}) == 5
    assert (last["path"], last["lane"], last["container"], last["profile"]) == (
        str(good),
        "cpu",
        "mp4",
        ["chromecast-1"],
    )
    assert last["streams"]["video"]["target_codec"] == "h264"
    human = await _run(films, "analyze", *bad)
    assert (human.code, human.out) == (1, "")
    assert len(human.err.splitlines()) == 5


async def test_analyze_takes_several_profiles_at_once(films: Path) -> None:
    film = make_clip(films / "film.mkv", video="hevc", audio=("aac",))
    ended = await _run(
        films, "analyze", "--json", "-p", "chromecast-3", "-p", "chromecast-1", "-p", "chromecast-3", film
    )
    (told,) = _lines(ended)
    assert told["profile"] == ["chromecast-3", "chromecast-1"]


async def test_convert_makes_the_film_and_does_nothing_the_second_time(films: Path) -> None:
    film = make_clip(films / "film.mkv", audio=("ac3",))
    before = film.read_bytes(), film.stat().st_mtime_ns
    ended = await _run(films, "convert", film)
    assert (ended.code, ended.out) == (0, "")
    assert "✓ film.mkv" in ended.err
    made = (films / "film_chromecast.mkv").stat()
    again = await _run(films, "convert", film)
    assert again.code == 0
    assert "converted already" in again.err
    assert (films / "film_chromecast.mkv").stat().st_ino == made.st_ino
    assert (film.read_bytes(), film.stat().st_mtime_ns) == before
    assert len(list(films.iterdir())) == 2


async def test_converts_lines_are_the_messages_of_the_websocket(films: Path, tmp_path: Path) -> None:
    film = slow_film(films / "film.mkv", 10)
    (films / "bad.mkv").write_bytes(os.urandom(9000))
    ended = await _run(films, "convert", "--json", "--output", tmp_path / "out", film, films / "bad.mkv")
    assert (ended.code, ended.err) == (1, "")
    told = _lines(ended)
    assert {one["type"] for one in told} == {"status", "analysis", "progress", "error"}
    assert all({"job_id", "status", "progress"} <= one.keys() for one in told)
    (error,) = [one for one in told if one["type"] == "error"]
    assert (error["status"], error["error"]) == ("failed", "source_unreadable")
    good = [one for one in told if one["job_id"] != error["job_id"]]
    shares = [one["progress"] for one in good]
    assert shares == sorted(shares)
    assert len([one for one in good if one["type"] == "progress" and 0 < one["progress"] < 100]) > 1
    assert (good[-1]["status"], good[-1]["output_filename"]) == ("completed", "film_chromecast.mkv")
    assert (tmp_path / "out" / "film_chromecast.mkv").stat().st_size == good[-1]["output_size"]
    assert sorted(path.name for path in films.iterdir()) == ["bad.mkv", "film.mkv"]


@pytest.mark.parametrize(
    ("number", "as_json"), [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGINT, False)]
)
async def test_an_interrupted_convert_leaves_nothing(films: Path, number: signal.Signals, as_json: bool) -> None:
    film = slow_film(films / "film.mkv")
    own = films.parent / "own"
    own.mkdir()
    options = ["--json"] if as_json else []
    process = await asyncio.create_subprocess_exec(
        *command("convert", *options, film),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(own), "HOME": str(own), "PYTHONWARNINGS": "error"},
    )
    await soon(lambda: [path for path in films.glob(".mkv2castd-*") if path.stat().st_size > 10_000], timeout=45)
    pids = list(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))
    process.send_signal(number)
    _, err = await asyncio.wait_for(process.communicate(), 45)
    assert process.returncode == 130
    assert "Traceback" not in err.decode()
    assert pids
    assert {state_of(pid) for pid in pids} == {"gone"}
    assert [path.name for path in films.iterdir()] == ["film.mkv"]
    assert list(own.iterdir()) == []


async def test_what_cannot_be_meant_is_told_by_the_exit_code(films: Path) -> None:
    film = make_clip(films / "film.mkv", audio=("ac3",))
    config = films.parent / "broken.toml"
    config.write_text("[queue]\nretrys = 1\n")
    expected: list[tuple[int, tuple[str | Path, ...]]] = [
        (4, ("convert", "--device", "nonsense", film)),
        (2, ("convert", films / "nowhere.mkv")),
        (2, ("convert", films)),
        (2, ("convert",)),
        (2, ("convert", "--config", config, film)),
        (2, ("analyze", "--config", config, film)),
        (2, ("analyze", "--profile", "betamax", film)),
        (2, ("analyze", "--container", "avi", film)),
        (2, ("run", "--nonsense")),
        (2, ("--nonsense",)),
        (2, ("check", "--config", films / "nowhere.toml")),
        (0, ("--help",)),
        (0, ("convert", "--help")),
        (0, ("--version",)),
    ]
    for code, arguments in expected:
        ended = await _run(films, *arguments)
        assert ended.code == code, (arguments, ended)
        assert (ended.out if code == 0 else ended.err).strip(), arguments
    assert [path.name for path in films.iterdir()] == ["film.mkv"]


async def test_convert_fails_where_ffmpeg_does_and_says_what_it_said(films: Path, tmp_path: Path) -> None:
    environment = fake(tmp_path / "bin", 'echo "the fan is loose" >&2; exit 1')
    film = make_clip(films / "film.mkv", audio=("ac3",))
    ended = await _run(films, "convert", film, environment=environment)
    assert ended.code == 1
    assert "✗ film.mkv: FFmpeg process exited with code 1" in ended.err
    assert "the fan is loose" in ended.err
    assert litter(films) == []


async def test_the_default_configuration_is_valid_and_explains_itself(films: Path) -> None:
    ended = await _run(films, "config")
    assert (ended.code, ended.err) == (0, "")
    assert isinstance(tomllib.loads(ended.out), dict)
    for key in ("min_free_gib", "settle_seconds", "hardlinks", "stall_seconds", "listen"):
        assert key in ended.out


async def test_check_fails_only_where_something_must_be_mended(films: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    text = '[queue]\nmin_free_gib = 0\n[http]\nlisten = ["127.0.0.1:0"]\n[[folder]]\npath = "{}"\n'
    config.write_text(text.format(films))
    ended = await _run(films, "check", "--config", config)
    assert (ended.code, ended.err) == (0, ""), ended
    assert "✓" in ended.out
    config.write_text(text.format(tmp_path / "nowhere"))
    ended = await _run(films, "check", "--config", config)
    assert ended.code == 1
    (line,) = [line for line in ended.out.splitlines() if line.startswith("✗")]
    assert "nowhere" in line
    assert "→" in line


@pytest.mark.parametrize("verb", ["config", "--help", "analyze", "convert"])
async def test_a_reader_that_leaves_is_no_error(films: Path, verb: str) -> None:
    film = make_clip(films / "film.mkv", audio=("ac3",))
    arguments = [verb, "--json", str(film)] if verb in ("analyze", "convert") else [verb]
    reading, writing = os.pipe()
    os.close(reading)
    ended = await asyncio.to_thread(
        subprocess.run, command(*arguments), stdout=writing, stderr=subprocess.PIPE, timeout=90
    )
    os.close(writing)
    assert ended.returncode in (0, 1)
    assert ended.stderr == b""
    assert litter(films) == []
