"""An MP4 may name a key and be clear all the same; what is locked behind a clear beginning is refused as locked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.survey import examine
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.model import Container
from tests.clips import make_clip
from tests.encoder.converting import convert

_KEY = (
    *("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"),
    *("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"),
)
_FRAGMENTS = ("-bf", "0", "-threads", "1", "-movflags", "+frag_keyframe+empty_moov+default_base_moof")


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at : at + size]
        at += size


def film_with_a_key(path: Path, clear: float) -> Path:
    """Its head says that it is locked; so much of it, from its start, is not."""
    films = []
    for name, key in (("clear", ()), ("locked", _KEY)):
        made = make_clip(path.with_name(f"{name}.mp4"), seconds=8, size="160x90", extra=[*_FRAGMENTS, *key])
        films.append(list(boxes(made.read_bytes())))
    parts = [[box for kind, box in film if kind in (b"moof", b"mdat")] for film in films]
    head = b"".join(box for kind, box in films[1] if kind in (b"ftyp", b"moov"))
    # ffmpeg writes the beginnings of lists that are in the fragments, and does not read them again
    for empty in (b"saio", b"saiz", b"senc"):
        head = head.replace(empty, b"free")
    switch = int(len(parts[0]) / 2 * clear) * 2
    path.write_bytes(head + b"".join([*parts[0][:switch], *parts[1][switch:]]))
    return path


def test_a_film_that_names_a_key_and_is_clear_is_copied_without_it(tmp_path: Path) -> None:
    made = convert(film_with_a_key(tmp_path / "film.mp4", 1), Settings(container=Container.MP4))
    assert made.plan.copies_video
    assert not made.source.encrypted
    assert b"tenc" not in made.path.read_bytes()


@pytest.mark.parametrize("clear", [0, 0.5])
async def test_what_is_locked_is_refused_as_locked(tmp_path: Path, clear: float) -> None:
    media = await examine(film_with_a_key(tmp_path / "film.mp4", clear))
    with pytest.raises(MediaError, match="copy protection") as caught:
        plan(media, Settings())
    assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA


async def test_a_key_that_only_the_head_names_is_seen(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "film.mp4", seconds=2, size="160x90", extra=["-movflags", "+faststart"])
    plain = await examine(path)
    path.write_bytes(path.read_bytes().replace(b"Lavf", b"tenc"))
    media = await examine(path)
    assert (plain.keyed, media.keyed) == (False, True)
    assert not media.encrypted
    assert isinstance(plan(media, Settings()), Plan)
