"""A Matroska that is cut off is known by its last frames, whatever else is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder import clusters
from mkv2castd.encoder.clusters import Tail, tail_of
from mkv2castd.encoder.ending import Ending
from mkv2castd.encoder.evidence import quick_ending
from mkv2castd.encoder.plan import plan
from mkv2castd.encoder.survey import examine
from mkv2castd.errors import MediaError
from tests.clips import make_clip

# Clusters of 100 ms, so that a short film has as many as a long one has of 5 s.
MANY = ("-cluster_time_limit", "100")
UNKNOWN = bytes.fromhex("01ffffffffffffff")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "film.mkv", audio=("ac3",), seconds=12, size="160x90", extra=MANY)


def tail(path: Path) -> Tail | None:
    with path.open("rb") as data:
        return tail_of(data)


def without_size(path: Path) -> Path:
    """As a recording that could not be gone back into: nobody says how long the Segment is."""
    raw = path.read_bytes()
    place = raw.index(bytes.fromhex("18538067")) + 4
    path.write_bytes(raw[:place] + UNKNOWN + raw[place + 8 :])
    return path


def test_the_last_frame_of_a_whole_film(film: Path) -> None:
    found = tail(film)
    assert found is not None
    assert found.reached == pytest.approx(12, abs=0.1)
    assert not found.broken


@pytest.mark.parametrize("sized", [True, False])
async def test_a_film_without_its_end_is_refused_before_it_is_encoded(film: Path, sized: bool) -> None:
    os.truncate(film, film.stat().st_size // 2 + 700)
    media = await examine(film if sized else without_size(film))
    assert media.cut
    assert media.ends == pytest.approx(6, abs=1)
    with pytest.raises(MediaError, match=r"the film ends after 0:00:0[56].* of 0:00:12"):
        plan(media, Settings())


async def test_an_end_that_was_never_filled(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = film.stat().st_size
    os.truncate(film, size // 2)
    os.truncate(film, size)
    monkeypatch.setattr(clusters, "_MOST_BYTES", size // 4)
    media = await examine(film)
    assert (media.cut, media.ends) == (True, pytest.approx(6, abs=1))


async def test_a_whole_film_that_does_not_say_its_size_is_whole(film: Path) -> None:
    media = await examine(without_size(film))
    assert await quick_ending(film, media) is Ending.UNKNOWN
    assert not media.cut


async def test_a_claim_that_is_only_wrong_is_no_damage(film: Path) -> None:
    """It ends early, but with a whole cluster, and does not say that more should follow."""
    raw = without_size(film).read_bytes()
    os.truncate(film, raw.index(bytes.fromhex("1f43b675"), len(raw) // 2))
    media = await examine(film)
    assert media.duration == pytest.approx(12, abs=0.5)
    assert not media.cut


@pytest.mark.parametrize(
    "content", [b"", b"words" * 100, b"\x1aE\xdf\xa3\x80\x18S\x80g\xff" + b"\x1fC\xb6u\x85abcde" * 9]
)
def test_garbage_raises_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd"
    path.write_bytes(content)
    assert tail(path) is None


def test_blocks_in_groups_and_ticks_of_another_length_count(tmp_path: Path) -> None:
    """Ticks of 0.1 s; a cluster at 100 with a group whose block is 7 later; a checksum in front; cut in it."""
    info = b"\x15\x49\xa9\x66\x88" + b"\x2a\xd7\xb1\x84" + (100_000_000).to_bytes(4, "big")
    group = b"\xa0\x88" + b"\xa1\x86\x81\x00\x07\x00ab"
    cluster = b"\x1f\x43\xb6\x75\xff" + b"\xbf\x81c" + b"\xe7\x81\x64" + group + b"\xa3\x90\x81\x00\x09"
    path = tmp_path / "film"
    path.write_bytes(b"\x1aE\xdf\xa3\x80\x18S\x80g\xff" + info + cluster)
    assert tail(path) == Tail(pytest.approx(10.7), True)
