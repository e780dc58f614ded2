"""Fields, turned pictures, pixels that are not square, odd and large sizes, and rates."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.matrix.patches import telecined_softly, turned
from tests.matrix.rows import COPY, H264, HEVC, SCENE, Row, clip
from tests.matrix.scene import Scene, Tone

_MPEG2 = ("-c:v", "mpeg2video", "-b:v", "3M")
_PAL = Scene(rate="50", seconds=1.6, flash=0.6)
_NTSC = Scene(rate="60000/1001", seconds=1.5, flash=0.5)
_LATE = (Tone(seconds=1.6, beep=0.6),)
_FIELDS_25 = {"frames": 40, "rate": Fraction(25), "shown": 1.6, "interlaced": True}
_FIELDS_30 = {"frames": 45, "rate": Fraction(30000, 1001), "shown": 1.5, "interlaced": True}
_AC3, _MP3, _PCM = ("-c:a", "ac3"), ("-c:a", "libmp3lame"), ("-c:a", "pcm_s16le")


def _fields(scene: Scene, order: str, flagged: bool = True, form: str = "yuv420p") -> Scene:
    then = f"format={form},interlace=scan={order}:lowpass=off"
    return replace(scene, then=then if flagged else f"{then},setfield=prog")


def _lines(order: str) -> tuple[str, ...]:
    return ("-flags", "+ildct+ilme", *(("-top", "1" if order == "tff" else "0")))


# Long enough to be told by its contents alone.
_UNFLAGGED = _fields(replace(_PAL, seconds=3.2), "tff", flagged=False)
_LONG, _LONG_FIELDS = (Tone(seconds=3.2, beep=0.6),), {**_FIELDS_25, "frames": 80, "shown": 3.2}
_TELECINED = "format=yuv420p,telecine=pattern=23,fps=30000/1001"
FIELD_ROWS: tuple[Row, ...] = (
    clip(
        "fields-mpeg2-tff",
        (*_MPEG2, *_lines("tff")),
        scene=_fields(_PAL, "tff"),
        tones=_LATE,
        sample="chromecast",
        **_FIELDS_25,
    ),
    clip(
        "fields-mpeg2-bff",
        (*_MPEG2, *_lines("bff")),
        scene=_fields(_NTSC, "bff"),
        sound=_AC3,
        suffix=".mpg",
        form="mpeg",
        **_FIELDS_30,
    ),
    clip(
        "fields-mpeg2-ts",
        (*_MPEG2, *_lines("tff")),
        scene=_fields(_PAL, "tff"),
        tones=_LATE,
        sound=("-c:a", "mp2"),
        suffix=".ts",
        form="mpegts",
        **_FIELDS_25,
    ),
    clip(
        "fields-mpeg2-422",
        (*_MPEG2, *_lines("tff"), "-pix_fmt", "yuv422p"),
        tones=_LATE,
        scene=_fields(_PAL, "tff", form="yuv422p"),
        **_FIELDS_25,
    ),
    clip(
        "fields-h264-tff",
        (*H264, *_lines("tff"), "-x264-params", "tff=1"),
        scene=_fields(_PAL, "tff"),
        tones=_LATE,
        sample="ultra",
        **_FIELDS_25,
    ),
    clip(
        "fields-h264-bff",
        (*H264, *_lines("bff"), "-x264-params", "bff=1"),
        scene=_fields(_NTSC, "bff"),
        **_FIELDS_30,
    ),
    clip(
        "fields-h264-ts",
        (*H264, *_lines("tff"), "-x264-params", "tff=1"),
        scene=_fields(_PAL, "tff"),
        tones=_LATE,
        sound=_AC3,
        suffix=".ts",
        form="mpegts",
        **_FIELDS_25,
    ),
    clip(
        "fields-prores",
        ("-c:v", "prores_ks", *_lines("tff")),
        scene=_fields(_PAL, "tff", form="yuv422p10le"),
        tones=_LATE,
        sound=_PCM,
        suffix=".mov",
        **_FIELDS_25,
    ),
    clip(
        "fields-dv-ntsc",
        ("-c:v", "dvvideo", "-pix_fmt", "yuv411p"),
        tones=(Tone(seconds=1.0),),
        sound=_PCM,
        scene=Scene(
            "640x480",
            "60000/1001",
            1.0,
            0.5,
            then="format=yuv422p,interlace=scan=bff:lowpass=off,scale=720:480:interl=1,setsar=8/9",
        ),
        suffix=".avi",
        frames=30,
        rate=Fraction(30000, 1001),
        shown=1.0,
        interlaced=True,
    ),
    clip(
        "fields-h264-denied",  # by the container, while each frame says that it is made of fields
        (*H264, "-flags", "+ildct+ilme", "-x264-params", "tff=1"),
        scene=_fields(_PAL, "tff", flagged=False),
        tones=_LATE,
        **_FIELDS_25,
    ),
    clip("fields-unflagged-mpeg2", _MPEG2, scene=_UNFLAGGED, tones=_LONG, **_LONG_FIELDS),
    clip(
        "fields-unflagged-mpeg4",
        ("-c:v", "mpeg4", "-b:v", "4M"),
        scene=_UNFLAGGED,
        tones=_LONG,
        sound=_MP3,
        suffix=".avi",
        sample="pair",
        **_LONG_FIELDS,
    ),
    clip(
        "fields-unflagged-h264",
        (*H264, "-crf", "16"),
        # in standard definition, where encoders that nobody told are common, and looked for
        scene=replace(_UNFLAGGED, size="720x576"),
        tones=_LONG,
        **_LONG_FIELDS,
    ),
    clip("telecined-mpeg2", (*_MPEG2, *_lines("tff")), scene=replace(SCENE, then=_TELECINED), interlaced=True),
    clip(
        "telecined-unflagged",
        (*H264, "-crf", "16"),
        scene=replace(SCENE, size="720x480", seconds=3.0, then=f"{_TELECINED},setfield=prog"),
        tones=(Tone(seconds=3.0),),
        interlaced=True,
    ),
    clip("telecined-softly", (*_MPEG2, "-bf", "0"), scene=SCENE, patch=telecined_softly, interlaced=True),
    clip(
        "progressive-flagged-as-fields",
        (*_MPEG2, *_lines("tff")),
        scene=replace(SCENE, then="format=yuv420p,setfield=tff"),
        interlaced=True,
    ),
)
TURN_ROWS: tuple[Row, ...] = (
    clip(
        "turned-90",
        scene=replace(SCENE, then="transpose=cclock"),
        suffix=".mp4",
        patch=turned(90),
        also=("webm", "chromecast-mp4"),
        sample="chromecast",
    ),
    clip("turned-180", scene=replace(SCENE, then="hflip,vflip"), suffix=".mp4", patch=turned(180)),
    clip(
        "turned-270-mov",
        scene=replace(SCENE, then="transpose=clock"),
        suffix=".mov",
        patch=turned(270),
        sample="ultra",
        also=("chromecast-mp4",),
    ),
    clip(
        "turned-hevc",
        HEVC,
        scene=Scene("180x320", then="transpose=cclock"),
        suffix=".mov",
        patch=turned(90),
        extra=("-tag:v", "hvc1"),
    ),
    clip(
        "turned-anamorphic",
        scene=replace(SCENE, then="transpose=cclock,scale=180:240,setsar=4/3"),
        suffix=".mp4",
        patch=turned(90),
        shape=180 / (240 / (4 / 3)),
    ),
)
PIXEL_ROWS: tuple[Row, ...] = (
    clip("anamorphic-h264", scene=replace(SCENE, then="scale=240:180,setsar=4/3"), sample="pair"),
    clip("anamorphic-mp4", scene=replace(SCENE, then="scale=240:180,setsar=4/3"), suffix=".mp4"),
    clip(
        "anamorphic-dvd",
        _MPEG2,
        scene=Scene("853x480", "24", 0.8, then="scale=720:480,setsar=32/27"),
        sound=_AC3,
        suffix=".vob",
        form="vob",
        shape=16 / 9,
    ),
    clip("anamorphic-narrow", HEVC, scene=replace(SCENE, then="scale=400:180,setsar=4/5")),
    clip(
        "anamorphic-by-container",
        scene=replace(SCENE, then="scale=240:180,setsar=1"),
        then=((*COPY, "-aspect", "16:9", "-f", "matroska", "{out}"),),
    ),
    clip(
        "odd-vp9",
        ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k"),
        scene=Scene("319x181"),
        sound=("-c:a", "libopus"),
        suffix=".webm",
        also=("webm",),
    ),
    clip("odd-h264", ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv444p"), scene=Scene("321x181")),
    clip(
        "odd-mjpeg",
        ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"),
        scene=Scene("321x179"),
        sound=_PCM,
        suffix=".avi",
        sample="chromecast",
    ),
    clip("odd-mpeg4", ("-c:v", "mpeg4", "-b:v", "2M"), scene=Scene("319x239"), suffix=".mp4"),
    clip("tiny-10x12", ("-c:v", "ffv1"), scene=Scene("10x12"), look=None, shape=None),
    clip("tiny-h264", scene=Scene("16x16"), look=None),
    clip("upright", scene=Scene("180x320")),
    clip("very-wide", ("-c:v", "mpeg4", "-b:v", "2M"), scene=Scene("640x64")),
)
_SHORT = (Tone(seconds=0.5, beep=0.25),)
_FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def _large(size: str, rate: str = "24", seconds: float = 0.5) -> Scene:
    return Scene(size, rate, seconds, 0.25)


SIZE_ROWS: tuple[Row, ...] = (
    clip("720p60", scene=_large("1280x720", "60"), tones=_SHORT, look=None),
    clip("1080p24", scene=_large("1920x1080"), tones=_SHORT, look=None),
    clip("1080p60", _FAST, scene=_large("1920x1080", "60"), tones=_SHORT, look=None),
    clip("1080p60-hevc", (*HEVC,), scene=_large("1920x1080", "60"), tones=_SHORT, look=None),
    clip("1088-lines", ("-c:v", "mpeg2video", "-b:v", "12M"), scene=_large("1920x1088"), tones=_SHORT, look=None),
    clip("1080-upright", _FAST, scene=_large("1080x1920"), tones=_SHORT, look=None),
    clip("1440p-hevc", HEVC, scene=_large("2560x1440", "12"), tones=_SHORT, look=None),
    clip("2160p-h264", _FAST, scene=_large("3840x2160", "12"), tones=_SHORT, look=None),
    clip("2160p-hevc", HEVC, scene=_large("3840x2160", "12"), tones=_SHORT, look=None, also=("streamer",)),
    clip("4096-wide", HEVC, scene=_large("4096x2160", "12"), tones=_SHORT, look=None),
    clip(
        "4320p",
        ("-c:v", "mjpeg", "-q:v", "8", "-pix_fmt", "yuvj420p"),
        scene=_large("7680x4320", "12", 0.5),
        tones=_SHORT,
        sound=_PCM,
        suffix=".mov",
        look=None,
    ),
)
ROWS: tuple[Row, ...] = (*FIELD_ROWS, *TURN_ROWS, *PIXEL_ROWS, *SIZE_ROWS)
