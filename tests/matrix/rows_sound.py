"""Sound in every codec and layout, with a picture that can stay as it is: only the sound is at stake."""

from __future__ import annotations

from dataclasses import replace

from tests.matrix.rows import AAC, ALL, H264, HEVC, TONE, Row, clip
from tests.matrix.scene import Tone

_STRICT = ("-strict", "-2")


def _heard(
    name: str,
    codec: str,
    layout: str = "stereo",
    rate: int = 48_000,
    *options: str,
    suffix: str = ".mkv",
    sample: str | None = None,
    also: tuple[str, ...] = (),
    **facts: float,
) -> Row:
    tone = Tone(layout, rate)
    # AVI and ASF know no times of presentation, which B frames need
    video = (*H264, "-bf", "0") if suffix in (".avi", ".asf") else H264
    return clip(
        f"sound-{name}",
        video,
        tones=(tone,),
        sound=("-c:a", codec, *options),
        suffix=suffix,
        sample=sample,
        sets=ALL[:2],  # the third differs from the first in pictures only
        also=also,
        **facts,
    )


CODEC_ROWS: tuple[Row, ...] = (
    _heard("ac3", "ac3", "stereo"),
    _heard("ac3-5.1", "ac3", "5.1(side)", sample="ultra", also=("webm",)),
    _heard("ac3-mono", "ac3", "mono"),
    _heard("eac3-5.1", "eac3", "5.1(side)", also=("webm",)),
    _heard("dts-5.1", "dca", "5.1(side)", 48_000, *_STRICT),
    _heard("truehd", "truehd", "stereo", 48_000, *_STRICT),
    _heard("truehd-5.1", "truehd", "5.1(side)", 48_000, *_STRICT),
    _heard("mlp", "mlp", "stereo", 48_000, *_STRICT),
    _heard("flac", "flac", also=("chromecast-mp4", "webm")),
    _heard("flac-24-96", "flac", "stereo", 96_000, "-sample_fmt", "s32", "-bits_per_raw_sample", "24"),
    _heard("flac-192", "flac", "stereo", 192_000),
    _heard("flac-5.1", "flac", "5.1"),
    _heard("alac", "alac", suffix=".mp4"),
    _heard("alac-24", "alac", "stereo", 96_000, "-sample_fmt", "s32p", suffix=".mov"),
    _heard("pcm-16", "pcm_s16le", also=("webm",)),
    _heard("pcm-24", "pcm_s24le"),
    _heard("pcm-32", "pcm_s32le"),
    _heard("pcm-float", "pcm_f32le"),
    _heard("pcm-double", "pcm_f64le"),
    _heard("pcm-8", "pcm_u8"),
    _heard("pcm-big-endian", "pcm_s16be", suffix=".mov"),
    _heard("pcm-8-channels", "pcm_s16le", "7.1"),
    _heard("pcm-bluray", "pcm_bluray", suffix=".m2ts"),
    _heard("pcm-192", "pcm_s24le", "stereo", 192_000),
    _heard("a-law", "pcm_alaw", "mono", 8_000, suffix=".mov"),
    _heard("mu-law", "pcm_mulaw", "mono", 8_000, suffix=".avi"),
    _heard("mp2", "mp2", also=("webm",)),
    _heard("mp2-in-mp4", "mp2", suffix=".mp4", also=("chromecast-mp4",)),
    _heard("mp3", "libmp3lame", also=("chromecast-mp4", "webm")),
    _heard("mp3-mono", "libmp3lame", "mono", 44_100),
    _heard("mp3-22050", "libmp3lame", "stereo", 22_050),
    _heard("mp3-11025", "libmp3lame", "mono", 11_025),
    _heard("opus", "libopus", also=("chromecast-mp4", "webm"), sample="webm"),
    _heard("opus-mono", "libopus", "mono"),
    _heard("opus-5.1", "libopus", "5.1", 48_000, "-mapping_family", "1", also=("webm",)),
    _heard("opus-quad", "libopus", "quad", 48_000, "-mapping_family", "1"),
    _heard("opus-7.1", "libopus", "7.1", 48_000, "-mapping_family", "1"),
    _heard("vorbis", "libvorbis", also=("webm",)),
    _heard("vorbis-5.1", "libvorbis", "5.1"),
    _heard("wma1", "wmav1", suffix=".asf"),
    _heard("wma2", "wmav2", "stereo", 44_100),
    _heard("adpcm-ima", "adpcm_ima_wav", suffix=".avi", rate=44_100),
    _heard("adpcm-ms", "adpcm_ms", suffix=".avi", rate=22_050),
    _heard("adpcm-quicktime", "adpcm_ima_qt", suffix=".mov", rate=44_100),
    _heard("adpcm-flash", "adpcm_swf", suffix=".flv", rate=22_050, sample="chromecast", heard=1.6),
    _heard("nellymoser", "nellymoser", "mono", 22_050, suffix=".flv"),
    _heard("speex", "libspeex", "mono", 16_000, suffix=".flv"),
    _heard("gsm", "libgsm_ms", "mono", 8_000, suffix=".avi"),
    _heard("wavpack", "wavpack"),
    _heard("tta", "tta"),
    _heard("real-14.4", "real_144", "mono", 8_000),
    clip("sound-smpte-302m", sound=("-c:a", "s302m", *_STRICT), suffix=".ts", form="mpegts"),
    clip("sound-latm", suffix=".ts", form="mpegts", extra=("-mpegts_flags", "+latm")),
)
LAYOUT_ROWS: tuple[Row, ...] = (
    _heard("aac-mono", "aac", "mono"),
    _heard("aac-2.1", "aac", "2.1"),
    _heard("aac-3.0", "aac", "3.0"),
    _heard("aac-quad", "aac", "quad"),
    _heard("aac-5.0", "aac", "5.0"),
    _heard("aac-5.1", "aac", "5.1", also=("chromecast-mp4", "webm"), sample="chromecast"),
    _heard("aac-6.1", "aac", "6.1"),
    _heard("aac-7.1", "aac", "7.1"),
    _heard("aac-96", "aac", "stereo", 96_000),
    _heard("aac-12", "aac", "mono", 12_000, also=("chromecast-mp4",)),
    _heard("aac-8", "aac", "mono", 8_000),
    _heard("aac-main", "aac", "stereo", 48_000, "-profile:a", "aac_main", *_STRICT),
    _heard("aac-ltp", "aac", "stereo", 48_000, "-profile:a", "aac_ltp", *_STRICT),
    _heard("pcm-16-channels", "pcm_s16le", "16c"),
    _heard("pcm-12", "pcm_s16le", "mono", 12_000),
)


def _said(number: int, language: str, title: str | None = None, flags: str | None = None) -> tuple[str, ...]:
    said: tuple[str, ...] = (f"-metadata:s:a:{number}", f"language={language}")
    if title is not None:
        said += (f"-metadata:s:a:{number}", f"title={title}")
    return said if flags is None else (*said, f"-disposition:a:{number}", flags)


_TWO, _THREE = (TONE, replace(TONE, pitch=900)), (TONE, replace(TONE, pitch=900), replace(TONE, pitch=500))
_SURROUND = Tone("5.1(side)")
TRACK_ROWS: tuple[Row, ...] = (
    clip("silent-mkv", tones=(), also=("chromecast-mp4", "webm")),
    clip("silent-hevc", HEVC, tones=(), sample="ultra", also=("webm",)),
    clip("silent-avi", ("-c:v", "mpeg4", "-b:v", "2M"), tones=(), suffix=".avi"),
    clip("sound-first", maps=("1", "0")),
    clip(
        "sound-first-ts",
        ("-c:v", "mpeg2video", "-b:v", "2M"),
        maps=("1", "0"),
        suffix=".ts",
        form="mpegts",
        sound=("-c:a", "mp2"),
    ),
    clip("sound-first-surround", tones=(_SURROUND,), sound=("-c:a", "ac3"), maps=("1", "0")),
    clip("two-languages", tones=_TWO, extra=(*_said(0, "eng"), *_said(1, "deu")), languages=("eng", "deu")),
    clip(
        "two-languages-ac3",
        tones=_TWO,
        sound=("-c:a", "ac3"),
        extra=(*_said(0, "eng"), *_said(1, "deu")),
        languages=("eng", "deu"),
        sample="ultra",
        also=("webm",),
    ),
    clip(
        "three-languages-mp4",
        tones=_THREE,
        sound=("-c:a", "ac3"),
        suffix=".mp4",
        languages=("fra", "eng", "jpn"),
        extra=(*_said(0, "fra"), *_said(1, "eng"), *_said(2, "jpn")),
    ),
    clip(
        "second-is-default",
        tones=_TWO,
        languages=("eng", "deu"),
        extra=(*_said(0, "eng", flags="0"), *_said(1, "deu", flags="default")),
    ),
    clip(
        "commentary-first",
        tones=_TWO,
        sound=("-c:a", "ac3"),
        languages=("eng",),
        not_first="Commentary",
        extra=(*_said(0, "eng", "Commentary", "comment"), *_said(1, "eng", "Film", "default")),
    ),
    clip(
        "commentary-by-title",
        tones=_TWO,
        languages=("eng",),
        not_first="Director's commentary",
        sound=("-c:a", "eac3"),
        extra=(*_said(0, "eng", "Director's commentary"), *_said(1, "eng", "Stereo")),
    ),
    clip(
        "described-first",
        tones=_TWO,
        sound=("-c:a", "ac3"),
        languages=("eng",),
        not_first="Audio description",
        extra=(*_said(0, "eng", "Audio description", "visual_impaired"), *_said(1, "eng", "Film")),
    ),
    clip(
        "surround-then-stereo",
        tones=(_SURROUND, TONE),
        languages=("eng",),
        sound=("-c:a:0", "ac3", "-c:a:1", "aac"),
        extra=(*_said(0, "eng"), *_said(1, "eng")),
    ),
    clip(
        "stereo-then-surround",
        tones=(TONE, _SURROUND),
        languages=("eng",),
        sound=("-c:a:0", "aac", "-c:a:1", "ac3"),
        extra=(*_said(0, "eng"), *_said(1, "eng")),
    ),
    clip(
        "aac-then-dts",
        tones=(TONE, _SURROUND),
        sound=("-c:a:0", "aac", "-c:a:1", "dca", *_STRICT),
        languages=("eng", "deu"),
        extra=(*_said(0, "eng"), *_said(1, "deu")),
    ),
    clip("only-sound", scene=None, expect="left"),
    clip("only-sound-m4v", scene=None, sound=AAC, suffix=".m4v", form="mp4", expect="left"),
)
ROWS: tuple[Row, ...] = (*CODEC_ROWS, *LAYOUT_ROWS, *TRACK_ROWS)
