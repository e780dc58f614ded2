"""Every command is really carried out, and what comes out is judged by the same rules: nothing is left to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.progress import ProgressReader
from mkv2castd.model import Action, Container, StreamKind
from tests.clips import make_clip
from tests.encoder.converting import TAG, convert, ffmpeg


@pytest.mark.parametrize("container", list(Container))
@pytest.mark.parametrize(
    ("video", "audio"),
    [
        ("h264", ("aac51",)),
        ("h264", ("ac3", "aac51", "mp3")),
        ("h264", ("dts",)),
        ("h264", ("pcm", "flac", "vorbis", "opus")),
        ("h264-10bit", ("aac",)),
        ("hevc", ("opus",)),
        ("mpeg2", ("flac",)),
        ("vp8", ("ac3",)),
        ("hevc", ()),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(value) or "silent",
)
def test_codecs(tmp_path: Path, video: str, audio: tuple[str, ...], container: Container) -> None:
    film = make_clip(tmp_path / "film.mkv", video=video, audio=audio, seconds=0.4, size="160x90")
    made = convert(film, Settings(container=container, quality="fast"))
    heard = {stream.index for stream in made.plan.kept if stream.kind is StreamKind.AUDIO}
    assert heard == {track.index for track in made.source.audio}
    assert len(heard) == len(audio)


@pytest.mark.parametrize("container", list(Container))
@pytest.mark.parametrize(
    ("suffix", "muxer", "video", "audio", "extra"),
    [
        (".avi", "avi", "mpeg4", "mp3", ("-bf", "2")),
        (".avi", "avi", "h264", "mp3", ("-bf", "2")),
        (".ts", "mpegts", "h264", "ac3", ()),
        (".vob", "vob", "mpeg2", "ac3", ("-flags", "+ildct+ilme", "-top", "1")),
        (".mov", "mov", "h264", "aac", ()),
        (".flv", "flv", "h264", "aac", ()),
        (".ts", "mpegts", "mpeg2", "aac", ()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_containers(
    tmp_path: Path, suffix: str, muxer: str, video: str, audio: str, extra: tuple[str, ...], container: Container
) -> None:
    film = make_clip(tmp_path / f"film{suffix}", video, (audio,), 0.6, "160x90", extra=extra, container=muxer)
    convert(film, Settings(container=container, quality="fast"))


@pytest.mark.parametrize("channels", [12, 16])
def test_more_channels_than_ffmpeg_can_mix(tmp_path: Path, channels: int) -> None:
    clip, film = make_clip(tmp_path / "clip.mkv"), tmp_path / "film.mkv"
    sound = ("-f", "s16le", "-ar", "48000", "-ac", str(channels), "-t", "1", "-i", "/dev/zero")
    ffmpeg("-i", str(clip), *sound, "-map", "0:v", "-map", "1", "-c:v", "copy", "-c:a", "pcm_s16le", str(film))
    made = convert(film)
    assert [stream.channels for stream in made.source.audio] == [channels]
    assert [stream.channels for stream in made.media.audio] == [2]


@pytest.mark.parametrize(
    "name",
    [
        b"-i",
        b"-y.mkv",
        b"a\nb",
        b'it\'s "so"',
        b"%d %03d.mkv",
        b"http:x:y",
        b"caf\xe9",
        b"a;b|c&d $(e)",
    ],
)
def test_names_mean_nothing_but_themselves(tmp_path: Path, name: bytes) -> None:
    film = make_clip(tmp_path / "film.mkv", audio=("ac3",))
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    source = folder / os.fsdecode(name)
    film.rename(source)
    target = folder / os.fsdecode(b"out " + name)
    convert(source, target=target)
    assert sorted(folder.iterdir()) == sorted([source, target])


def test_a_relative_name_that_begins_with_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_clip(tmp_path / "-film.mkv", audio=("ac3",))
    monkeypatch.chdir(tmp_path)
    convert(Path("-film.mkv"), target=Path("-out"))


def test_mp4_has_its_index_first(tmp_path: Path) -> None:
    made = convert(make_clip(tmp_path / "film.mkv", audio=("ac3",)), Settings(container=Container.MP4))
    raw = made.path.read_bytes()
    assert raw.index(b"moov") < raw.index(b"mdat")


def test_an_mp4_of_ours_made_anew_carries_only_its_new_tag(tmp_path: Path) -> None:
    first = convert(make_clip(tmp_path / "film.mkv", audio=("ac3",)), Settings(container=Container.MP4))
    lower = Settings(max_height=90, quality="fast")
    again = convert(first.path, lower, tmp_path / "again")
    assert again.media.ours == TAG
    assert b"MKV2CASTD=" not in again.path.read_bytes()


def test_progress_is_told_and_ends_at_the_end(tmp_path: Path) -> None:
    made = convert(make_clip(tmp_path / "film.mkv", video="hevc"))
    reader = ProgressReader()
    readings = [found for line in made.stdout.splitlines() if (found := reader.feed(line)) is not None]
    assert readings[-1].end
    assert readings[-1].position == pytest.approx(1.0, abs=0.1)
    assert readings[-1].frame == 25


def test_what_is_copied_is_copied_bit_by_bit(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mkv", audio=("ac3", "aac"))
    made = convert(film)
    assert [(stream.index, stream.action) for stream in made.plan.kept] == [
        (0, Action.COPY),
        (2, Action.COPY),
        (1, Action.TRANSCODE),
    ]

    def digest(path: Path, *streams: int) -> bytes:
        argv = ["ffmpeg", "-v", "error", "-i", str(path)]
        for number in streams:
            argv += ["-map", f"0:{number}"]
        argv += ["-c", "copy", "-f", "streamhash", "-"]
        return subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout

    assert digest(film, 0, 2) == digest(made.path, 0, 1)
