"""MP4 says of MPEG audio which layer it is in only inside the sound itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.mpeg_audio import layer_of
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.survey import examine
from mkv2castd.model import Container
from tests.clips import make_clip
from tests.encoder.converting import convert


@pytest.mark.parametrize("extra", [(), ("-movflags", "+frag_keyframe+empty_moov")], ids=["plain", "fragments"])
@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
def test_layer_two_in_mp4_is_encoded(tmp_path: Path, container: Container, extra: tuple[str, ...]) -> None:
    path = make_clip(tmp_path / "film.mp4", audio=["mp3"], size="64x48", extra=[*extra, "-c:a", "mp2"])
    made = convert(path, Settings(container=container, quality="fast"))
    assert made.source.audio[0].codec == "mp2"
    assert made.media.audio[0].codec == "aac"
    assert "MP2: the devices do not play this codec" in made.plan.reasons[1]


async def test_layer_three_in_mp4_is_copied(tmp_path: Path) -> None:
    media = await examine(make_clip(tmp_path / "film.mp4", audio=["mp3", "aac"], size="64x48"))
    assert [track.codec for track in media.audio] == ["mp3", "aac"]
    decision = plan(media, Settings(container=Container.MP4))
    assert not isinstance(decision, Plan) or decision.kept[1].as_it_is


def test_what_begins_no_frame_tells_nothing() -> None:
    assert [layer_of(bytes.fromhex(head)) for head in ("fffd", "fffb", "ffff", "fff3")] == [
        "mp2",
        "mp3",
        "mp1",
        "mp3",
    ]
    assert [layer_of(head) for head in (b"", b"\xff", b"\xff\xf9", b"ID3")] == [None] * 4
