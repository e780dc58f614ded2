"""Real ffprobe on real, odd and impossible files."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.probe import probe
from mkv2castd.errors import ConfigError, ErrorCode, MediaError
from tests.clips import make_clip


async def _fault(path: Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        await probe(path)
    assert caught.value.code is ErrorCode.SOURCE_UNREADABLE
    return caught.value


async def test_a_film_is_described(tmp_path: Path) -> None:
    media = await probe(make_clip(tmp_path / "film.mkv", subtitle="srt"))
    assert media.format_names == ("matroska", "webm")
    assert [stream.codec for stream in media.streams] == ["h264", "aac", "subrip"]
    assert isinstance(media.picture, VideoStream)
    assert (media.picture.width, media.picture.height, media.picture.frame_rate) == (320, 180, 25)
    assert media.duration == pytest.approx(1.0, abs=0.1)
    assert media.ours is None


@pytest.mark.parametrize(
    ("muxer", "doc_type"), [("webm", "webm"), ("matroska", "matroska"), ("mp4", None), ("avi", None)]
)
async def test_a_webm_is_told_from_a_matroska(tmp_path: Path, muxer: str, doc_type: str | None) -> None:
    codecs = ("vp8", ["opus"]) if muxer == "webm" else ("mpeg4", ["mp3"])
    film = make_clip(tmp_path / "film.mkv", *codecs, seconds=0.2, container=muxer)
    assert (await probe(film)).doc_type == doc_type


@pytest.mark.parametrize(
    "name", [b"-i.mkv", b"a\nb.mkv", b'it\'s "so".mkv', b"%d %s.mkv", b"http:x.mkv", b"caf\xe9.mkv", b"[x] {y}.mkv"]
)
async def test_a_name_means_nothing_but_itself(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    assert (await probe(make_clip(path, container="matroska"))).picture is not None


async def test_what_is_no_file_is_refused_before_it_can_hang(tmp_path: Path) -> None:
    (tmp_path / "folder.mkv").mkdir()
    os.mkfifo(tmp_path / "pipe.mkv")
    (tmp_path / "empty.mkv").touch()
    (tmp_path / "loose.mkv").symlink_to(tmp_path / "gone.mkv")
    assert "is a folder" in (await _fault(tmp_path / "folder.mkv")).message
    assert "is a pipe or a device" in (await _fault(tmp_path / "pipe.mkv")).message
    assert "is empty" in (await _fault(tmp_path / "empty.mkv")).message
    assert "No such file" in (await _fault(tmp_path / "loose.mkv")).message
    assert "No such file" in (await _fault(tmp_path / "none.mkv")).message
    assert "can be no file's name" in (await _fault(tmp_path / "a\0b.mkv")).message


async def test_random_bytes_are_no_film(tmp_path: Path) -> None:
    noise = tmp_path / "noise.mkv"
    noise.write_bytes(random.Random(1).randbytes(100_000))
    fault = await _fault(noise)
    assert "no film that ffmpeg can read" in fault.message
    assert fault.details is not None
    assert "Invalid data" in fault.details


async def test_an_mp4_without_its_end_is_no_film(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mp4")
    film.write_bytes(film.read_bytes()[:20_000])
    await _fault(film)


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:1,\n{}\n", "ffconcat version 1.0\nfile '{}'\n"])
async def test_a_playlist_that_calls_itself_a_film_opens_nothing(tmp_path: Path, text: str) -> None:
    secret = make_clip(tmp_path / "secret.mkv")
    playlist = tmp_path / "playlist.mkv"
    playlist.write_text(text.format(secret))
    await _fault(playlist)


async def test_a_missing_ffprobe_is_the_admins_to_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = make_clip(tmp_path / "film.mkv")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="install"):
        await probe(film)
