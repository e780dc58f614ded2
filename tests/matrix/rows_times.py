"""Rates, uneven times, edit lists, films that begin late or in two places, and every container."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.matrix.rows import AAC, COPY, H264, HEVC, SCENE, TONE, Row, clip
from tests.matrix.scene import Scene, Tone

_MPEG4, _MPEG2 = ("-c:v", "mpeg4", "-b:v", "2M"), ("-c:v", "mpeg2video", "-b:v", "2M")
_MP3, _AC3, _PCM, _MP2 = ("-c:a", "libmp3lame"), ("-c:a", "ac3"), ("-c:a", "pcm_s16le"), ("-c:a", "mp2")
_VFR = ("-fps_mode", "vfr")
_FASTSTART = ("-movflags", "+faststart")
# Of 36 frames at 24 a second, those are left out: the flash's own first frame stays.
_UNEVEN = replace(SCENE, then="select='not(between(n,3,6)+between(n,20,27)+eq(n,31))'")
_LATE_SOUND, _LATE_PICTURE = replace(TONE, cut=0.3), replace(SCENE, cut=0.25)


def _moved(seconds: str, *options: str) -> tuple[tuple[str, ...], ...]:
    return ((*COPY, "-output_ts_offset", seconds, *options, "{out}"),)


RATE_ROWS: tuple[Row, ...] = (
    *(
        clip(f"rate-{name}", scene=Scene(rate=rate, seconds=seconds), tones=(Tone(seconds=seconds),), sample=sample)
        for name, rate, seconds, sample in (
            ("10", "10", 1.5, None),
            ("23.976", "24000/1001", 1.5, None),
            ("29.97", "30000/1001", 1.5, None),
            ("48", "48", 1.5, None),
            ("59.94", "60000/1001", 1.0, None),
            ("100", "100", 1.0, None),
            ("120", "120", 1.0, "ultra"),
            ("240", "240", 1.0, None),
        )
    ),
    clip("rate-25", scene=Scene(rate="25", seconds=1.6, flash=0.6), tones=(Tone(seconds=1.6, beep=0.6),)),
    clip("rate-50-mpeg4", _MPEG4, scene=Scene(rate="50"), suffix=".avi", sound=_MP3),
    clip("uneven-mkv", scene=_UNEVEN, extra=_VFR, frames=23, rate=None, also=("chromecast-mp4",)),
    clip("uneven-mp4", HEVC, scene=_UNEVEN, suffix=".mp4", extra=_VFR, frames=23, rate=None, sample="chromecast"),
    clip("uneven-avi", _MPEG4, scene=_UNEVEN, suffix=".avi", sound=_MP3, frames=None, rate=None),
    clip(
        "uneven-60",
        (*H264,),
        scene=replace(_UNEVEN, rate="60", seconds=1.5, then="select='not(mod(n,2))+lt(n,40)'"),
        extra=_VFR,
        frames=None,
        rate=None,
    ),
    clip(
        "one-frame",
        _MPEG4,
        scene=Scene(rate="24", seconds=0.04),
        frames=1,
        shown=None,
        sync=None,
        look=None,
        rate=None,
    ),
    clip("slide-show", _MPEG4, scene=Scene(rate="2", seconds=2, flash=0.5), tones=(Tone(seconds=2),), look=None),
)
START_ROWS: tuple[Row, ...] = (
    clip("late-sound", tones=(_LATE_SOUND,), also=("chromecast-mp4", "webm")),
    clip("late-sound-ac3", tones=(_LATE_SOUND,), sound=_AC3, also=("chromecast-mp4", "webm"), sample="chromecast"),
    clip("late-sound-mp4", tones=(_LATE_SOUND,), suffix=".mp4", sound=_AC3),
    clip("late-sound-ts", _MPEG2, tones=(_LATE_SOUND,), suffix=".ts", form="mpegts", sound=_MP2),
    clip("late-picture", scene=_LATE_PICTURE, look=None, sample="pair", also=("chromecast-mp4", "webm")),
    clip("late-picture-hevc", HEVC, scene=_LATE_PICTURE, look=None, sound=_AC3, also=("chromecast-mp4", "webm")),
    clip("late-picture-mp4", HEVC, scene=_LATE_PICTURE, look=None, suffix=".mp4", extra=("-fps_mode", "passthrough")),
    clip("short-sound", tones=(replace(TONE, seconds=0.9),), sound=_AC3),
    clip("short-picture", HEVC, scene=Scene(seconds=1.0)),
    clip("starts-at-5", HEVC, then=_moved("5", "-f", "matroska")),
    clip("starts-at-5-copied", sound=_AC3, then=_moved("5", "-f", "matroska")),
    clip("starts-at-5-plays", then=_moved("5", "-f", "matroska")),
    clip(
        "starts-before-0",
        HEVC,
        then=_moved("-0.2", "-avoid_negative_ts", "disabled", "-f", "matroska"),
        look=None,
        shown=None,
        heard=None,
        frames=None,
        expect="plays",
    ),
    clip(
        "ts-clock-wraps",
        _MPEG2,
        sound=_MP2,
        suffix=".ts",
        form="mpegts",
        extra=("-output_ts_offset", "95442.9", "-muxdelay", "0", "-muxpreload", "0"),
    ),
    clip("ts-starts-late", suffix=".ts", form="mpegts", extra=("-output_ts_offset", "3600")),
    clip(
        "edit-list-cut",
        HEVC,
        scene=Scene(seconds=2.0, flash=1.0),
        tones=(Tone(seconds=2.0, beep=1.0),),
        suffix=".mp4",
        then=(("-ss", "0.4", *COPY, "{out}"),),
        shown=1.6,
        heard=1.6,
        frames=None,
    ),
    clip(
        "edit-list-cut-copied",
        scene=Scene(seconds=2.0, flash=1.0),
        tones=(Tone(seconds=2.0, beep=1.0),),
        suffix=".mp4",
        sound=_AC3,
        then=(("-ss", "0.4", *COPY, "{out}"),),
        shown=1.6,
        heard=1.6,
        frames=None,
    ),
    clip("edit-list-empty", tones=(_LATE_SOUND,), suffix=".mov", sound=_PCM),
    clip("fragmented", suffix=".mp4", extra=("-movflags", "+frag_keyframe+empty_moov"), also=("chromecast-mp4",)),
    clip("fragmented-hevc", HEVC, suffix=".mp4", sound=_AC3, extra=("-movflags", "+frag_keyframe+delay_moov")),
    clip("index-behind", suffix=".mp4", also=("chromecast-mp4",)),
    clip("index-in-front", suffix=".mp4", extra=_FASTSTART, also=("chromecast-mp4",)),
    clip("negative-offsets", suffix=".mp4", extra=("-movflags", "+negative_cts_offsets")),
)
BOX_ROWS: tuple[Row, ...] = (
    clip("box-m4v", suffix=".m4v", form="mp4", extra=_FASTSTART),
    clip("box-mov", suffix=".mov"),
    clip("box-mov-mpeg4", _MPEG4, suffix=".mov"),
    # AVI holds its first picture for two frames where the sound is MP3
    clip("box-avi", _MPEG4, suffix=".avi", sound=_MP3, also=("webm", "chromecast-mp4"), sync=-0.019),
    clip("box-ts", _MPEG2, suffix=".ts", form="mpegts", sound=_MP2),
    clip("box-m2ts", suffix=".m2ts", form="mpegts", extra=("-mpegts_m2ts_mode", "1"), sound=_AC3),
    clip("box-flv", suffix=".flv", tones=(Tone(rate=44_100),), sample="ultra"),
    clip("box-flv-mp3", suffix=".flv", tones=(Tone(rate=44_100),), sound=_MP3),
    clip("box-asf", ("-c:v", "wmv2", "-b:v", "2M"), suffix=".asf", form="asf", sound=("-c:a", "wmav2")),
    clip("box-mpg", _MPEG2, suffix=".mpg", form="mpeg", sound=_MP2),
    clip("box-vob", _MPEG2, suffix=".vob", form="vob", sound=_AC3),
    clip(
        "box-ogm",
        ("-c:v", "libtheora", "-q:v", "7"),
        suffix=".ogm",
        form="ogg",
        sound=("-c:a", "libvorbis"),
        frames=32,
    ),
    clip("box-3gp", suffix=".3gp", extra=_FASTSTART),
    clip("box-3g2", suffix=".3g2"),
    clip(
        "box-mxf",
        _MPEG2,
        scene=Scene(rate="25", seconds=1.6, flash=0.6),
        tones=(Tone(seconds=1.6, beep=0.6),),
        suffix=".mxf",
        sound=_PCM,
        sample="pair",
    ),
    clip("box-nut", _MPEG4, suffix=".nut", sound=_MP3),
    clip("box-wtv", _MPEG2, suffix=".wtv", sound=_MP2),
    clip("box-f4v", suffix=".f4v"),
    clip("box-ismv", suffix=".ismv", sync=None),
    clip("box-raw-h264", suffix=".h264", form="h264", tones=(), rate=Fraction(24)),
    clip("box-raw-mpeg2", _MPEG2, suffix=".m2v", form="mpeg2video", tones=()),
    clip("box-mkv-live", H264, sound=AAC, extra=("-live", "1"), shown=None, heard=None),
)
ROWS: tuple[Row, ...] = (*RATE_ROWS, *START_ROWS, *BOX_ROWS)
