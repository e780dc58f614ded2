"""Where an MP4's index lies."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.boxes import index_first
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.probe import probe
from tests.clips import make_clip


def box(kind: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    return (size if size is not None else 8 + len(body)).to_bytes(4, "big") + kind + body


@pytest.mark.parametrize(
    ("film", "expected"),
    [
        (box(b"ftyp", b"isom") + box(b"moov") + box(b"mdat"), True),
        (box(b"ftyp", b"isom") + box(b"free") + box(b"mdat", b"x" * 9) + box(b"moov"), False),
        (box(b"free", (24).to_bytes(8, "big") + b"12345678", size=1) + box(b"moov"), True),
        (box(b"ftyp", b"isom"), None),
        (b"", None),
        (b"\0" * 1000, None),
        (box(b"free", size=10**9), None),
        (box(b"free") * 100, None),
    ],
)
def test_the_index_is_found_by_the_outermost_boxes(film: bytes, expected: bool | None) -> None:
    assert index_first(io.BytesIO(film)) is expected


async def test_an_mp4_with_its_index_behind_is_put_in_order_without_encoding(tmp_path: Path) -> None:
    behind = await probe(make_clip(tmp_path / "behind.mp4"))
    before = await probe(make_clip(tmp_path / "before.mp4", extra=("-movflags", "+faststart")))
    assert (behind.index_first, before.index_first) == (False, True)
    assert isinstance(plan(before, Settings()), Skip)
    decision = plan(behind, Settings())
    assert isinstance(decision, Plan)
    assert decision.copies_video


async def test_other_containers_have_no_such_index(tmp_path: Path) -> None:
    assert (await probe(make_clip(tmp_path / "film.mkv"))).index_first is None
