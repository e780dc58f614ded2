"""A track whose decoder cannot be opened costs itself, not the film."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mkv2castd.encoder.masking import mask, unopened
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.plan import plan
from mkv2castd.encoder.probe import probe
from mkv2castd.encoder.survey import examine
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.model import Action
from tests.clips import make_clip
from tests.encoder.converting import MKV, convert
from tests.encoder.films import audio, film, video

DAMAGED = "its description is damaged: no decoder can be opened for it"


def without_channels(data: bytes, count: int = 1) -> bytes:
    """Matroska's Channels (0x9F) of so many tracks are 0."""
    return data.replace(b"\x9f\x81\x02", b"\x9f\x81\x00", count)


def without_configuration(data: bytes) -> bytes:
    """The first AAC track of an MP4 does not say how it is coded."""
    place = data.index(b"\x05\x80\x80\x80\x05", data.index(b"esds")) + 5
    return data[:place] + bytes(5) + data[place + 5 :]


def without_channels_in_avi(data: bytes) -> bytes:
    place = data.index(b"strf", data.index(b"auds")) + 10
    return data[:place] + bytes(2) + data[place + 2 :]


def broken(path: Path, sounds: tuple[str, ...], change: Callable[[bytes], bytes]) -> Path:
    raw = make_clip(path, audio=sounds).read_bytes()
    changed = change(raw)
    assert changed != raw
    path.write_bytes(changed)
    return path


@pytest.mark.parametrize(
    ("name", "sound", "change"),
    [
        ("it|s, a: film.mkv", "pcm", without_channels),
        ("film.mp4", "aac", without_configuration),
        ("film.avi", "pcm", without_channels_in_avi),
    ],
)
def test_the_film_goes_on_without_it(tmp_path: Path, name: str, sound: str, change: Callable[[bytes], bytes]) -> None:
    made = convert(broken(tmp_path / name, (sound, "aac"), change))
    assert [(stream.index, stream.reason) for stream in made.plan.dropped] == [(1, DAMAGED)]
    assert [stream.action for stream in made.plan.kept] == [Action.COPY, Action.COPY]


async def test_several_are_left_out_one_by_one(tmp_path: Path) -> None:
    source = broken(tmp_path / "film.mkv", ("pcm", "aac", "pcm"), lambda data: without_channels(data, 3))
    media = await probe(source)
    assert [stream.opens for stream in media.streams] == [True, False, True, False]
    assert [stream.codec for stream in media.streams] == ["h264", None, "aac", None]
    assert media.format_names == ("matroska", "webm")
    assert media.size == source.stat().st_size


async def test_without_another_sound_the_film_is_refused(tmp_path: Path) -> None:
    source = broken(tmp_path / "film.mkv", ("pcm",), without_channels)
    with pytest.raises(MediaError, match="description of the sound is damaged") as caught:
        plan(await examine(source), MKV)
    assert caught.value.code is ErrorCode.SOURCE_UNREADABLE


def test_a_picture_that_cannot_be_opened_is_not_the_film() -> None:
    bad, good = video(codec=None, opens=False, width=3840, height=2160), video(index=1)
    assert film(bad, good).picture is good
    with pytest.raises(MediaError, match="description of the picture is damaged"):
        plan(Media(streams=(bad, audio())), MKV)


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\0\0\0\0AVI ", b"\x1aE\xdf\xa3", b"\0\0\0\x08moov", b"words"]
)
def test_garbage_raises_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd"
    path.write_bytes(content)
    assert mask(path, 0) is None


def test_tracks_that_are_not_there_are_not_hidden(tmp_path: Path) -> None:
    for name in ("film.mkv", "film.mp4", "film.avi"):
        path = make_clip(tmp_path / name)
        assert mask(path, 1) is not None
        assert mask(path, 7) is None
    assert unopened("Unsupported codec with id 0 for input stream 1") is None
