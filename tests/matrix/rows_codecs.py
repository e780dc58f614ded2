"""Pictures in every codec that ffmpeg encodes, and in the pixel formats of the common ones."""

from __future__ import annotations

from tests.matrix.patches import without_sets
from tests.matrix.rows import H264, HEVC, Row, clip
from tests.matrix.scene import Scene, Tone

_X264 = ("-c:v", "libx264", "-preset", "veryfast")
_X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
_VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k")
_VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k")
_AV1 = ("-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-b:v", "500k")
_PCM, _OPUS = ("-c:a", "pcm_s16le"), ("-c:a", "libopus")
_QCIF, _QCIF_TONE = Scene("176x144", "25", 1.6, 0.6), Tone(rate=8000, layout="mono", seconds=1.6, beep=0.6)
_PAL = Scene("1024x576", "25", 1.2, 0.6, then="scale=720:576,setsar=64/45")
_HD = Scene("1280x720", "24", 0.8)

H264_ROWS: tuple[Row, ...] = (
    clip("h264-high", sample="chromecast", also=("chromecast-mp4", "webm")),
    clip("h264-main", (*H264, "-profile:v", "main")),
    clip("h264-baseline", (*H264, "-profile:v", "baseline")),
    clip("h264-10bit", (*_X264, "-pix_fmt", "yuv420p10le"), also=("webm",), sample="ultra"),
    clip("h264-422", (*_X264, "-pix_fmt", "yuv422p")),
    clip("h264-422-10bit", (*_X264, "-pix_fmt", "yuv422p10le")),
    clip("h264-444", (*_X264, "-pix_fmt", "yuv444p")),
    clip("h264-rgb", ("-c:v", "libx264rgb", "-preset", "veryfast", "-pix_fmt", "rgb24"), also=("webm",)),
    clip("h264-gray", (*_X264, "-pix_fmt", "gray"), look="gray"),
    clip("h264-lossless", (*_X264, "-pix_fmt", "yuv420p", "-qp", "0")),
    clip(
        "h264-full-range",
        (*_X264, "-pix_fmt", "yuvj420p", "-color_range", "pc"),
        sample="ultra",
    ),
    clip("h264-many-references", (*H264, "-refs", "16", "-bf", "3"), scene=_HD),
    clip(
        "h264-overstated",
        (*H264, "-profile:v", "high", "-level", "5.2"),
        scene=_HD,
        sample="chromecast",
        also=("chromecast-mp4",),
    ),
    clip("h264-overstated-references", (*H264, "-refs", "16", "-bf", "3", "-level", "5.2"), scene=_HD),
    clip("h264-open-gop", (*H264, "-x264-params", "open-gop=1:keyint=12:bframes=3")),
    clip("h264-one-keyframe", (*H264, "-g", "600", "-keyint_min", "600")),
    clip("h264-all-keyframes", (*H264, "-g", "1")),
    clip("h264-avi", suffix=".avi", sound=("-c:a", "libmp3lame"), extra=("-bf", "0")),
    clip("h264-ts", suffix=".ts", form="mpegts", also=("chromecast-mp4",)),
)
MODERN_ROWS: tuple[Row, ...] = (
    clip("hevc-main", HEVC, also=("webm", "chromecast-mp4", "streamer"), sample="ultra"),
    clip("hevc-10bit", (*_X265, "-pix_fmt", "yuv420p10le"), also=("streamer",)),
    clip("hevc-12bit", (*_X265, "-pix_fmt", "yuv420p12le")),
    clip("hevc-422-10bit", (*_X265, "-pix_fmt", "yuv422p10le")),
    clip("hevc-444", (*_X265, "-pix_fmt", "yuv444p")),
    clip("hevc-hev1", HEVC, suffix=".mp4", extra=("-tag:v", "hev1")),
    clip(
        "hevc-sets-in-frames",
        (*HEVC[:-1], f"{HEVC[-1]}:repeat-headers=1"),
        suffix=".mp4",
        extra=("-tag:v", "hev1"),
        patch=without_sets,
    ),
    clip("hevc-hvc1", HEVC, suffix=".mp4", extra=("-tag:v", "hvc1", "-movflags", "+faststart")),
    clip("hevc-ts", HEVC, suffix=".ts", form="mpegts"),
    clip("vp8-mkv", _VP8, also=("webm",)),
    clip("vp8-webm", _VP8, sound=_OPUS, suffix=".webm", also=("webm", "chromecast-mp4")),
    clip("vp8-alpha", (*_VP8, "-pix_fmt", "yuva420p", "-auto-alt-ref", "0"), sound=_OPUS, suffix=".webm"),
    clip("vp9-webm", _VP9, sound=_OPUS, suffix=".webm", also=("webm", "streamer"), sample="webm"),
    clip("vp9-mkv", _VP9),
    clip("vp9-444", (*_VP9, "-pix_fmt", "yuv444p"), sound=_OPUS, suffix=".webm"),
    clip("vp9-10bit", (*_VP9, "-pix_fmt", "yuv420p10le"), also=("streamer",)),
    clip("vp9-mp4", _VP9, suffix=".mp4"),
    clip("av1-mkv", _AV1, also=("streamer",)),
    clip("av1-mp4", _AV1, suffix=".mp4", also=("streamer",), sample="chromecast"),
    clip("av1-10bit", (*_AV1, "-pix_fmt", "yuv420p10le"), sound=_OPUS, suffix=".webm", also=("streamer",)),
)
OLDER_ROWS: tuple[Row, ...] = (
    clip("mpeg1-mpg", ("-c:v", "mpeg1video", "-b:v", "2M"), sound=("-c:a", "mp2"), suffix=".mpg", form="mpeg"),
    clip("mpeg2-mkv", ("-c:v", "mpeg2video", "-b:v", "2M"), also=("webm",)),
    clip("mpeg2-422", ("-c:v", "mpeg2video", "-b:v", "3M", "-pix_fmt", "yuv422p"), suffix=".ts", form="mpegts"),
    clip("mpeg2-ps", ("-c:v", "mpeg2video", "-b:v", "2M"), sound=("-c:a", "ac3"), suffix=".vob", form="vob"),
    clip("mpeg4-asp", ("-c:v", "mpeg4", "-b:v", "2M", "-bf", "2")),
    clip("mpeg4-qpel", ("-c:v", "mpeg4", "-b:v", "2M", "-flags", "+qpel"), suffix=".avi", sound=_PCM),
    clip(
        "xvid-packed",
        ("-c:v", "libxvid", "-b:v", "1M", "-bf", "2"),
        sound=("-c:a", "libmp3lame"),
        suffix=".avi",
        sync=None,  # when the first of its pictures is shown, readers of AVI guess
    ),
    clip("msmpeg4v2", ("-c:v", "msmpeg4v2", "-b:v", "2M"), sound=("-c:a", "libmp3lame"), suffix=".avi"),
    clip("msmpeg4v3", ("-c:v", "msmpeg4", "-b:v", "2M"), sound=("-c:a", "libmp3lame"), suffix=".avi"),
    clip("wmv1", ("-c:v", "wmv1", "-b:v", "2M"), sound=("-c:a", "wmav1"), suffix=".wmv", form="asf"),
    clip("wmv2", ("-c:v", "wmv2", "-b:v", "2M"), sound=("-c:a", "wmav2"), suffix=".wmv", form="asf"),
    clip(
        "sorenson-spark",
        ("-c:v", "flv", "-b:v", "2M"),
        tones=(Tone(rate=44_100),),
        sound=("-c:a", "libmp3lame"),
        suffix=".flv",
    ),
    clip(
        "screen-video",
        ("-c:v", "flashsv"),
        tones=(Tone(rate=44_100),),
        sound=("-c:a", "libmp3lame"),
        suffix=".flv",
    ),
    clip("h263-3gp", ("-c:v", "h263", "-b:v", "500k"), scene=_QCIF, tones=(_QCIF_TONE,), suffix=".3gp"),
    clip("h263plus", ("-c:v", "h263p", "-b:v", "1M"), suffix=".avi", sound=("-c:a", "libmp3lame")),
    clip("h261", ("-c:v", "h261", "-b:v", "500k"), scene=_QCIF, tones=(_QCIF_TONE,), suffix=".avi", sound=_PCM),
    clip(
        "theora-ogv",
        ("-c:v", "libtheora", "-q:v", "7"),
        sound=("-c:a", "libvorbis"),
        suffix=".ogv",
        frames=32,  # libtheora leaves out frames that do not change
    ),
    clip("theora-mkv", ("-c:v", "libtheora", "-q:v", "7"), sound=("-c:a", "libvorbis"), also=("webm",), frames=32),
    clip("mjpeg-avi", ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj422p"), sound=_PCM, suffix=".avi"),
    clip("mjpeg-444", ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj444p"), suffix=".mov", sound=_PCM),
    clip("realvideo1", ("-c:v", "rv10", "-b:v", "2M"), scene=Scene("320x176"), sound=("-c:a", "ac3"), suffix=".rm"),
    clip("realvideo2", ("-c:v", "rv20", "-b:v", "2M"), sound=("-c:a", "ac3"), suffix=".rm"),
    clip("sorenson1", ("-c:v", "svq1", "-b:v", "2M", "-pix_fmt", "yuv410p"), suffix=".mov"),
    clip(
        "cinepak",
        ("-c:v", "cinepak"),
        scene=Scene("160x88", "12", 1.0),
        tones=(Tone(seconds=1),),
        suffix=".avi",
        sound=_PCM,
    ),
    clip("msvideo1", ("-c:v", "msvideo1"), suffix=".avi", sound=_PCM, look="hues"),
    clip("asus", ("-c:v", "asv1", "-b:v", "4M"), suffix=".avi", sound=_PCM),
    clip("snow", ("-c:v", "snow", "-strict", "-2", "-b:v", "2M"), suffix=".avi", sound=_PCM),
)
STUDIO_ROWS: tuple[Row, ...] = (
    clip("prores-422", ("-c:v", "prores_ks"), suffix=".mov", sound=_PCM),
    clip("prores-4444", ("-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"), suffix=".mov", sound=_PCM),
    clip("dnxhr", ("-c:v", "dnxhd", "-profile:v", "dnxhr_hq", "-pix_fmt", "yuv422p"), suffix=".mov", sound=_PCM),
    clip("cineform", ("-c:v", "cfhd"), suffix=".mov", sound=_PCM),
    clip(
        "dv-pal",
        ("-c:v", "dvvideo", "-pix_fmt", "yuv420p"),
        scene=_PAL,
        tones=(Tone(seconds=1.2, beep=0.6),),
        sound=_PCM,
        suffix=".avi",
    ),
    clip("ffv1-10bit", ("-c:v", "ffv1", "-pix_fmt", "yuv422p10le"), sound=("-c:a", "flac")),
    clip("ffv1-rgb", ("-c:v", "ffv1", "-pix_fmt", "gbrp"), sound=("-c:a", "flac")),
    clip("huffyuv", ("-c:v", "huffyuv", "-pix_fmt", "yuv422p"), suffix=".avi", sound=_PCM),
    clip("ffvhuff", ("-c:v", "ffvhuff", "-pix_fmt", "yuv420p"), suffix=".avi", sound=_PCM),
    clip("utvideo", ("-c:v", "utvideo", "-pix_fmt", "gbrp"), suffix=".avi", sound=_PCM),
    clip("magicyuv", ("-c:v", "magicyuv", "-pix_fmt", "gbrap"), suffix=".avi", sound=_PCM),
    clip("raw-yuv", ("-c:v", "rawvideo", "-pix_fmt", "yuv420p"), suffix=".avi", sound=_PCM),
    clip("raw-rgb", ("-c:v", "rawvideo", "-pix_fmt", "bgr24"), suffix=".avi", sound=_PCM),
    clip("v210", ("-c:v", "v210"), suffix=".mov", sound=_PCM),
    clip("animation", ("-c:v", "qtrle", "-pix_fmt", "rgb24"), suffix=".mov", sound=_PCM),
    clip("animation-palette", ("-c:v", "zmbv", "-pix_fmt", "bgr0"), suffix=".avi", sound=_PCM),
    clip("png-mov", ("-c:v", "png", "-pix_fmt", "rgb24"), suffix=".mov", sound=_PCM),
    clip("jpeg2000", ("-c:v", "jpeg2000", "-pix_fmt", "yuv422p"), suffix=".mov", sound=_PCM),
    clip("dirac", ("-c:v", "vc2", "-b:v", "20M", "-strict", "-1"), sound=("-c:a", "flac")),
    clip("gray-10bit", ("-c:v", "ffv1", "-pix_fmt", "gray10le"), sound=("-c:a", "flac"), look="gray"),
    clip("wrong-extension", ("-c:v", "mpeg4", "-b:v", "2M"), suffix=".mp4", form="avi", sound=_PCM),
)
ROWS: tuple[Row, ...] = (*H264_ROWS, *MODERN_ROWS, *OLDER_ROWS, *STUDIO_ROWS)
