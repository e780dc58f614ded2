"""The checker finds each kind of fault in a file that has it, and none in a file that has none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.matrix.checker import Wanted, judge
from tests.matrix.clips import BY_NAME, put
from tests.matrix.devices import H264_LEVELS, h264_level_fault, hevc_level_fault
from tests.matrix.patches import noise
from tests.matrix.rows import H264, HEVC, SCENE, TONE, Row, clip
from tests.matrix.scene import Scene, Tone
from tests.matrix.seen import Seen, Stream, see

CHROMECAST, ULTRA = Wanted(("chromecast",), "mkv"), Wanted(("chromecast-ultra",), "mp4")
MP4, ANY = Wanted(("chromecast",), "mp4"), Wanted(("chromecast",))
SCENE_RATE = Fraction(30)
_FRONT = ("-movflags", "+faststart")
GOOD = clip("good")
GOOD_MP4 = clip("good-mp4", HEVC, suffix=".mp4", extra=("-tag:v", "hvc1", *_FRONT))


@dataclass(frozen=True, slots=True)
class Wrong:
    """A film with a fault, and words of the sentence that tells it."""

    row: Row
    says: str
    wanted: Wanted = CHROMECAST


def _known(name: str, **facts: object) -> Row:
    """A clip of the matrix that is at fault itself, held against facts that it does not meet."""
    row = BY_NAME[name]
    return replace(row, facts=replace(row.facts, **facts))  # type: ignore[arg-type]


def _bent(filters: str, name: str = "bent") -> Row:
    return clip(name, scene=replace(SCENE, then=filters))


WRONG: dict[str, Wrong] = {
    "container of no device": Wrong(_known("h264-avi"), "the container avi"),
    "another container": Wrong(GOOD, "mp4 was asked for, this is mkv", MP4),
    "index behind the film": Wrong(_known("index-behind"), "moov does not lie before mdat", MP4),
    "two pictures": Wrong(_known("two-pictures"), "2 film pictures"),
    "no picture": Wrong(_known("only-sound"), "0 film pictures"),
    "codec": Wrong(_known("hevc-main"), "chromecast-1 does not play hevc"),
    "codec that one of two devices plays": Wrong(
        _known("vp8-mkv"), "nest-hub does not play vp8", Wanted(("chromecast-3", "nest-hub"), "mkv")
    ),
    "codec in its container": Wrong(_known("hevc-ts"), "hevc does not play in mpegts", Wanted(("chromecast-ultra",))),
    "profile": Wrong(_known("h264-10bit"), "h264 of profile High 10"),
    "pixel format": Wrong(_known("h264-10bit"), "pixel format yuv420p10le"),
    "too many frames of that size": Wrong(_known("1080p60"), "chromecast-1: 1920×1080 at 60.00"),
    "too high": Wrong(_known("1080-upright"), "1080×1920 at 24.00"),
    "level too high": Wrong(_known("h264-overstated"), "level 52 is above 41"),
    "level too low": Wrong(
        clip("low-level", (*H264, "-bsf:v", "h264_metadata=level=1.1"), scene=Scene("1280x720", "24", 0.8)),
        "the stated level is not true: level 1.1 holds 396 macroblocks",
    ),
    "level too low for HEVC": Wrong(
        clip(
            "low-hevc-level", HEVC, scene=Scene("640x360"), suffix=".mp4", extra=("-bsf:v", "hevc_metadata=level=1")
        ),
        "the stated level is not true: level 1.0 holds 36864 samples",
        ULTRA,
    ),
    "marked as interlaced": Wrong(_known("fields-h264-tff"), "40 of 40 frames are marked as interlaced"),
    "interlaced without a mark": Wrong(_known("fields-h264-denied"), "combed: "),
    "HDR where none is shown": Wrong(_known("hdr10"), "chromecast-3 does not show HDR (smpte2084)"),
    "HDR in H.264": Wrong(_known("tagged-pq-by-mistake"), "HDR (smpte2084) in h264", ULTRA),
    "wide colours where none are shown": Wrong(_known("wide-sdr-h264"), "does not show the primaries bt2020"),
    "HDR lost": Wrong(replace(GOOD, facts=_known("hdr10").facts), "HDR (smpte2084) was lost", ULTRA),
    "HDR in eight bits": Wrong(_known("hdr10-8bit", bits=10), "HDR in yuv420p", ULTRA),
    "mastering lost": Wrong(_known("hdr10-bare", mastering=True), "mastering display metadata was lost", ULTRA),
    "light levels lost": Wrong(_known("hdr10-bare", light=True), "the light levels were lost", ULTRA),
    "tone mapped and not told": Wrong(
        replace(GOOD, facts=_known("hdr10-bare").facts), "tone mapped pictures are BT.709, this says"
    ),
    "Dolby Vision alone": Wrong(_known("dolby-vision-5"), "chromecast-1 does not show Dolby Vision of profile 5"),
    "tag of HEVC": Wrong(_known("hevc-hev1"), "HEVC in MP4 is tagged hev1, not hvc1", ULTRA),
    "pixels out of shape": Wrong(_bent("setsar=9"), "the pixels are 9:1"),
    "colours said to be RGB": Wrong(_known("tagged-gbr"), "its colours are said to be RGB"),
    "turned in a container that does not tell": Wrong(_known("turned-270-mov"), "has to be turned by"),
    "odd size": Wrong(_known("odd-h264"), "odd size 321×181"),
    "surround first": Wrong(_known("sound-aac-5.1"), "sound track 1: 6 channels"),
    "sound that no device decodes": Wrong(_known("sound-ac3"), "sound track 1: no device is certain to play ac3"),
    "sound that the container does not take": Wrong(
        clip("opus-mp4", sound=("-c:a", "libopus"), suffix=".mp4", extra=_FRONT), "opus does not play in mp4", MP4
    ),
    "sound behind that no device decodes": Wrong(_known("aac-then-dts"), "sound track 2: no device"),
    "rate of sound": Wrong(_known("sound-flac-192"), "192000 Hz are more than 96000"),
    "profile of sound": Wrong(_known("sound-aac-main"), "aac of profile Main"),
    "sound invented": Wrong(replace(GOOD, facts=replace(GOOD.facts, sounds=False)), "a sound track was invented"),
    "sound lost": Wrong(_known("silent-mkv", sounds=True), "the sound was lost"),
    "language lost": Wrong(_known("two-languages", languages=("eng", "jpn")), "the language jpn was lost"),
    "commentary first": Wrong(_known("commentary-first"), "the first sound track is 'Commentary'"),
    "chapters lost": Wrong(_known("h264-high", chapters=2), "0 chapters instead of 2"),
    "title lost": Wrong(_known("h264-high", title="A film"), "the title is None instead of 'A film'"),
    "subtitles lost": Wrong(_known("h264-high", text=("eng",)), "the subtitles in eng were lost"),
    "bitmap subtitles lost": Wrong(_known("h264-high", bitmaps=1), "0 tracks of bitmap subtitles instead of 1"),
    "fonts lost": Wrong(_known("h264-high", fonts=1), "0 fonts instead of 1"),
    "duration": Wrong(_known("h264-high", shown=3.0, heard=3.0), "it states 1.5"),
    "no duration": Wrong(_known("box-mkv-live", shown=1.5), "no duration is stated"),
    "picture ends early": Wrong(_known("short-picture", shown=1.5), "the picture lasts 1.00 s"),
    "sound ends early": Wrong(_known("short-sound", heard=1.5), "the sound lasts 0.9"),
    "frames lost": Wrong(_known("uneven-mkv", frames=36), "23 frames, the clip has 36"),
    "picture stands still": Wrong(_bent("loop=loop=-1:size=1,trim=end_frame=36", "still"), "different frames of 36"),
    "sound late": Wrong(clip("late", tones=(replace(TONE, beep=0.56),)), "the sound comes +"),
    "sound early": Wrong(clip("early", tones=(replace(TONE, beep=0.46),)), "the sound comes -"),
    "no flash": Wrong(clip("dark", scene=Scene(flash=9)), "the flash is not to be seen"),
    "no beep": Wrong(clip("quiet", tones=(Tone(loud=0.004),)), "the beep is not to be heard"),
    "out of shape": Wrong(_bent("setsar=4/3"), "times as wide as high"),
    "upside down": Wrong(_bent("vflip"), "top left is "),
    "colours exchanged": Wrong(_bent("format=gbrp,colorchannelmixer=0:1:0:0:1:0:0:0"), "top left is "),
    "range taken for another": Wrong(_bent("format=yuv420p,lutyuv=y=(val-16)*1.16"), "bottom right is"),
    "colours out of nothing": Wrong(_known("h264-high", look="gray"), "which is not gray"),
    "damaged": Wrong(clip("damaged", scene=Scene(seconds=3), patch=noise(0.5)), "decoding complains"),
}


def looked_at(row: Row, folder: Path) -> Seen:
    return see(put(row, folder))


@pytest.mark.parametrize(("row", "wanted"), [(GOOD, CHROMECAST), (GOOD, ANY), (GOOD_MP4, ULTRA)])
def test_a_file_without_faults_has_none(row: Row, wanted: Wanted, tmp_path: Path) -> None:
    assert judge(looked_at(row, tmp_path), wanted, row.facts) == []


@pytest.mark.parametrize("kind", WRONG)
def test_a_fault_is_found(kind: str, tmp_path: Path) -> None:
    wrong = WRONG[kind]
    found = judge(looked_at(wrong.row, tmp_path), wrong.wanted, wrong.row.facts)
    assert any(wrong.says in sentence for sentence in found), found


def test_what_no_muxer_writes_is_found_too(tmp_path: Path) -> None:
    good = looked_at(GOOD, tmp_path)
    picture, sound = good.streams
    told = {**sound.told, "codec_type": "subtitle", "codec_name": "mov_text"}
    assert "mkv holds no subtitles in mov_text" in _verdict(good, picture, sound, Stream(told))
    assert "sound track 1: nothing in it can be decoded" in _verdict(good, picture, replace(sound, frames=[]))
    back = [*picture.packets[:9], picture.packets[4], *picture.packets[9:]]
    assert any("goes back" in said for said in _verdict(good, replace(picture, packets=back), sound))
    few = replace(picture, frames=picture.frames[:20])
    assert any("20 frames come out of 36 packets" in said for said in _verdict(good, few, sound))
    cover = Stream({**picture.told, "disposition": {"attached_pic": 1}})
    assert "the first video track is not the film" in _verdict(good, cover, picture, sound)
    dolby = {"side_data_type": "DOVI configuration record", "dv_profile": 8, "dv_bl_signal_compatibility_id": 1}
    said = _verdict(good, Stream({**picture.told, "side_data_list": [dolby]}), sound)
    assert "h264 is said to be Dolby Vision" in said
    attached = Stream({"index": 2, "codec_type": "attachment"})
    assert "webm holds no attachments" in _verdict(
        replace(good, format={**good.format, "doctype": "webm"}), picture, sound, attached
    )


def _verdict(seen: Seen, *streams: Stream) -> list[str]:
    return judge(replace(seen, streams=list(streams)), CHROMECAST, GOOD.facts)


def test_levels_hold_what_the_standard_says() -> None:
    # ITU-T H.264 table A-1: 1080p30 is the business of 4.0 and above, with four frames kept
    assert h264_level_fault(40, (1920, 1080), SCENE_RATE, 4) is None
    assert "5 are asked for" in str(h264_level_fault(40, (1920, 1080), SCENE_RATE, 5))
    assert "macroblocks a frame" in str(h264_level_fault(31, (1920, 1080), SCENE_RATE, 1))
    assert "macroblocks a second" in str(h264_level_fault(31, (1280, 720), SCENE_RATE * 2, 1))
    assert h264_level_fault(99, (16, 16), None, None) == "99 is no level of H.264"
    assert sorted(H264_LEVELS) == list(H264_LEVELS)
    assert hevc_level_fault(153, (3840, 2160), SCENE_RATE * 2) is None
    assert "samples a second" in str(hevc_level_fault(150, (3840, 2160), SCENE_RATE * 2))
    assert hevc_level_fault(1, (16, 16), None) == "1 is no level of HEVC"
