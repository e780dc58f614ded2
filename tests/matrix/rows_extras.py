"""Subtitles of each kind, chapters, covers, fonts, data; and what is damaged, locked or no film at all."""

from __future__ import annotations

from tests.matrix.patches import cut, noise
from tests.matrix.rows import H264, HEVC, SCENE, TONE, Row, clip
from tests.matrix.scene import Scene

_AC3 = ("-c:a", "ac3")
_SHORT_PGS = ("-f", "sup", "-i", "{pictures.sup}")


def _text(
    name: str,
    part: str,
    codec: str,
    *options: str,
    suffix: str = ".mkv",
    sample: str | None = None,
    video: tuple[str, ...] = HEVC,
    sound: tuple[str, ...] = _AC3,
    also: tuple[str, ...] = (),
) -> Row:
    said = ("-metadata:s:s:0", "language=eng")
    return clip(
        f"subtitle-{name}",
        video,
        sound=sound,
        inputs=("-i", f"{{{part}}}"),
        suffix=suffix,
        extra=("-c:s", codec, *said, *options),
        text=("eng",),
        sample=sample,
        also=also,
    )


def _pictures(
    name: str, codec: str, *options: str, suffix: str = ".mkv", form: str | None = None, sample: str | None = None
) -> Row:
    return clip(
        f"subtitle-{name}",
        inputs=_SHORT_PGS,
        sound=_AC3,
        suffix=suffix,
        form=form,
        sample=sample,
        extra=("-c:s", codec, *options),
        bitmaps=1,
    )


_THREE_TEXTS = ("-i", "{text.srt}", "-i", "{text.srt}", "-i", "{text.ass}")
SUBTITLE_ROWS: tuple[Row, ...] = (
    _text("subrip", "text.srt", "srt", sample="chromecast", also=("chromecast-mp4", "webm")),
    _text("ass", "text.ass", "copy", sample="ultra", also=("webm",)),
    _text("webvtt", "text.vtt", "copy"),
    _text("mov-text", "text.srt", "mov_text", suffix=".mp4"),
    _text("ttml-like-text", "text.srt", "text"),
    _text("subrip-beside-what-plays", "text.srt", "srt", video=H264, sound=("-c:a", "aac")),
    _text("forced", "text.srt", "srt", "-disposition:s:0", "forced+default"),
    _text("hearing-impaired", "text.srt", "srt", "-disposition:s:0", "hearing_impaired"),
    clip(
        "subtitle-three",
        HEVC,
        inputs=_THREE_TEXTS,
        text=("eng", "deu", "fra"),
        extra=(
            "-c:s:0",
            "srt",
            "-c:s:1",
            "srt",
            "-c:s:2",
            "ass",
            "-metadata:s:s:0",
            "language=eng",
            "-metadata:s:s:1",
            "language=deu",
            "-metadata:s:s:2",
            "language=fra",
        ),
    ),
    clip(
        "subtitle-webm",
        ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "500k"),
        inputs=("-i", "{text.vtt}"),
        sound=("-c:a", "libopus"),
        suffix=".webm",
        text=("eng",),
        also=("webm",),
        extra=("-c:s", "webvtt", "-metadata:s:s:0", "language=eng"),
    ),
    clip("subtitle-beside-srt", HEVC, sound=_AC3, beside=("text.srt", "text.ass")),
    clip("subtitle-beside-latin", HEVC, sound=_AC3, beside=("text.latin.srt",)),
    _pictures("pgs", "copy"),
    _pictures("vobsub", "dvdsub"),
    _pictures("dvb", "dvbsub", suffix=".ts", form="mpegts"),
    _pictures("dvb-mkv", "dvbsub"),
)
_COVER = ("-i", "{cover.png}")
EXTRA_ROWS: tuple[Row, ...] = (
    clip(
        "chapters-mkv",
        HEVC,
        inputs=("-i", "{chapters.txt}"),
        maps=("0", "1"),
        extra=("-map_metadata", "2"),
        chapters=2,
        title="A clip of the matrix",
        sample="ultra",
        also=("webm",),
    ),
    clip(
        "chapters-mp4",
        HEVC,
        sound=_AC3,
        inputs=("-i", "{chapters.txt}"),
        maps=("0", "1"),
        suffix=".mp4",
        extra=("-map_metadata", "2"),
        chapters=2,
        title="A clip of the matrix",
        also=("chromecast-mp4",),
    ),
    clip(
        "chapters-copied",
        sound=_AC3,
        inputs=("-i", "{chapters.txt}"),
        maps=("0", "1"),
        chapters=2,
        extra=("-map_metadata", "2"),
        title="A clip of the matrix",
    ),
    clip(
        "cover-mp4",
        sound=_AC3,
        inputs=_COVER,
        suffix=".mp4",
        cover=True,
        sample="chromecast",
        extra=("-c:v:1", "copy", "-disposition:v:1", "attached_pic"),
        also=("chromecast-mp4", "webm"),
    ),
    clip(
        "cover-mkv", sound=_AC3, extra=("-attach", "{cover.png}", "-metadata:s:t", "mimetype=image/png"), cover=True
    ),
    clip(
        "cover-first",
        inputs=_COVER,
        maps=("2", "0", "1"),
        suffix=".mp4",
        cover=True,
        sound=_AC3,
        video=("-c:v:1", "libx264", "-preset", "veryfast", "-pix_fmt:v:1", "yuv420p"),
        extra=("-c:v:0", "copy", "-disposition:v:0", "attached_pic"),
    ),
    clip(
        "fonts",
        HEVC,
        inputs=("-i", "{text.ass}"),
        text=("eng",),
        fonts=1,
        sample="chromecast",
        extra=(
            "-c:s",
            "copy",
            "-metadata:s:s:0",
            "language=eng",
            "-attach",
            "{font.ttf}",
            "-metadata:s:t",
            "mimetype=application/x-truetype-font",
        ),
    ),
    clip("timecode", sound=("-c:a", "pcm_s16le"), suffix=".mov", extra=("-timecode", "01:00:00:00")),
    clip(
        "two-pictures",
        sound=_AC3,
        inputs=("-f", "lavfi", "-i", "color=blue:s=160x90:r=24:d=1.5"),
        maps=("0", "1", "2"),
        extra=("-disposition:v:0", "default", "-disposition:v:1", "0"),
    ),
    clip(
        "two-pictures-second-default",
        inputs=("-f", "lavfi", "-i", "color=blue:s=160x90:r=24:d=1.5"),
        maps=("2", "1", "0"),
        sound=_AC3,
        extra=("-disposition:v:0", "0", "-disposition:v:1", "default"),
    ),
    clip("title-mp4", HEVC, suffix=".mp4", extra=("-metadata", "title=Ünïcode – “title”"), title="Ünïcode – “title”"),
)
_KEY = (
    "-encryption_scheme",
    "cenc-aes-ctr",
    "-encryption_key",
    "76a6c65c5ea762046bd749a2e632ccbb",
    "-encryption_kid",
    "a7e61c373e219033c21091fa607bf3b8",
)
_FRONT = ("-movflags", "+faststart")
_LONG = {"scene": Scene(seconds=6), "tones": (TONE,), "sync": None}
ODD_ROWS: tuple[Row, ...] = (
    clip("locked", suffix=".mp4", extra=_KEY, expect="refused", sample="ultra"),
    clip("truncated-mp4", suffix=".mp4", patch=cut(0.7), expect="refused"),
    clip("truncated-but-playing", suffix=".mp4", patch=cut(0.5), expect="refused", extra=_FRONT, **_LONG),
    clip("truncated-mkv", HEVC, sound=_AC3, patch=cut(0.5), expect="refused", sample="chromecast", **_LONG),
    clip("truncated-avi", ("-c:v", "mpeg4", "-b:v", "2M"), suffix=".avi", patch=cut(0.5), expect="refused", **_LONG),
    clip(
        "scratched",
        ("-c:v", "mpeg2video", "-b:v", "2M"),
        suffix=".ts",
        form="mpegts",
        sound=("-c:a", "mp2"),
        patch=noise(0.6),
        look=None,
        sync=None,
    ),
    clip(
        "no-film",
        suffix=".avi",
        patch=lambda data: b"This is a text, whatever it is called.\n" * 40,
        expect="refused",
    ),
    clip("empty", patch=cut(0), expect="refused"),
    clip(
        "a-still",
        scene=SCENE,
        tones=(),
        suffix=".avi",
        form="image2pipe",
        extra=("-c:v", "png", "-frames:v", "1"),
        expect="refused",
        video=(),
    ),
)
ROWS: tuple[Row, ...] = (*SUBTITLE_ROWS, *EXTRA_ROWS, *ODD_ROWS)
