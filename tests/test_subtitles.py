"""Subtitles go beside the output, through the real commands, real ffmpeg and kills."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.daemon import command, running
from tests.trouble import litter, soon, state_of

MARKS = ("-metadata:s:s:0", "language=ger", "-metadata:s:s:1", "language=eng", "-disposition:s:1", "forced")


def film_with_subtitles(path: Path, seconds: float = 1, size: str = "320x180", video: str = "h264") -> Path:
    """Two tracks inside, one file beside."""
    clip, text = path.with_name(f".{path.name}.part"), path.with_name(".text.part")
    make_clip(clip, audio=("ac3-stereo",), seconds=seconds, size=size, video=video, container="matroska")
    text.write_text("1\n00:00:00,100 --> 00:00:00,900\n<i>Hallo</i>\n")
    argv = ["ffmpeg", "-v", "error", "-y", "-i", str(clip), "-f", "srt", "-i", str(text), "-map", "0", "-map", "1"]
    argv += ["-map", "1", "-c", "copy", *MARKS, "-f", "matroska", str(clip) + ".part"]
    subprocess.run(argv, check=True, timeout=90)
    clip.unlink()
    text.unlink()
    path.with_suffix(".fr.srt").write_bytes("1\n00:00:00,100 --> 00:00:00,900\nDéjà vu\n".encode("cp1252"))
    Path(str(clip) + ".part").rename(path)
    return path


def sidecars(folder: Path, stem: str = "film_chromecast") -> dict[str, str]:
    return {path.name.removeprefix(stem): path.read_text(encoding="utf-8") for path in folder.glob(f"{stem}.*vtt")}


def test_convert_puts_them_beside_the_output(tmp_path: Path) -> None:
    film = film_with_subtitles(tmp_path / "film.mkv")
    done = subprocess.run(command("convert", film), capture_output=True, timeout=90)
    assert done.returncode == 0, done.stderr
    found = sidecars(tmp_path)
    assert set(found) == {".de.vtt", ".en.forced.vtt", ".fr.vtt"}
    assert "<i>Hallo</i>" in found[".de.vtt"]
    assert "Déjà vu" in found[".fr.vtt"]
    assert litter(tmp_path) == []
    argv = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "s",
        "-show_entries",
        "stream_tags=language",
        "-of",
        "csv=p=0",
    ]
    told = subprocess.run([*argv, str(tmp_path / "film_chromecast.mkv")], capture_output=True, check=True)
    assert told.stdout.decode().split() in (["ger", "eng", "fre"], ["ger", "eng", "fra"])


def test_what_is_left_out_or_left_alone_is_said(tmp_path: Path) -> None:
    film = film_with_subtitles(tmp_path / "film.mkv")
    (tmp_path / "film.sv.srt").write_text("nonsense")
    corrected = tmp_path / "film_chromecast.de.vtt"
    subprocess.run(command("convert", film), capture_output=True, timeout=90, check=True)
    corrected.write_text(corrected.read_text().replace("Hallo", "Guten Tag"))
    (tmp_path / "film_chromecast.mkv").unlink()
    done = subprocess.run(command("convert", film), capture_output=True, timeout=90)
    assert done.returncode == 0, done.stderr
    said = done.stderr.decode()
    assert "film.sv.srt: left out: no subtitle is in it" in said
    assert "film_chromecast.de.vtt stays as it is: it was changed by hand" in said
    assert "Guten Tag" in corrected.read_text()


async def test_a_kill_in_mid_encode_leaves_none_behind(films: Path, state: Path) -> None:
    async with running(films, state=state) as daemon:
        film_with_subtitles(films / "film.mkv", seconds=20, size="640x360", video="mpeg2")
        async with daemon.listening() as listener:
            await listener.until(lambda told: told["type"] == "job_update" and told["job"]["progress"] > 1)
        children = list(map(int, Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()))
        await daemon.stop(signal.SIGKILL)
    await soon(lambda: {state_of(pid) for pid in children} == {"gone"})
    assert litter(films), "something has been begun"
    assert sidecars(films) == {}
    async with running(films, state=state) as daemon:
        jobs = await daemon.finished(1, timeout=100)
        assert jobs["film.mkv"]["status"] == "completed"
        assert len(await daemon.jobs()) == 1
    assert set(sidecars(films)) == {".de.vtt", ".en.forced.vtt", ".fr.vtt"}
    assert litter(films) == []


@pytest.mark.parametrize("policy", ["keep", "trash", "replace"])
async def test_kills_at_any_moment_end_with_all_of_them(films: Path, state: Path, policy: str) -> None:
    for number in range(4):
        film_with_subtitles(films / f"film{number}.mkv", seconds=1 + number / 25)
    config = f'[queue]\nmin_free_gib = 0\n[[folder]]\npath = "{films}"\nsource = "{policy}"\n'
    chance = random.Random(policy)
    for _ in range(4):
        async with running(state=state, config=config) as daemon:
            await asyncio.sleep(chance.uniform(0, 1.2))  # the moment is the test's dice, nothing is waited for
            await daemon.stop(signal.SIGKILL)
    async with running(state=state, config=config) as daemon:
        jobs = await daemon.finished(4)
        assert {job["status"] for job in jobs.values()} == {"completed"}, jobs
        assert len(await daemon.jobs()) == 4, "no subtitle is taken for a film"
    assert litter(films) == []
    for number in range(4):
        stem = f"film{number}" if policy == "replace" else f"film{number}_chromecast"
        assert set(sidecars(films, stem)) == {".de.vtt", ".en.forced.vtt", ".fr.vtt"}
        assert (films / f"film{number}.fr.srt").exists()
