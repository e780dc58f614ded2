"""Transport streams with several programmes: one of them is the film."""

from __future__ import annotations

from pathlib import Path

from mkv2castd.config import Settings
from mkv2castd.encoder.captions import caption
from mkv2castd.encoder.media import External, Media, Programme
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.programmes import of_one
from mkv2castd.model import Action
from tests.encoder.converting import MKV, convert, ffmpeg
from tests.encoder.films import audio, film, subtitle, video


def recording(*programmes: Programme) -> Media:
    """A small picture and a large one, each with a sound; a subtitle."""
    small, large = video(width=320, height=180), video(index=2)
    streams = (small, audio(1), large, audio(3), subtitle(4, "dvb_subtitle"))
    return film(*streams, container="ts", programmes=programmes)


def indexes(media: Media) -> list[int]:
    return [stream.index for stream in media.streams]


def test_the_programme_of_the_main_picture_is_the_film() -> None:
    other, own = Programme(1, "One", frozenset({0, 1})), Programme(7, None, frozenset({2, 3, 4}))
    media = of_one(recording(other, own))
    assert indexes(media) == [2, 3, 4]
    made = plan(media, MKV)
    assert isinstance(made, Plan)
    assert [stream.index for stream in made.streams] == [0, 1, 2, 3, 4]
    assert {stream.index for stream in made.dropped} == {0, 1}
    assert "another programme of the recording, 1 (One)" in made.streams[0].reason
    nameless = of_one(recording(Programme(None, None, frozenset({0, 1})), own))
    made = plan(nameless, MKV)
    assert isinstance(made, Plan)
    assert "another programme of the recording: " in made.streams[0].reason


def test_what_belongs_to_none_or_to_several_stays() -> None:
    shared = (
        Programme(1, "a", frozenset({0, 1})),
        Programme(2, "b", frozenset({0, 1, 4})),
        Programme(3, "c", frozenset({2})),
    )
    assert indexes(of_one(recording(*shared))) == [0, 1, 2, 3]
    assert indexes(of_one(recording(Programme(1, "a", frozenset({0, 1, 3}))))) == [0, 1, 2, 3, 4]


def test_one_programme_changes_nothing() -> None:
    media = recording(Programme(1, "One", frozenset({0, 1, 2, 3, 4})))
    assert of_one(media) == media
    assert of_one(recording()) == recording()
    without = film(audio(0), container="ts", programmes=(Programme(1, None, frozenset({0})),))
    assert of_one(without) == without


def test_a_file_beside_the_film_is_none_of_the_foreign_streams() -> None:
    media = recording(Programme(1, None, frozenset({2, 3})), Programme(2, None, frozenset({0, 1, 4})))
    beside = film(
        *media.streams, container="ts", programmes=media.programmes, externals=(External(Path("a.srt"), "subrip"),)
    )
    told = caption(of_one(beside), Settings().container, Settings())
    assert [stream.index for stream in told.streams] == [5]


def test_of_two_programmes_only_the_film_is_heard(tmp_path: Path) -> None:
    source = tmp_path / "film.ts"
    pictures = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=1", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1")
    sounds = ("-f", "lavfi", "-i", "sine=f=440:d=1", "-f", "lavfi", "-i", "sine=f=880:d=1")
    maps = ("-map", "0", "-map", "2", "-map", "1", "-map", "3", "-c:v", "mpeg2video", "-c:a", "mp2")
    programmes = ("-program", "title=One:program_num=1:st=0:st=1", "-program", "title=Two:program_num=7:st=2:st=3")
    ffmpeg(*pictures, *sounds, *maps, *programmes, str(source))
    made = convert(source)
    assert (made.picture.width, made.picture.height) == (320, 180)
    assert [stream.index for stream in made.plan.kept if stream.action is not Action.DROP] == [2, 3]
    assert [stream.reason.partition(":")[0] for stream in made.plan.dropped] == [
        "of another programme of the recording, 1 (One)"
    ] * 2
