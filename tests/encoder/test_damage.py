"""Damaged and strange films: a right result or a clear refusal, and a wrong claim is no damage."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.command import convert_argv
from mkv2castd.encoder.damage import Complaints, require_little_damage
from mkv2castd.encoder.ending import Ending, ending_of
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.plan import Plan, Skip, plan
from mkv2castd.encoder.survey import examine
from mkv2castd.encoder.verify import verify
from mkv2castd.encoder.wholeness import ended, require_whole
from mkv2castd.errors import ErrorCode, MediaError
from tests.clips import make_clip
from tests.encoder.films import audio, film, video

FAST = Settings(quality="fast")
FRONT = ("-movflags", "+faststart")
FORMATS = {
    ".mkv": ("matroska", "webm"),
    ".mp4": ("mov", "mp4"),
    ".avi": ("avi",),
    ".flv": ("flv",),
    ".wmv": ("asf",),
    ".ts": ("mpegts",),
}


async def converted(path: Path, settings: Settings = FAST) -> Media:
    """The output of the whole chain, verified."""
    media = await examine(path)
    decision = plan(media, settings)
    assert isinstance(decision, Plan), decision.reason
    output = path.with_name("out.mkv")
    argv = convert_argv(decision, path, output, "1;1;1;1")
    subprocess.run(argv, timeout=90, check=True, capture_output=True)
    return await verify(output, decision, path, media, settings)


async def refusal(path: Path, settings: Settings = FAST) -> str:
    with pytest.raises(MediaError) as caught:
        await converted(path, settings)
    assert caught.value.code is ErrorCode.SOURCE_UNREADABLE
    return caught.value.message


def clip(path: Path, seconds: float = 4) -> Path:
    kinds = {".wmv": ("mpeg4", "asf"), ".flv": ("h264", "flv")}
    picture, container = kinds.get(path.suffix, ("mpeg4", None))
    sound = "mp3" if path.suffix == ".flv" else "ac3"
    extra = [*(FRONT if path.suffix == ".mp4" else ())]
    extra += ["-ar", "44100", "-pix_fmt", "yuv444p"] if path.suffix == ".flv" else []
    return make_clip(
        path, video=picture, audio=[sound], seconds=seconds, size="160x90", extra=extra, container=container
    )


def shortened(path: Path, keep: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


def patched(path: Path, change: Callable[[bytearray], None]) -> Path:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


class TestEndings:
    @pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".avi", ".flv", ".wmv"])
    def test_a_file_that_is_cut_is_told_from_a_whole_one(self, tmp_path: Path, suffix: str) -> None:
        path = clip(tmp_path / f"in{suffix}")
        assert self.ending(path) is Ending.CLEAN
        for keep in (0.98, 0.5, 0.2):
            shortened(path, keep)
            assert self.ending(path) is Ending.CUT, keep

    def test_what_does_not_say_how_long_it_is(self, tmp_path: Path) -> None:
        live = tmp_path / "live.mkv"
        argv = ["ffmpeg", "-v", "error", "-i", str(clip(tmp_path / "in.mkv")), "-c", "copy", "-f", "matroska", "-"]
        live.write_bytes(subprocess.run(argv, check=True, capture_output=True, timeout=90).stdout)
        assert self.ending(live) is Ending.UNKNOWN
        assert self.ending(shortened(live, 0.5)) is Ending.UNKNOWN
        assert self.ending(clip(tmp_path / "in.ts")) is Ending.UNKNOWN

    def test_a_hole_that_was_never_filled(self, tmp_path: Path) -> None:
        path = clip(tmp_path / "in.mkv", seconds=12)

        def blank(data: bytearray) -> None:
            data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)

        assert self.ending(patched(path, blank)) is Ending.CUT

    def test_an_index_of_fragments_tells_how_far_they_reach(self, tmp_path: Path) -> None:
        # Without one, a film of more fragments than are read says nothing.
        for indexed, cut in ((True, Ending.CUT), (False, Ending.UNKNOWN)):
            flags = "+empty_moov+default_base_moof" + ("+dash+global_sidx" if indexed else "")
            extra = ["-movflags", flags, "-frag_duration", "40000"]
            path = make_clip(tmp_path / f"{indexed}.mp4", seconds=2, size="64x48", extra=extra)
            for keep, told in ((1, Ending.UNKNOWN), (0.9, cut)):
                with shortened(path, keep).open("rb") as data:
                    assert ending_of(data, FORMATS[".mp4"], 64) is told, (indexed, keep)

    def test_a_few_reads_say_no_more_than_they_can(self, tmp_path: Path) -> None:
        with clip(tmp_path / "in.mkv").open("rb") as data:
            assert ending_of(data, FORMATS[".mkv"], 2) is Ending.UNKNOWN

    @pytest.mark.parametrize("content", [b"", b"\0" * 100, b"RIFF", b"\x1aE\xdf\xa3", b"no film at all, but text"])
    def test_garbage_raises_nothing(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "odd"
        path.write_bytes(content)
        with path.open("rb") as data:
            for names in FORMATS.values():
                assert ending_of(data, names, 64) in Ending

    def ending(self, path: Path) -> Ending:
        with path.open("rb") as data:
            return ending_of(data, FORMATS[path.suffix], 100_000)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".avi", ".flv"])
async def test_a_film_that_is_cut_off_is_refused_before_it_is_encoded(tmp_path: Path, suffix: str) -> None:
    path = shortened(clip(tmp_path / f"in{suffix}", seconds=8), 0.5)
    with pytest.raises(MediaError, match=r"of 0:00:08\.\d: is it truncated\?.*accept_damaged = true"):
        plan(await examine(path), FAST)
    media = await converted(path, replace(FAST, accept_damaged=True))
    assert media.duration == pytest.approx(4, abs=1.5)


PLAYING = {
    "front.mp4": ("h264", "aac", FRONT),
    "fragment.mp4": ("h264", "aac", ("-movflags", "+empty_moov+default_base_moof", "-frag_duration", "100000000")),
    "fragments.mp4": (
        "h264",
        "aac",
        ("-movflags", "+empty_moov+default_base_moof+dash+global_sidx", "-frag_duration", "2000000"),
    ),
    "film.mkv": ("h264", "aac", ()),
    "film.webm": ("vp8", "opus", ()),
}


@pytest.mark.parametrize("name", PLAYING)
async def test_a_film_that_plays_but_is_cut_off_is_no_film_to_be_left_alone(tmp_path: Path, name: str) -> None:
    picture, sound, extra = PLAYING[name]
    path = make_clip(
        tmp_path / name,
        video=picture,
        audio=[sound],
        seconds=8,
        size="160x90",
        # no B frames: an edit list would not play
        extra=[*extra, *(("-bf", "0") if picture == "h264" else ())],
    )
    assert isinstance(plan(await examine(path), FAST), Skip)
    media = await examine(shortened(path, 0.6))
    with pytest.raises(MediaError, match=r"is it truncated\?.*accept_damaged = true") as caught:
        plan(media, FAST)
    assert caught.value.code is ErrorCode.SOURCE_UNREADABLE
    assert isinstance(plan(media, replace(FAST, accept_damaged=True)), Skip)


async def test_a_recording_that_was_cut_short_is_just_shorter(tmp_path: Path) -> None:
    media = await converted(shortened(clip(tmp_path / "in.ts", seconds=8), 0.5))
    assert media.duration == pytest.approx(4, abs=1)


async def test_where_the_source_is_replaced_nothing_may_be_missing(tmp_path: Path) -> None:
    path = shortened(clip(tmp_path / "in.mkv"), 0.97)
    await converted(path)
    assert "would delete what there is" in await refusal(path, replace(FAST, source_policy="replace"))
    await converted(path, replace(FAST, source_policy="replace", accept_damaged=True))


def claim(seconds: float) -> Callable[[bytearray], None]:
    """Writes another length into a Matroska file's head (in ms)."""

    def change(data: bytearray) -> None:
        place = data.index(b"\x44\x89\x88") + 3
        data[place : place + 8] = struct.pack(">d", seconds * 1000)

    return change


@pytest.mark.parametrize("claimed", [143_165.0, 20.0])
async def test_a_length_that_is_claimed_wrongly_is_no_damage(tmp_path: Path, claimed: float) -> None:
    bare = ("-map_metadata", "-1", "-fflags", "+bitexact")
    path = make_clip(tmp_path / "in.mkv", video="mpeg4", audio=["ac3"], seconds=3, size="160x90", extra=bare)
    media = await converted(patched(path, claim(claimed)))
    assert media.duration == pytest.approx(3, abs=0.3)
    assert (await examine(path)).duration == pytest.approx(3 if claimed > 100 else claimed, abs=0.3)


async def test_a_picture_that_ends_before_the_sound_is_no_damage(tmp_path: Path) -> None:
    for name in ("in.mkv", "in.mp4"):
        short = ["-vf", "trim=end=2"]
        path = make_clip(tmp_path / name, video="mpeg4", audio=["ac3"], seconds=5, size="160x90", extra=short)
        assert (await converted(path)).duration == pytest.approx(5, abs=0.3)


async def test_a_sound_that_ends_before_the_picture_is_no_damage(tmp_path: Path) -> None:
    path = make_clip(
        tmp_path / "in.mkv", video="mpeg4", audio=["ac3"], seconds=8, size="160x90", extra=["-af", "atrim=end=2"]
    )
    assert (await converted(path)).duration == pytest.approx(8, abs=0.3)


async def test_one_frame_is_a_film(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "in.avi", video="mpeg4", audio=[], seconds=0.04, size="160x90")
    media = await converted(path)
    assert media.picture is not None


async def test_a_head_without_a_film_is_refused(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "in.mp4", extra=["-movflags", "+frag_keyframe+empty_moov"])
    data = whole.read_bytes()
    head = tmp_path / "head.mp4"
    head.write_bytes(data[: data.index(b"moof") - 4])
    assert "holds nothing of it" in await refusal(head)


async def test_a_name_says_nothing_about_a_film(tmp_path: Path) -> None:
    path = clip(tmp_path / "in.avi").rename(tmp_path / "in.mp4")
    assert (await converted(path)).picture is not None


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\nhttp://192.0.2.1/a.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile 'in.avi'\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"></MPD>',
    ],
)
async def test_a_playlist_is_no_film(tmp_path: Path, content: str) -> None:
    clip(tmp_path / "in.avi")
    path = tmp_path / "list.mkv"
    path.write_text(content)
    with pytest.raises(MediaError, match=r"playlist|no film"):
        await converted(path)


class TestDecodeErrors:
    def test_only_what_is_lost_counts(self) -> None:
        found = Complaints()
        for line in (
            "[h264 @ 0x1] reference picture missing during reorder",
            "in.ts: corrupt decoded frame in stream 0",
            "    Last message repeated 4 times",
            "Error while decoding stream #0:1: Invalid data found when processing input",
            "[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] Error submitting packet to decoder: Invalid data found",
            "[h264 @ 0x1] mmco: unref short failure",
            "    Last message repeated 90 times",
        ):
            found.add(line)
        assert (found.patched, found.lost) == (5, 2)

    def test_what_is_lost_of_a_subtitle_costs_no_film(self) -> None:
        found = Complaints(frozenset({2}))
        for line in (
            "Error while decoding stream #0:2: Invalid data found when processing input",
            "    Last message repeated 400 times",
            "[sist#0:2/subrip @ 0x1] [dec:srt @ 0x2] Error submitting packet to decoder: Invalid data found",
            "Error while decoding stream #1:0: Invalid data found when processing input",
            "Error while decoding stream #0:21: Invalid data found when processing input",
        ):
            found.add(line)
        assert found.lost == 1

    def test_a_little_is_usual(self) -> None:
        require_little_damage(Complaints(patched=20), None, 100, encoded=True)
        require_little_damage(Complaints(patched=1000, lost=1000), 5400.0, 129_600, encoded=True)
        require_little_damage(Complaints(), 10.0, 0, encoded=False)
        with pytest.raises(MediaError, match="15 frames came out broken and 6 packets"):
            require_little_damage(Complaints(patched=15, lost=6), 10.0, 250, encoded=True)
        with pytest.raises(MediaError, match=r"of 1:30:00\.0 is damaged"):
            require_little_damage(Complaints(patched=2000, lost=1000), 5400.0, 129_600, encoded=True)
        with pytest.raises(MediaError, match="not one frame"):
            require_little_damage(Complaints(), 10.0, 0, encoded=True)


class TestWholeness:
    def test_a_wrong_claim_is_corrected(self) -> None:
        media = film(video(duration=143_165.0), audio(duration=1.0), duration=143_165.0)
        known = ended(media, 1.0, cut=False)
        assert known.duration == 1.0
        assert [stream.duration for stream in known.streams] == [None, 1.0]
        assert ended(media, None, cut=False).duration == 143_165.0
        assert ended(media, 143_000.0, cut=False).duration == 143_165.0

    def test_what_is_missing_is_told(self) -> None:
        media = ended(film(video(), duration=100.0), 50.0, cut=True)
        assert media.duration == 100.0
        with pytest.raises(MediaError, match=r"ends after 0:00:50\.0 of 0:01:40\.0"):
            require_whole(media, FAST)
        require_whole(media, replace(FAST, accept_damaged=True))
        require_whole(ended(film(video(), duration=100.0), 99.5, cut=True), FAST)
        require_whole(ended(film(video(), duration=100.0), None, cut=True), FAST)

    def test_what_would_play_as_it_is_has_to_be_whole_too(self) -> None:
        media = ended(film(video(), audio(), duration=100.0), 50.0, cut=True)
        with pytest.raises(MediaError, match="is it truncated"):
            plan(media, FAST)
        assert isinstance(plan(media, replace(FAST, accept_damaged=True)), Skip)

    def test_what_plays_as_it_is_is_not_replaced_and_may_lack_its_index(self) -> None:
        media = ended(film(video(), audio(), duration=100.0), 99.5, cut=True)
        assert isinstance(plan(media, replace(FAST, source_policy="replace")), Skip)
